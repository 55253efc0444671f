#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of agent and controller in the middle of a run: the server serves on and is adopted, no
sample is lost or made twice, and the result is the one that nothing would have disturbed."""

import json
import os
import pathlib
import signal
import subprocess
import threading
import time
import urllib.request

import demo_lab as lab


def until(what, condition, seconds=60):
    """A level, not an edge: asks until it holds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            found = condition()
            if found:
                return found
        except (subprocess.CalledProcessError, KeyError, OSError, ValueError):
            pass  # the one who would answer is not there yet
        time.sleep(0.1)
    raise SystemExit(f"{what}: not within {seconds} s")


def done(demo):
    return demo.orch("get", "run", "scripted")["status"].get("progress", {}).get("done", 0)


def kill(pid):
    os.kill(pid, signal.SIGKILL)
    until(f"the end of pid {pid}", lambda: not pathlib.Path(f"/proc/{pid}/exe").exists())


def controller_pid(demo):
    mark = os.fsencode(demo.state / "controller")
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"orch-controller") and mark in words and b"run" in words:
            return int(process.name)
    return None


def check_samples(demo):
    """samples.jsonl holds each task's first scored sample once, whatever happened in between."""
    folder, = (demo.state / "agent/runs").glob("scripted-*")
    scored = [json.loads(line)["task"] for line in (folder / "samples.jsonl").read_text().splitlines()
              if json.loads(line)["outcome"] != "error"]
    lab.equal(sorted(scored), sorted(set(scored)), "scored samples on disk, each once")
    lab.equal(len(scored), 24, "scored samples on disk")
    run, = demo.orch("results", "run/scripted")["runs"]
    total = {name: run["total"][name] for name in ("tasks", "passed", "failed", "infra")}
    lab.equal(total, {"tasks": 24, "passed": 14, "failed": 10, "infra": 0}, "the table's sums")


def main():
    with lab.Demo(lab.arguments(__doc__)) as demo:
        first = threading.Thread(target=demo.run, args=("--offline",), kwargs={"check": False})
        first.start()
        until("some scored tasks", lambda: done(demo) >= 3)
        server = until("a hot server", demo.servers)
        machine, = demo.orch("get", "machines")["items"]
        endpoint = machine["status"]["processes"][0]["endpoint"]

        kill(int((demo.state / "agent/pid").read_text()))
        health = endpoint.removesuffix("/v1") + "/health"
        lab.equal(urllib.request.urlopen(health, timeout=10).status, 200, "health without its agent")
        kill(controller_pid(demo))
        lab.equal(urllib.request.urlopen(health, timeout=10).status, 200, "health without both")
        first.join()

        demo.run("--offline")  # starts what is missing, and nothing else
        lab.equal(until("the adopted server", demo.servers), server, "the server's life")
        lab.equal(demo.orch("get", "run", "scripted")["status"]["phase"], "Succeeded", "the run")
        check_samples(demo)
        lab.check_down(demo)


if __name__ == "__main__":
    main()
