# SPDX-License-Identifier: Apache-2.0
"""BFCL's result files, and how what a broken server left in them is taken out again."""

import json
import os

ERROR = "Error during inference:"


def replace(path, entries):
    """Whole files only: a reader or a kill at any moment meets the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    with open(fresh, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(entry) + "\n" for entry in entries)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)


def entries_of(path):
    """The whole entries of a file; a torn line or a blank one is left out."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and "id" in entry and "result" in entry:
            yield entry


def is_error(entry):
    return isinstance(entry["result"], str) and entry["result"].startswith(ERROR)


def ids_in(path):
    """{category: [task, ...]} of a file of ids, one a line. An id is <category>_<number ...>."""
    ids = {}
    for task in path.read_text(encoding="utf-8").split("\n"):
        if task:
            ids.setdefault(task.rsplit("_", 1)[0], []).append(task)
    return ids


def result_files(root, model):
    """{category: its result file}"""
    files = sorted((root / "result" / model).glob("*/BFCL_v4_*_result.json"))
    return {f.name.removeprefix("BFCL_v4_").removesuffix("_result.json"): f for f in files}


def take_errors_out(root, model):
    """Leaves only answers in the result files. Returns the errors by category."""
    errors = {}
    for category, path in result_files(root, model).items():
        before = path.read_bytes()
        entries = list(entries_of(path))
        broken = [entry for entry in entries if is_error(entry)]
        if broken:
            errors[category] = [{"id": entry["id"], "category": category, "result": entry["result"]}
                                for entry in broken]
            replace(root / "errors" / f"{category}.jsonl", errors[category])
        kept = [entry for entry in entries if not is_error(entry)]
        if not kept:
            path.unlink()
        elif len(kept) != before.count(b"\n") or not before.endswith(b"\n"):
            replace(path, kept)
    return errors
