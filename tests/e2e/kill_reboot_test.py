#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pids that are given to somebody else. First in the same boot: agent, shims, server and harness die
and innocent processes get their pids. Then in the next one: everything dies, the boot id is another,
and again each recorded pid is an innocent's. None of them is ever signalled, the server is started
anew once each time, and the run ends with each task scored once. Needs root: it makes namespaces of
its own, where pids can be chosen and the boot id replaced."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import uuid

import kill_lab as lab
import rig_lab

BOOT_ID = pathlib.Path("/proc/sys/kernel/random/boot_id")
LAST_PID = pathlib.Path("/proc/sys/kernel/ns_last_pid")


def recorded(rig):
    """(child, shim) of all records of the agent."""
    pids = set()
    for path in (rig.agent_data / "children").glob("*/child.json"):
        value = json.loads(path.read_text())
        pids |= {value["pid"], value["shim"]["pid"]}
    return sorted(pids)


def innocent(pid):
    """A process with this very pid, a session of its own and nothing to do with anybody."""
    for _ in range(50):
        LAST_PID.write_text(str(pid - 1))
        process = subprocess.Popen(["sleep", "1000"], start_new_session=True)
        if process.pid == pid:
            return lab.Life(pid, lab.stat(pid)[2])
        process.kill()
        process.wait()
    raise SystemExit(f"nobody gets the pid {pid}")


def reap():
    """This process is the first of its namespace: a pid is free once it has waited for it."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def is_free(pid):
    reap()
    return lab.stat(pid) is None


def take_over(rig):
    """Innocents in the place of all that the agent's records name."""
    pids = recorded(rig)
    for pid in pids:
        rig_lab.until(f"pid {pid} is free", lambda it=pid: is_free(it))
    found = [innocent(pid) for pid in pids]
    rig_lab.holds(len(found) >= 4, f"server, harness and two shims are replaced: {pids}")
    return found


def reuse_in_one_boot(rig):
    lives = [rig.life_of(rig.agent), *rig.shims(), *rig.servers_here(), *rig.harnesses()]
    lab.kill(*lives, wait=False)
    rig.agent.wait()
    innocents = take_over(rig)
    rig.again()
    return innocents


def reboot(rig, boot_file, innocents):
    before = BOOT_ID.read_text()
    gone = [life for life in lab.processes("") if life.pid != 1 and life not in innocents]
    lab.kill(*gone, wait=False)
    rig.controller.wait()
    rig.agent.wait()
    boot_file.write_text(f"{uuid.uuid4()}\n")
    rig_lab.holds(BOOT_ID.read_text() != before, "the boot id is another")
    innocents += take_over(rig)
    rig.again("orch-controller")
    rig.again()


def hot_again(rig, before):
    rig_lab.until("a server anew", lambda: (rig.hot() or (before,))[0] != before)
    return rig.hot()[0]


def inside(programs):
    with lab.KillRig(programs) as rig:
        boot_file = rig.folder / "boot_id"
        boot_file.write_text(f"{uuid.uuid4()}\n")
        subprocess.run(["mount", "--bind", boot_file, BOOT_ID], check=True)
        rig.begin()
        server, _ = rig_lab.until("a hot server", rig.hot)
        rig.answers(3)
        innocents = reuse_in_one_boot(rig)
        server = hot_again(rig, server)
        rig.answers(9)
        reboot(rig, boot_file, innocents)
        hot_again(rig, server)
        machine = rig.get("machines/box1")["status"]
        rig_lab.equal(machine["bootId"], boot_file.read_text().strip(), "the boot that is reported")
        rig_lab.until("the end of the run", lambda: rig.phase() == "Succeeded")
        rig.check_scored()
        rig_lab.equal([lab.is_alive(life) for life in innocents], [True] * len(innocents),
                      "the innocents")
        print(f"{len(innocents)} innocents live; {rig.check_census(servers=3)}")


def main():
    programs = rig_lab.arguments(__doc__).bin
    if os.geteuid() != 0:
        raise SystemExit("needs root: it makes namespaces")
    if os.getpid() != 1:
        os.execvp("unshare", ["unshare", "--pid", "--fork", "--mount", "--mount-proc",
                              sys.executable, "-B", __file__, *sys.argv[1:]])
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    inside(programs)


if __name__ == "__main__":
    main()
