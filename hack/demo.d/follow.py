#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows what becomes of runs until each has ended: a moving line on a terminal, plain lines
otherwise. With --hot: where the model that is hot now can be asked. It only reads."""

import argparse
import json
import subprocess
import sys
import time

from lines import ENDED, LINES, SHORT, progress_of

PERIOD = 0.5
PATIENCE = 900  # seconds without any change


def get(orch):
    """{(kind, name): object}; what the program itself says when it cannot."""
    kinds = "machines,modeldeployments,benchruns"
    answer = subprocess.run([orch, "get", kinds, "-o", "json"], capture_output=True, text=True)
    if answer.returncode:
        sys.stderr.write(answer.stderr or answer.stdout)
        sys.exit(max(answer.returncode, 2))
    items = json.loads(answer.stdout).get("items", [])
    return {(item["kind"], item["metadata"]["name"]): item for item in items}


class Screen:
    """What has changed stays as a line; what moves is written over, on a terminal only."""

    def __init__(self):
        self.moving = sys.stderr.isatty()
        self.start = time.monotonic()
        self.known = {}
        self.last_change = self.start

    def fact(self, about, line, moves=False):
        if self.known.get((about, moves)) == line:
            return
        self.known[about, moves] = line
        self.last_change = time.monotonic()
        if not (moves and self.moving):
            self.wipe()
            print(f"{self.last_change - self.start:6.1f} s  {about:<24} {line}", flush=True)

    def wipe(self):
        if self.moving:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()

    def move(self, line):
        if self.moving:
            now = time.monotonic() - self.start
            sys.stderr.write(f"\r\033[K{now:6.1f} s  {line}"[:120])
            sys.stderr.flush()


def look(orch, screen, runs):
    """Shows one look; returns the phases of the runs and whether a model is still warming."""
    objects = get(orch)
    for shown in LINES:
        for (kind, name), item in sorted(objects.items()):
            if kind == shown and (kind != "BenchRun" or name in runs):
                screen.fact(f"{SHORT[kind]}/{name}", LINES[kind](item))
    phases = [objects.get(("BenchRun", name), {}).get("status", {}).get("phase") for name in runs]
    working = [(name, progress_of(objects["BenchRun", name])) for name, phase in zip(runs, phases)
               if phase == "Running"]
    for name, progress in working:
        if progress:
            screen.fact(f"run/{name}", progress, moves=True)
    screen.move(f"run/{working[0][0]:<20} {working[0][1] or 'runs'}" if working else "waiting")
    models = {objects["BenchRun", name]["spec"]["model"] for name in runs
              if ("BenchRun", name) in objects}
    warming = any(kind == "ModelDeployment" and item["spec"]["model"] in models
                  and item.get("status", {}).get("phase") not in ("Hot", "Stopped", "Failed")
                  for (kind, _), item in objects.items())
    return phases, warming


def follow(orch, runs):
    screen = Screen()
    while True:
        phases, warming = look(orch, screen, runs)
        if all(phase in ENDED for phase in phases) and not warming:
            screen.wipe()
            return 0 if all(phase == "Succeeded" for phase in phases) else 1
        if time.monotonic() - screen.last_change > PATIENCE:
            screen.wipe()
            sys.exit(f"nothing has changed for {PATIENCE} s; see orch describe run/{runs[0]}")
        time.sleep(PERIOD)


def hot(orch):
    for (kind, name), item in get(orch).items():
        status = item.get("status", {})
        if kind == "ModelDeployment" and status.get("phase") == "Hot":
            model, url = item["spec"]["model"], status["endpoint"]
            body = json.dumps({"model": model, "messages": [
                {"role": "user", "content": "What is the capital of France?"}]})
            print(f"Hot now: {model} at {url}\n  curl -s {url}/chat/completions "
                  f"-H 'Content-Type: application/json' \\\n    -d '{body}'")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hot", action="store_true")
    parser.add_argument("orch", help="the program")
    parser.add_argument("runs", nargs="*")
    args = parser.parse_args()
    return hot(args.orch) if args.hot else follow(args.orch, args.runs)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
