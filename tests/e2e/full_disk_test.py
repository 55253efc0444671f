#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A disk that is full: writes are refused with 507, reads, watches and reports go on, and no machine
turns stale; with room again the same process writes. A disk that fails ends the process with 74, and
the next start has everything that was acknowledged. Needs root: it mounts a tmpfs of 2 MiB."""

import contextlib
import json
import os
import pathlib
import resource
import subprocess
import tempfile
import threading
import time

import rig_lab as lab

STALE_AFTER = 3  # seconds


@contextlib.contextmanager
def small_disk():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="orch-disk-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "orch-test", folder],
                   check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
        folder.rmdir()


def fill(ballast):
    """Not one byte is left."""
    with open(ballast, "ab", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while file.write(b"x" * size) == size:
                    pass


class Watch(threading.Thread):
    """The names of the models that a watch tells, and whether it has ended."""

    def __init__(self, rig):
        super().__init__(daemon=True)
        self.names, self.ended = [], False
        since = rig.get("models")["metadata"]["resourceVersion"]
        connection = rig.connection()
        connection.sock = None
        connection.timeout = 120
        connection.request("GET", f"{lab.API}models?watch=1&resourceVersion={since}")
        self.answer = connection.getresponse()
        lab.equal(self.answer.status, 200, "the watch")
        self.start()

    def run(self):
        with contextlib.suppress(OSError, ValueError):
            while line := self.answer.readline():
                self.names.append(json.loads(line)["object"]["metadata"].get("name"))
        self.ended = True


def readiness(rig):
    found = rig.condition("machines/box1", "Ready")
    return found.get("status"), found.get("lastTransitionTime")


def fill_until_refused(rig, ballast):
    """What was still accepted: the log's end has room in it, and a refusal folds the log into the
    file, which makes room once more."""
    accepted, refused = [], 0
    while refused < 5:
        fill(ballast)
        name = f"late{len(accepted)}"
        status, said = rig.ask("POST", "models", lab.model(name))
        if status == 201:
            accepted.append(name)
            refused = 0
            lab.holds(len(accepted) < 200, "the disk is full at last")
            continue
        lab.equal((status, said["reason"]), (507, "InsufficientStorage"), f"a write: {said}")
        lab.holds("full" in said["message"], f"it says what is wrong: {said['message']}")
        refused += 1
    return accepted


def check_full(rig, disk):
    watch, ready, pid = Watch(rig), readiness(rig), rig.controller.pid
    accepted = fill_until_refused(rig, disk / "ballast")
    end = time.monotonic() + 4 * STALE_AFTER
    while time.monotonic() < end:
        lab.equal(rig.ask("POST", "models", lab.model("refused"))[0], 507, "a write")
        lab.equal(rig.ask("GET", "models/refused")[0], 404, "a read of what was refused")
        lab.equal(rig.ask("GET", "/livez")[0], 200, "livez")
        lab.equal(readiness(rig), ready, "the machine")
        lab.holds(not watch.ended, "the watch goes on")
        time.sleep(0.2)
    (disk / "ballast").unlink()
    lab.until("a write after there is room",
              lambda: rig.ask("POST", "models", lab.model("again"))[0] == 201, 30)
    lab.until("the watch's event", lambda: "again" in watch.names)
    lab.equal(watch.names, accepted + ["again"], "what the watch told")
    lab.equal(readiness(rig), ready, "the machine, which was never lost")
    lab.equal((rig.controller.poll(), rig.controller.pid), (None, pid), "the controller's process")
    for word in ("store.full", "store.writes_again"):
        lab.holds(word in rig.log(), f"{word} is logged")


def check_failing(rig):
    """The file of the log may not grow any more: that is an I/O error, not a full disk."""
    known = [item["metadata"]["name"] for item in rig.get("models")["items"]]
    log = (rig.data / "state.db-wal").stat().st_size
    resource.prlimit(rig.controller.pid, resource.RLIMIT_FSIZE, (log, log))
    for number in range(5000):
        name = f"torn{number}"
        try:
            status, said = rig.ask("POST", "models", lab.model(name))
        except OSError:
            break  # it ended without an answer: whether it is stored is not known
        lab.equal(status, 201, f"a write: {said}")
        known.append(name)
    else:
        raise SystemExit("the limit was never met")
    lab.equal(rig.controller.wait(timeout=20), 74, "the exit code")
    lab.holds("store.failed" in rig.log(), "store.failed is logged")
    rig.call("check")
    rig.start()
    found = {item["metadata"]["name"] for item in rig.get("models")["items"]}
    lab.equal(set(known) - found, set(), "acknowledged and lost")
    lab.holds(found - set(known) <= {name}, "nothing but the last one was in doubt")


def main():
    if os.geteuid() != 0:
        raise SystemExit("needs root: it mounts a tmpfs")
    with small_disk() as disk, lab.Rig(lab.arguments(__doc__).bin, disk / "d") as rig:
        rig.call("init")
        rig.start("--beat", "1s", "--stale-after", f"{STALE_AFTER}s")
        rig.join()
        lab.until("a machine that is ready", lambda: readiness(rig)[0] == "True")
        check_full(rig, disk)
        check_failing(rig)


if __name__ == "__main__":
    main()
