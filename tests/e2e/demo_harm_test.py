#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A harness that writes filth, and a person who harms the samples of a run while its agent is away:
logs keep their bytes, tables and JSON stay whole, and the harmed run stops and says why."""

import json
import os
import pathlib
import signal
import subprocess
import time

import demo_lab as lab

FILTH = r"printf 'a\000b\033[2J\033]0;t\007\377\355\240\200\r\n'"
FILTH_BYTES = b"a\0b\x1b[2J\x1b]0;t\x07\xff\xed\xa0\x80\r\n"
ENDLESS = 2_000_000

SCRIPT = f"""
{FILTH}
head -c {ENDLESS} /dev/zero | tr '\\0' x
echo '{{"task": "a", "outcome": "fail", "message": "\\u001b[2J\\u0000"}}' >> out/samples.jsonl
while test ! -e go; do sleep 0.1; done
echo '{{"task": "b", "outcome": "pass"}}' >> out/samples.jsonl
sleep 1000
"""


def bench(name, lister):
    return {"apiVersion": "orch/v1", "kind": "Bench", "metadata": {"name": name},
            "spec": {"command": ["sh", "-c", SCRIPT], "parser": {"builtin": "jsonl"},
                     "tasks": {"command": ["sh", "-c", lister]}, "retries": 0}}


def bench_run(name, of):
    return {"apiVersion": "orch/v1", "kind": "BenchRun", "metadata": {"name": name},
            "spec": {"bench": of, "model": "scripted"}}


def until(what, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if found := condition():
                return found
        except (subprocess.CalledProcessError, KeyError, OSError, ValueError):
            pass  # it is not there yet
        time.sleep(0.1)
    raise SystemExit(f"{what}: not within {seconds} s")


def orch(demo, *words, **options):
    return subprocess.run([demo.bin / "orch", *words], env=demo.env, check=True,
                          stdout=subprocess.PIPE, **options).stdout


def apply(demo, *objects):
    text = "\n---\n".join(map(json.dumps, objects))
    orch(demo, "apply", "-f", "-", input=text.encode())


def status(demo, name):
    return demo.orch("get", "run", name)["status"]


def check_no_list(demo):
    """A command that tells no tasks ends the run, and people see why."""
    apply(demo, bench("no-list", f"{FILTH} >&2; exit 3"), bench_run("no-list", "no-list"))
    until("the end of the run", lambda: status(demo, "no-list")["phase"] == "Failed")
    said = orch(demo, "describe", "run/no-list").decode()
    lab.holds("TaskList: the command that lists the tasks ended with 3" in said, said)
    log = until("the log", lambda: orch(demo, "logs", "run/no-list"))
    lab.holds(FILTH_BYTES in log, f"the log has the complaint, byte for byte: {log!r}")


def check_harm(demo):
    apply(demo, bench("filthy", "printf 'a\\nb\\n'"), bench_run("filthy", "filthy"))
    until("the first sample", lambda: status(demo, "filthy")["progress"]["failed"] == 1)
    folder = pathlib.Path(status(demo, "filthy")["dir"])
    pid = int((demo.state / "agent/pid").read_text())
    os.kill(pid, signal.SIGKILL)
    until("the end of the agent", lambda: not pathlib.Path(f"/proc/{pid}/exe").exists())
    os.truncate(folder / "samples.jsonl", 10)
    demo.run("--offline")  # starts the agent again
    until("the end of the run", lambda: status(demo, "filthy")["phase"] == "Failed")
    table = orch(demo, "get", "run", "filthy").decode()
    lab.holds("Failed" in table and "Stuck" in table, f"the table says so: {table}")
    wide = orch(demo, "get", "run", "filthy", "-o", "wide").decode()
    lab.holds("samples.jsonl\" shrank from " in wide, f"the wide table says why: {wide}")
    until("the end of its harness", lambda: not harnesses(demo))
    (folder / "go").touch()
    log = until("the log", lambda: orch(demo, "logs", "run/filthy"))
    lab.equal(len(log), len(FILTH_BYTES) + ENDLESS, "bytes of the log")
    lab.holds(log.startswith(FILTH_BYTES), "the log, byte for byte")
    lab.holds("\x1b" not in orch(demo, "describe", "run/filthy").decode(), "no escapes in describe")


def harnesses(demo):
    """Processes of the filthy harness that are left."""
    return [line for pid, line in demo.left() if "out/samples.jsonl" in line]


def main():
    with lab.Demo(lab.arguments(__doc__)) as demo:
        demo.run("--offline")
        check_no_list(demo)
        check_harm(demo)
        lab.check_down(demo)


if __name__ == "__main__":
    main()
