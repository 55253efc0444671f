#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A scripted harness: asks the server at OPENAI_BASE_URL each task of tasks.py and writes one line
a task to OUT/answers.jsonl. What is answered already is left alone; what a broken server left there
is asked again. Where ORCH_TASKS_FILE is set, only the tasks that it names are asked. It grades
nothing: parse.py does. With --ledger it also says in a file of its own what it did, for tests that
kill it. Standard library only."""

import argparse
import datetime
import http.client
import json
import os
import pathlib
import time
import urllib.error
import urllib.request

from tasks import TASKS


def answered(path):
    """Drops errors and a torn line from the file; returns the ids that are answered."""
    kept = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if "answer" in entry:
                kept.setdefault(entry["task"], line)
    fresh = path.with_name(path.name + ".new")
    fresh.write_text("".join(line + "\n" for line in kept.values()))
    os.replace(fresh, path)
    return set(kept)


def ask(base, model, task):
    """What the server says, or why it says nothing."""
    body = {"model": model, "temperature": 0,
            "messages": [{"role": "user", "content": f"[{task.id}] {task.question}"}]}
    request = urllib.request.Request(f"{base}/chat/completions", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            reply = json.load(response)
        usage = reply["usage"]
        return {"answer": reply["choices"][0]["message"]["content"],
                "tokensIn": usage["prompt_tokens"], "tokensOut": usage["completion_tokens"]}
    except urllib.error.HTTPError as error:
        return {"error": f"HTTP {error.code}: {error.read().decode(errors='replace')[:200]}"}
    except (OSError, http.client.HTTPException, ValueError, LookupError) as error:
        return {"error": f"no answer: {error}"}


def wanted():
    path = os.environ.get("ORCH_TASKS_FILE")
    if not path:
        return TASKS
    told = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    return [task for task in TASKS if task.id in told]


def tell(ledger, *words):
    if ledger:
        with open(ledger, "a", encoding="utf-8") as file:
            file.write(" ".join(words) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="print the ids of all tasks")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--model")
    parser.add_argument("--ledger", type=pathlib.Path, help="'asked ID' and 'answered ID', in order")
    args = parser.parse_args()
    if args.list:
        print("\n".join(task.id for task in TASKS))
        return
    if not args.out or not args.model:
        parser.error("--out and --model are needed")
    base = os.environ["OPENAI_BASE_URL"].rstrip("/")
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "answers.jsonl"
    done = answered(path)
    todo = [task for task in wanted() if task.id not in done]
    print(f"{len(todo)} of {len(TASKS)} tasks to ask", flush=True)
    with open(path, "a", encoding="utf-8") as file:
        for task in todo:
            tell(args.ledger, "asked", task.id)
            began = time.monotonic()
            entry = {"task": task.id, "category": task.category, **ask(base, args.model, task),
                     "wallSeconds": round(time.monotonic() - began, 3),
                     "attempt": int(os.environ.get("ORCH_ATTEMPT", 1)),
                     "at": datetime.datetime.now(datetime.timezone.utc).isoformat()}
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())
            if "answer" in entry:
                tell(args.ledger, "answered", task.id)
            print(f"{task.id}: {entry.get('error', 'answered')}", flush=True)


if __name__ == "__main__":
    main()
