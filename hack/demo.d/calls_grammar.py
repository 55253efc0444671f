#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a grammar (GBNF) that admits one call of the functions that some BFCL tasks offer, or
"Unable to answer.". It names functions and their parameters, never answers. Figures made with it
are no leaderboard figures: the output space is cut to the chosen tasks."""

import argparse
import json
import os
import pathlib
import sys

VALUES = r"""value ::= string | number | "True" | "False" | list
list ::= "[" (value (", " value){0,9})? "]"
string ::= "'" [^'\\\n]{0,60} "'" | "\"" [^"\\\n]{0,60} "\""
number ::= "-"? [0-9]{1,9} ("." [0-9]{1,6})?
"""


def functions_of(data, ids):
    """{function name: its parameters} of the tasks; functions of one name share theirs."""
    functions = {}
    for category, wanted in ids.items():
        found = set()
        for line in (data / f"BFCL_v4_{category}.json").read_text().splitlines():
            entry = json.loads(line)
            if entry["id"] not in wanted:
                continue
            found.add(entry["id"])
            for function in entry["function"]:
                known = functions.setdefault(function["name"], [])
                for parameter in function["parameters"]["properties"]:
                    if parameter not in known:
                        known.append(parameter)
        if missing := sorted(set(wanted) - found):
            sys.exit(f"no such task in BFCL's {category}: {', '.join(missing)}")
    return functions


def grammar_of(functions):
    rules, calls = [], []
    for number, (name, parameters) in enumerate(functions.items()):
        if not parameters:
            calls.append(json.dumps(name + "()"))
            continue
        more = f'(", " a{number}){{0,{len(parameters) - 1}}} ' if len(parameters) > 1 else ""
        calls.append(f'{json.dumps(name + "(")} a{number} {more}")"')
        names = " | ".join(json.dumps(parameter + "=") for parameter in parameters)
        rules.append(f"a{number} ::= ({names}) value")
    head = ['root ::= "[" call "]" | "Unable to answer."', "call ::= " + " | ".join(calls)]
    return "\n".join(head + rules) + "\n" + VALUES


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=pathlib.Path, help="folder of BFCL's own data files")
    parser.add_argument("ids", type=pathlib.Path, help="{category: [task, ...]}")
    parser.add_argument("out", type=pathlib.Path)
    args = parser.parse_args()
    functions = functions_of(args.data, json.loads(args.ids.read_text()))
    fresh = args.out.with_name(args.out.name + ".new")
    fresh.write_text(grammar_of(functions))
    os.replace(fresh, args.out)
    print(f"{args.out.name}: calls of {len(functions)} functions")


if __name__ == "__main__":
    main()
