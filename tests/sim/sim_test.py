#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs orch-sim as people do: found seeds still hold, every mutant is found by the promise that it
breaks, and one seed is one trace."""

import pathlib
import subprocess
import sys

DAYS = "0.04"  # about an hour of storm: a seed takes a quarter of a second
SEEDS = "1..200"  # within these a mutant must be found


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
    rows = [line.split(maxsplit=2) for line in run(program, "--list-mutants")[1].splitlines()]
    if len(rows) < 3:
        sys.exit("there are fewer than three mutants")
    for name, promise, about in rows:
        code, said = run(program, "--seeds", SEEDS, "--days", DAYS, "--mutant", name)
        broken = [line for line in said.splitlines() if line.startswith("BROKEN ")]
        if code != 1 or not broken:
            sys.exit(f"mutant {name} lives: {about}\n{said[-2000:]}")
        if not broken[0].startswith(f"BROKEN {promise}:"):
            sys.exit(f"mutant {name} should break {promise}: {broken[0]}")
        again = [line for line in said.splitlines() if line.startswith("again: ")]
        print(f"{name}: {broken[0]}\n  {again[0]}", flush=True)


def one_trace(program):
    for seed in ("3", "11"):
        first, second = (run(program, "--seed", seed, "--days", DAYS, "--hash") for _ in range(2))
        if first != second or first[0]:
            sys.exit(f"seed {seed} gave two traces:\n{first[1]}{second[1]}")
    if run(program, "--seed", "3", "--days", DAYS, "--hash")[1] == first[1]:
        sys.exit("two seeds gave one trace")


def flags(program):
    for wrong in (["--sed", "1"], ["--seed", "x"], ["--storm", "tea"], ["--mutant", "x"],
                  ["--days", "0"]):
        if run(program, *wrong)[0] != 64:
            sys.exit(f"orch-sim {' '.join(wrong)} is not refused")


if __name__ == "__main__":
    what, program = sys.argv[1:]
    {"seeds": found_seeds, "mutants": mutants, "trace": one_trace, "flags": flags}[what](program)
