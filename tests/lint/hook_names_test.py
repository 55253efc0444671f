#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each failpoint, mark and buggify site in the code is in docs/failpoints.md, under its heading, and
the other way round; no failpoint or buggify name stands at two places of the code."""

import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ["base", "api", "wire", "reconcilers", "controller", "agentd", "cli"]
HEADINGS = {"FAILPOINT": "Failpoints", "MARK": "Marks", "BUGGIFY": "Buggify"}


def in_code():
    found = {macro: collections.Counter() for macro in HEADINGS}
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.cpp"):
            for macro, name in re.findall(r'ORCH_(FAILPOINT|MARK|BUGGIFY)\("([^"]+)"\)',
                                          path.read_text()):
                found[macro][name] += 1
    return found


def on_page():
    page = (ROOT / "docs/failpoints.md").read_text()
    return {macro: re.findall(r"^\| `([^`]+)` \|", part, re.M)
            for macro, heading in HEADINGS.items()
            for part in [page.split(f"\n## {heading}\n")[1].split("\n## ")[0]]}


def complaints(code, page):
    for macro, names in code.items():
        told = collections.Counter(page[macro])
        yield from (f"{name}: in the code, not on the page" for name in names.keys() - told.keys())
        yield from (f"{name}: on the page, not in the code" for name in told.keys() - names.keys())
        yield from (f"{name}: twice on the page" for name, count in told.items() if count > 1)
        if macro != "MARK":
            yield from (f"{name}: twice in the code" for name, n in names.items() if n > 1)


def check_that_it_bites():
    code = {macro: collections.Counter() for macro in HEADINGS}
    page = {macro: [] for macro in HEADINGS}
    code["FAILPOINT"].update(["new", "double", "double"])
    page["FAILPOINT"] = ["double", "old", "old"]
    said = sorted(complaints(code, page))
    assert said == ["double: twice in the code", "new: in the code, not on the page",
                    "old: on the page, not in the code", "old: twice on the page"], said


def main():
    check_that_it_bites()
    code = in_code()
    assert all(code.values()), "there are hooks in the code"
    wrong = sorted(complaints(code, on_page()))
    for line in wrong:
        print(f"docs/failpoints.md: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
