#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Snapshots of a controller that runs, one every night, and what a restore of an older state does to
the processes that live: nothing. Files that are damaged are refused by the program with 78."""

import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import time

import rig_lab as lab

BEATS = ("--beat", "1s", "--stale-after", "5s")


def hot(rig, name="d"):
    return rig.condition(f"modeldeployments/{name}", "Ready").get("status") == "True"


def rows(file, query):
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        return database.execute(query).fetchall()


def check_nights(rig):
    """The one of tonight is made at once, and of the others the newest stay."""
    nights = rig.folder / "nights"
    nights.mkdir(mode=0o700)
    for day in range(1, 6):
        (nights / f"state-2020-01-0{day}.db").touch(mode=0o600)
    (nights / "mine.db").touch()
    rig.start(*BEATS, "--snapshots", str(nights), "--keep", "3")
    lab.until("three snapshots", lambda: len(list(nights.glob("state-*.db"))) == 3)
    names = sorted(file.name for file in nights.iterdir())
    lab.equal(names[:3], ["mine.db", "state-2020-01-04.db", "state-2020-01-05.db"], "what stays")
    tonight, = names[3:]
    lab.holds(tonight > "state-2026", f"tonight's is dated today: {tonight}")
    lab.equal((nights / tonight).stat().st_mode & 0o777, 0o600, "its mode")
    lab.equal(rows(nights / tonight, "PRAGMA integrity_check"), [("ok",)], "its integrity")
    lab.holds("store.snapshot_kept" in rig.log(), "it is logged")
    nights.chmod(0o755)
    rig.end()
    said = rig.call("run", "--snapshots", str(nights), code=77)
    lab.holds("chmod" in said, f"the way out is named: {said}")
    return tonight


def alive(processes):
    for _, pid, ticks in processes:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        lab.equal(int(fields[19]), ticks, f"the life of process {pid}")


def restore(rig, state):
    rig.end(signal.SIGKILL)
    rig.call("restore", str(rig.folder / state))
    rig.call("check")
    rig.start(*BEATS)


def check_alive(rig, servers, seconds=8):
    """Over some beats, and for longer than a machine may be silent."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        alive(servers)
        time.sleep(0.1)
    lab.equal(rig.condition("machines/box1", "Ready")["status"], "True", "the machine")
    lab.equal(rig.agent.poll(), None, "the agent's process")


def prepare(rig):
    """A hot server, and three states of the store: before it was wished for, before it had a machine,
    and with it."""
    rig.start(*BEATS)
    rig.call("snapshot", str(rig.folder / "unwished.db"))
    rig.apply(lab.RUNTIME, lab.model("m"), lab.deployment("d", "m"))
    rig.call("snapshot", str(rig.folder / "unclaimed.db"))
    rig.join()
    lab.until("a hot server", lambda: hot(rig))
    servers = lab.until("its process", rig.servers)
    rig.call("snapshot", str(rig.folder / "older.db"))
    lab.equal(rows(rig.folder / "older.db", "SELECT count(*) FROM machine"), [(1,)],
              "machines in the snapshot")
    return servers


def check_older_state(rig, servers):
    rig.apply(lab.model("m", later="yes"), lab.model("later"))
    revision = int(rig.get("models")["metadata"]["resourceVersion"])
    rig.call("restore", str(rig.folder / "older.db"), code=75)  # not while it runs
    restore(rig, "older.db")
    lab.equal(rig.ask("GET", "models/later")[0], 404, "what came after the snapshot")
    lab.holds(int(rig.get("models")["metadata"]["resourceVersion"]) > revision,
              "no revision is given twice")
    check_alive(rig, servers)
    lab.until("the same server, hot again", lambda: hot(rig) and rig.servers() == servers)
    lab.equal(rows(rig.folder / "older.db", "SELECT incarnation FROM head"), [(1,)],
              "the snapshot's incarnation")
    lab.equal((rig.data / "state.db.incarnation").read_text().strip(), "2", "the store's")


