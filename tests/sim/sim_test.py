#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs orch-sim as people do: found seeds still hold, every mutant is found by the promise that it
breaks, a failing run is shortened, every marked path was taken, and one seed is one trace."""

import pathlib
import re
import subprocess
import sys

DAYS = "0.04"  # about an hour of storm: a seed takes a quarter of a second
SEEDS = "1..200"  # within these a mutant must be found

# Marked paths that no storm has led to yet; tests of the rooms take them (controller_tests, bad_inputs).
UNREACHED = {"agent.samples-refused", "report.of-a-run-elsewhere", "samples.of-a-run-elsewhere",
             "samples.too-late"}


def run(program, *flags):
    done = subprocess.run([program, *flags], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def found_seeds(program):
    for line in pathlib.Path(__file__).with_name("seeds.txt").read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        seed, days, storm, why = line.split(maxsplit=3)
        code, said = run(program, "--seed", seed, "--days", days, "--storm", storm)
        if code:
            sys.exit(f"{why}\n{said}")
        print(f"seed {seed} under {storm} holds: {why}")


def mutants(program):
    rows = [line.split(maxsplit=3) for line in run(program, "--list-mutants")[1].splitlines()]
    if len(rows) < 3:
        sys.exit("there are fewer than three mutants")
    for name, promise, by, about in rows:
        way = ["--sieve", "all"] if by == "sieve" else [
            "--seeds", SEEDS, "--days", DAYS, "--storm", by, "--shorten", "0"]
        code, said = run(program, *way, "--mutant", name)
        broken = [line for line in said.splitlines() if line.startswith("BROKEN ")]
        if code != 1 or not broken:
            sys.exit(f"mutant {name} lives: {about}\n{said[-2000:]}")
        if not any(broken[0].startswith(f"BROKEN {p}:") for p in promise.split("|")):
            sys.exit(f"mutant {name} should break {promise}: {broken[0]}")
        again = [line for line in said.splitlines() if line.startswith("again: ")]
        print(f"{name}: {broken[0]}\n  {again[0]}", flush=True)


def shortened(program):
    """What broke is told with the few faults that it takes, and these few break it again."""
    code, said = run(program, "--seeds", SEEDS, "--days", DAYS, "--storm", "pause", "--mutant",
                     "silent-machine-stays-ready")
    faults = re.findall(r"^  #(\d+) at \d+: ", said, re.M)
    again = [line for line in said.splitlines() if line.startswith("again: ")]
    if code != 1 or not 0 < len(faults) <= 3 or len(again) != 2:
        sys.exit(f"it was not shortened to a few faults:\n{said[-3000:]}")
    flags = again[1].removeprefix("again: orch-sim ").removesuffix(" --trace").split()
    code, said = run(program, *flags)
    if code != 1 or "BROKEN S29" not in said or ",".join(faults) not in again[1]:
        sys.exit(f"{again[1]}\nbreaks nothing:\n{said[-2000:]}")
    print(f"shortened to {len(faults)}: {again[1]}")


def sieve_bites(program):
    """What a crash at the wrong step would lose is found without any luck, and can be seen again."""
    for name, scenario, promise in (("answers-before-commit", "hot", "S10"),
                                    ("running-server-not-adopted", "hot", "S5"),
                                    ("unsent-forgotten", "run", "goal")):
        code, said = run(program, "--sieve", scenario, "--mutant", name)
        again = [line for line in said.splitlines() if line.startswith("again: ")]
        if code != 1 or f"BROKEN {promise}:" not in said or not again:
            sys.exit(f"the sieve lets mutant {name} live:\n{said[-2000:]}")
        flags = again[0].removeprefix("again: orch-sim ").removesuffix(" --trace").split()
        if run(program, *flags, "--mutant", name)[0] != 1:
            sys.exit(f"{again[0]} breaks nothing")
        print(f"{name}: {again[0]}")


def marks(program, folder):
    """Every path that the product marks as rare was taken under some storm."""
    taken = set()
    for storm in run(program, "--list-storms")[1].splitlines():
        file = pathlib.Path(folder, storm.split()[0])
        if not file.is_file():
            sys.exit(f"{file} is not there: the test sim_{file.name} writes it")
        taken |= set(file.read_text().split())
    root = pathlib.Path(__file__).resolve().parents[2]
    there = {}
    for room in ("base", "api", "reconcilers", "controller", "agentd"):
        for path in (root / room).rglob("*.cpp"):
            for name in re.findall(r'ORCH_MARK\("([^"]+)"\)', path.read_text()):
                there[name] = path.relative_to(root)
    missed = [f"{there[name]}: {name}" for name in sorted(set(there) - taken - UNREACHED)]
    if missed or not there or UNREACHED - set(there):
        sys.exit("no simulated run came by these marks:\n" + "\n".join(missed))
    print(f"{len(taken)} of {len(there)} marked paths were taken")


def one_trace(program):
    for seed in ("3", "11"):
        first, second = (run(program, "--seed", seed, "--days", DAYS, "--hash") for _ in range(2))
        if first != second or first[0]:
            sys.exit(f"seed {seed} gave two traces:\n{first[1]}{second[1]}")
        placed = run("setarch", "-R", program, "--seed", seed, "--days", DAYS, "--hash")
        if placed != first:
            sys.exit(f"seed {seed} gives another trace at fixed addresses:\n{placed[1]}{first[1]}")
    if run(program, "--seed", "3", "--days", DAYS, "--hash")[1] == first[1]:
        sys.exit("two seeds gave one trace")


def flags(program):
    for wrong in (["--sed", "1"], ["--seed", "x"], ["--storm", "tea"], ["--mutant", "x"],
                  ["--days", "0"], ["--only", "x"], ["--shorten", "-1"], ["--sieve", "x"],
                  ["--sieve", "hot", "--perturb", "agent"]):
        if run(program, *wrong)[0] != 64:
            sys.exit(f"orch-sim {' '.join(wrong)} is not refused")


if __name__ == "__main__":
    what, program, folder = sys.argv[1:]
    if what == "marks":
        marks(program, folder)
    else:
        {"seeds": found_seeds, "mutants": mutants, "shorten": shortened, "sieve": sieve_bites, "trace": one_trace,
         "flags": flags}[what](program)
