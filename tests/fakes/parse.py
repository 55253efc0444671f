#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The parser command of the scripted harness: grades its answers and prints one sample a line."""

import json
import pathlib
import sys

from tasks import TASKS

RIGHT = {task.id: task.call for task in TASKS}


def grade(entry):
    if "error" in entry:
        return {"outcome": "error", "failure": "infrastructure", "message": entry["error"]}
    try:
        call = json.loads(entry["answer"])
    except ValueError as error:
        return {"outcome": "fail", "failure": "malformedJson", "message": str(error)}
    right = RIGHT[entry["task"]]
    if call == right:
        return {"outcome": "pass", "score": 1}
    if not isinstance(call, dict) or call.get("name") != right["name"]:
        return {"outcome": "fail", "failure": "hallucinatedTool", "message": entry["answer"]}
    return {"outcome": "fail", "failure": "wrongArguments", "message": entry["answer"]}


def main():
    path = pathlib.Path(sys.argv[1]) / "answers.jsonl"
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue  # still being written
        known = {name: entry[name] for name in ("task", "category", "attempt", "tokensIn",
                                                "tokensOut", "wallSeconds") if name in entry}
        sample = {**known, "finishedAt": entry["at"].replace("+00:00", "Z"), **grade(entry)}
        print(json.dumps(sample))


if __name__ == "__main__":
    main()
