#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The forty bad inputs against the real programs. Each is refused by name, and after each nothing
has moved: not the revision, not the change log, no process; and a good request is answered."""

import argparse
import pathlib
import sys
import time

import bad_inputs
import bad_calls
import bad_files
import bad_machines
import bad_manifests
import bad_requests
import bad_servers
import rig as house
from played_agent import Lab

ROWS = sorted(bad_manifests.ROWS + bad_requests.ROWS + bad_calls.ROWS + bad_machines.ROWS
              + bad_files.ROWS + bad_servers.ROWS + bad_inputs.ABSENT, key=lambda row: row.number)

def look_at(lab):
    return lab.revision(), lab.changes(), lab.processes()


def check(lab, row, trouble):
    """All variants of a row; what went wrong is added to `trouble`."""
    revision, changes, processes = look_at(lab)
    began, slowest = time.monotonic(), 0.0
    for one in row.tries:
        asked = time.monotonic()
        answer = one.send(lab)
        slowest = max(slowest, time.monotonic() - asked)
        said = answer.text + answer.text.replace('\\"', '"')  # a text within JSON, read or not
        if answer.code != one.code or one.says not in said:
            trouble.append(f"row {row.number}, {one.what}: {answer.code}, expected {one.code} and "
                           f"{one.says!r}: {answer.text[-600:]!r}")
    after = look_at(lab)
    moves = after[0] - revision if row.moves is None else row.moves
    wanted = (revision + moves, changes + moves, processes)
    if after != wanted:
        trouble.append(f"row {row.number}: revision, change log, processes {after}, expected {wanted}")
    if not lab.alive():
        raise SystemExit(f"row {row.number}: the controller is gone; {trouble}")
    print(f"row {row.number:2} {row.surface:14} {row.title}: {len(row.tries)} tries, slowest "
          f"{slowest * 1000:.0f} ms, {time.monotonic() - began:.1f} s, "
          f"{lab.memory() >> 20} MB resident", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="folder of the programs")
    parser.add_argument("--rows", type=lambda text: {int(n) for n in text.split(",")},
                        help="only these, as in 3,16")
    arguments = parser.parse_args()
    trouble, tried = [], 0
    with Lab(arguments.bin, "--stale-after", "1h") as lab:
        lab.furnish()
        lab.join_agent()
        lab.begin_slowly()
        house.until("that nothing moves", lab.stands_still)
        for row in ROWS:
            if arguments.rows and row.number not in arguments.rows:
                continue
            if row.absent:
                print(f"row {row.number:2} {row.surface:14} {row.title}: not there yet: "
                      f"{row.absent}", flush=True)
                continue
            check(lab, row, trouble)
            tried += len(row.tries)
    if [row.number for row in ROWS] != list(range(1, 41)):
        trouble.append("the table has not each of the forty rows once")
    print(f"{tried} tries in {sum(not row.absent for row in ROWS)} rows, "
          f"{len(trouble)} complaints", flush=True)
    if trouble:
        sys.exit("\n".join(trouble))


if __name__ == "__main__":
    main()
