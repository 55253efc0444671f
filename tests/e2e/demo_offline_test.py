#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`hack/demo --offline` gives the table that its key says, twice, and leaves no process."""

import json
import pathlib
import subprocess

import demo_lab as lab

SUBSET = {"apiVersion": "orch/v1", "kind": "BenchRun", "metadata": {"name": "some"},
          "spec": {"bench": "scripted-24", "model": "scripted", "tasks": ["add-3", "search-0"]}}


def check_results(demo):
    run, = demo.orch("results", "run/scripted")["runs"]
    total = {name: run["total"][name] for name in ("tasks", "passed", "failed", "infra")}
    lab.equal(total, {"tasks": 24, "passed": 14, "failed": 10, "infra": 0}, "the table's sums")
    lab.equal(run["runAgain"], 2, "tasks run again")
    lab.equal(run["phase"], "Succeeded", "the run's phase")
    # By the key in tests/fakes/openai_server.py: 8 tasks a category, 6 wrong and 4 torn in all.
    passed = {c["category"]: (c["passed"], c["tasks"]) for c in run["categories"]}
    lab.equal(passed, {"add": (5, 8), "weather": (5, 8), "search": (4, 8)}, "by category")
    failures = demo.orch("get", "run", "scripted")["status"]["failures"]
    lab.equal({name: failures.get(name) for name in ("malformedJson", "wrongArguments")},
              {"malformedJson": 4, "wrongArguments": 6}, "failures by class")


def check_tasks(demo):
    """The bench's command told the tasks; the second attempt was told the two that broke."""
    status = demo.orch("get", "run", "scripted")["status"]
    lab.equal(status["progress"]["total"], 24, "the number of tasks that the bench's command told")
    told = pathlib.Path(status["dir"], ".orch/tasks.txt").read_text().split()
    lab.equal(sorted(told), ["add-1", "weather-6"], "what the second attempt was told to do")


def check_subset(demo):
    """A run of some tasks asks these and no other."""
    subprocess.run([demo.bin / "orch", "apply", "-f", "-"], env=demo.env, check=True, text=True,
                   input=json.dumps(SUBSET))
    subprocess.run([demo.bin / "orch", "wait", "run/some", "--for=condition=Complete",
                    "--timeout=60s"], env=demo.env, check=True)
    run = demo.orch("get", "run", "some")
    progress = run["status"]["progress"]
    lab.equal((progress["total"], progress["passed"], progress["failed"]), (2, 1, 1), "a subset")
    asked = [json.loads(line)["task"] for line in
             pathlib.Path(run["status"]["dir"], "out/answers.jsonl").read_text().splitlines()]
    lab.equal(sorted(asked), ["add-3", "search-0"], "the tasks that were asked")


def main():
    with lab.Demo(lab.arguments(__doc__)) as demo:
        said, _ = demo.run("--offline")
        lab.holds("SCRIPTED" in said and "Scripted server" in said, "it says that it is scripted")
        lab.holds("curl -s http://127.0.0.1:" in said, "it says how to ask the hot model")
        check_results(demo)
        check_tasks(demo)
        lab.equal(demo.attempts(), {"scripted": 2}, "attempts")
        lab.check_second(demo, "--offline")
        check_results(demo)
        lab.check_down(demo)
        # The state stays: the next demo shows the same result and runs nothing again.
        demo.run("--offline")
        check_results(demo)
        lab.equal(demo.attempts(), {"scripted": 2}, "attempts after --down and up again")
        check_subset(demo)
        lab.check_down(demo)


if __name__ == "__main__":
    main()
