#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keys, certificates, identities and journals that a power cut left empty or cut short: made anew
where nothing is lost by it, else named with the way out. The model server lives through all of it."""

import contextlib
import os
import signal
import subprocess

import rig_lab as lab

BEATS = ("--beat", "1s", "--stale-after", "5s")
CONTROLLER = {  # file, and what is said of it; nothing: it is made anew
    "pki/ca.pem": "put back the copy from your backup",
    "pki/ca.crt": None,
    "pki/server.pem": None,
    "admin.kubeconfig": None,
    "run/listen": None,
    "lock": None,
    "state.db.incarnation": "remove it if the store was not put here by hand",
}
AGENT = {"membership.json": "join again", "state.json": "join again"}


@contextlib.contextmanager
def torn(file, length):
    """The file has lost its end, and gets it back."""
    whole = file.read_bytes() if file.exists() else b""
    file.touch(mode=0o600)
    os.truncate(file, length)
    try:
        yield
    finally:
        file.write_bytes(whole)


def lengths(file):
    size = file.stat().st_size if file.exists() else 0
    return sorted({0, size // 2, max(size - 40, 0)})


def check_controller(rig):
    for name, way_out in CONTROLLER.items():
        file = rig.data / name
        for length in lengths(file) if name != "state.db.incarnation" else [0]:
            with torn(file, length):
                if way_out:
                    said = rig.call("run", "--listen", "127.0.0.1:0", code=78)
                    lab.holds(way_out in said and str(file) in said, f"{name}: {said}")
                else:
                    rig.start(*BEATS)
                    rig.get("models")
                    lab.equal(rig.end(), 0, f"the end of a controller with {name} anew")


def kill_agent(rig):
    rig.agent.kill()
    rig.agent.wait()


def start_agent(rig):
    rig.agent = rig.launch("orch-agentd", "--data-dir", rig.agent_data)


def check_identity(rig):
    kill_agent(rig)
    for name, way_out in AGENT.items():
        file = rig.agent_data / name
        for length in lengths(file):
            with torn(file, length):
                done = subprocess.run([rig.bin / "orch-agentd", "--data-dir", rig.agent_data],
                                      capture_output=True, text=True, check=False, timeout=30)
                lab.equal(done.returncode, 78, f"the agent with {name} of {length} bytes")
                lab.holds(way_out in done.stderr and str(file) in done.stderr, done.stderr)
    start_agent(rig)


def seen(rig):
    machine = rig.get("machines/box1")
    return (machine["status"].get("processes") or [{}])[0]


def check_records(rig, servers):
    """While its record is damaged, what a server does cannot be told; it is neither ended nor
    started a second time, and the record that is put back is believed."""
    record, = (rig.agent_data / "children").iterdir()
    for name in ("launch.json", "child.json", "notes.json"):
        for length in lengths(record / name):
            kill_agent(rig)
            with torn(record / name, length):
                start_agent(rig)
                said = lab.until(f"a word about {name}",
                                 lambda: seen(rig)["reason"] == "Unknown" and seen(rig)["message"])
                lab.holds(str(record / name) in said and "remove the folder" in said, said)
                lab.equal([folder.name for folder in record.parent.iterdir()], [record.name],
                          "records of servers")
                kill_agent(rig)
            start_agent(rig)
            lab.until("the same server", lambda: rig.servers() == servers, 20)


def check_new_identity(rig, servers):
    """The way out that was named: join again, and the children are adopted."""
    kill_agent(rig)
    for name in AGENT:
        (rig.agent_data / name).unlink()
    rig.join()
    lab.until("the same server, hot", lambda: rig.servers() == servers
              and seen(rig).get("phase") == "Hot", 30)


def main():
    with lab.Rig(lab.arguments(__doc__).bin) as rig:
        rig.call("init")
        rig.start(*BEATS)
        rig.join()
        rig.apply(lab.RUNTIME, lab.model("m"), lab.deployment("d", "m"))
        lab.until("a hot server", lambda: seen(rig).get("phase") == "Hot")
        servers = rig.servers()
        rig.end(signal.SIGKILL)
        check_controller(rig)
        rig.start(*BEATS)
        check_identity(rig)
        check_records(rig, servers)
        check_new_identity(rig, servers)


if __name__ == "__main__":
    main()