def check_unclaimed(rig, servers):
    """The machine is claimed once more, under a new fence: for the server that runs already."""
    restore(rig, "unclaimed.db")
    check_alive(rig, servers)
    lab.until("the same server, hot again", lambda: hot(rig) and rig.servers() == servers)
    rig.agent.kill()
    rig.agent.wait()
    rig.agent = rig.launch("orch-agentd", "--data-dir", rig.agent_data)
    check_alive(rig, servers, 3)
    lab.until("the same server, hot again", lambda: hot(rig) and rig.servers() == servers)


def check_unwished(rig, servers):
    """Nobody knows the server any more: it goes on, and a person ends it."""
    restore(rig, "unwished.db")
    check_alive(rig, servers)
    process, = rig.get("machines/box1")["status"]["processes"]
    lab.equal(process["reason"], "NotAssigned", "the reason")
    lab.holds("orch-agentd down" in process["message"], f"the way out: {process['message']}")
    rig.agent.kill()
    rig.agent.wait()
    alive(servers)
    rig.agent = rig.launch("orch-agentd", "--data-dir", rig.agent_data)
    check_alive(rig, servers, 3)
    rig.agent.terminate()
    rig.agent.wait()
    subprocess.run([rig.bin / "orch-agentd", "--data-dir", rig.agent_data, "down"], check=True)
    for _, pid, _ in servers:
        lab.holds(not pathlib.Path(f"/proc/{pid}").exists(), "the way out ends it")
    rig.end()


def write_at(file, offset, data):
    with open(file, "r+b") as opened:
        opened.seek(offset)
        opened.write(data)


def replace(file, data):
    file.write_bytes(data)


DAMAGES = {  # what is done to state.db, exit code, what is said
    "half of it": (lambda f: os.truncate(f, f.stat().st_size // 2), 78, "restore"),
    "empty": (lambda f: os.truncate(f, 0), 78, "restore"),
    "a text": (lambda f: replace(f, b"hello\n" * 99), 78, "restore"),
    "newer": (lambda f: write_at(f, 60, b"\0\0\0\x63"), 78, "run that orch"),
    "a page of noise": (lambda f: write_at(f, 8192, os.urandom(4096)), 78, "restore"),
    "gone": (pathlib.Path.unlink, 78, "restore"),
    "open to others": (lambda f: f.chmod(0o666), 77, "chmod 600"),
    "a link": (lambda f: f.symlink_to(shutil.move(f, f.with_suffix(".real"))), 77, "symbolic link"),
}


def check_damages(rig):
    whole = rig.folder / "whole"
    shutil.copytree(rig.data, whole, symlinks=True)
    for what, (damage, code, word) in DAMAGES.items():
        shutil.rmtree(rig.data)
        shutil.copytree(whole, rig.data, symlinks=True)
        damage(rig.data / "state.db")
        before = (rig.data / "state.db").read_bytes() if what != "gone" else None
        keys = (rig.data / "pki/ca.pem").read_bytes()
        for call in (("run", "--listen", "127.0.0.1:0"), ("check",)):
            said = rig.call(*call, code=code)
            lab.holds(word in said, f"{what}: the way out is named: {said}")
        after = (rig.data / "state.db").read_bytes() if what != "gone" else None
        lab.holds(after == before, f"{what}: the file is left alone")
        rig.call("init", code=78)
        lab.holds((rig.data / "pki/ca.pem").read_bytes() == keys, f"{what}: the keys are left")
    shutil.rmtree(rig.data)
    shutil.copytree(whole, rig.data, symlinks=True)
    os.truncate(rig.data / "state.db", 0)
    rig.call("restore", str(rig.folder / "older.db"))
    rig.call("check")


def main():
    with lab.Rig(lab.arguments(__doc__).bin) as rig:
        rig.call("init")
        check_nights(rig)
        servers = prepare(rig)
        check_older_state(rig, servers)
        check_unclaimed(rig, servers)
        check_unwished(rig, servers)
        check_damages(rig)


if __name__ == "__main__":
    main()
