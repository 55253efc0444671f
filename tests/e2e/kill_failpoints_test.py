#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One life for each failpoint of agent, shim and controller: a model becomes hot, a run goes through
an attempt that breaks and one that does not, both are deleted. The program dies at the point, the
next one goes on, and nobody can tell from the result: one server ever, each task scored once."""

import concurrent.futures
import os
import pathlib
import re
import signal
import subprocess
import time

import kill_lab as lab
import rig_lab

ROOT = pathlib.Path(__file__).resolve().parents[2]
TASKS = ["add-0", "add-1", "search-0"]  # add-1 breaks at first: the run has a second attempt
AT_ONCE = 4
# Failpoints that are met a second time, in the midst of a life, and at which hit.
LATER = {"store.commit.half": 12, "controller.answers.before": 12, "run.record.after": 3,
         "agent.state.after": 2, "agent.intent.after": 3}
# Failpoints that this life does not reach, and the test that does.
ELSEWHERE = {}


def failpoints():
    """Those in the code, with the program that owns them."""
    found = {}
    for room, program in (("agentd", "orch-agentd"), ("controller", "orch-controller")):
        for path in sorted((ROOT / room).rglob("*.cpp")):
            for name in re.findall(r'ORCH_FAILPOINT\("([^"]+)"\)', path.read_text()):
                found[name] = "orch-shim" if name.startswith("shim.") else program
    return found


class Life(lab.KillRig):
    """In force in the first life of the program that owns it; a shim has it from its agent. A shim is
    stopped there and then killed together with its agent, so that what it did before can be seen."""

    def __init__(self, programs, name, hit, program):
        super().__init__(programs, pace=0, tasks=TASKS)
        self.program = program
        self.point = f"{name}:hit={hit}:action={'stop' if program == 'orch-shim' else 'kill'}"
        self.deaths = 0

    def spawn(self, program, *words):
        """Whether it gets as far as to say that it is ready is open."""
        armed = program == self.program or (self.program, program) == ("orch-shim", "orch-agentd")
        if not armed:
            return self.launch(program, *words)
        with open(self.folder / f"{program}.log", "a", encoding="utf-8") as log:
            process = subprocess.Popen([self.bin / program, *words], text=True, stderr=log,
                                       stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                       env={**os.environ, "ORCH_FAILPOINT": self.point})
        process.stdout.readline()
        return process

    def stopped_shims(self):
        return [life for life in self.shims() if (lab.stat(life.pid) or "?")[0] == "T"]

    def tend(self):
        """Sees who died at the point, and starts the next one."""
        if self.program == "orch-controller" and self.controller.poll() is not None:
            rig_lab.equal(self.controller.returncode, -signal.SIGKILL, "the controller's end")
            self.deaths += 1
            self.again("orch-controller")
        if not self.agent:
            return
        if self.program == "orch-shim" and (stopped := self.stopped_shims()):
            if not self.deaths:
                self.agent.kill()
                self.agent.wait()
            lab.kill(*stopped)  # those of the first agent get there even after its end
            if not self.deaths:
                self.again()
            self.deaths += len(stopped)
        if self.agent.poll() is not None:
            rig_lab.equal(self.agent.returncode, -signal.SIGKILL, "the agent's end")
            self.deaths += 1
            self.again()

    def wait(self, what, condition):
        def tended():
            self.tend()
            return condition()
        rig_lab.until(f"{self.point}: {what}", tended)

    def bring_up(self):
        self.call("init")
        self.controller = self.spawn("orch-controller", "--data-dir", self.data, "run",
                                     "--listen", "127.0.0.1:0", "--beat", "1s")
        if self.program == "orch-controller":
            rig_lab.until("its end or its file", lambda: self.controller.poll() is not None
                          or (self.data / "admin.kubeconfig").exists())
            self.tend()
        self.connect()
        token = self.token_of_machine()
        self.wait("the controller answers", lambda: self.ask("GET", "/livez")[0] == 200)
        self.agent = self.spawn("orch-agentd", "--data-dir", self.agent_data, "--controller",
                                self.url, "--name", "box1", "--join", token)
        self.census = lab.Census(self.token)

    def token_of_machine(self):
        said = []

        def ask():
            done = subprocess.run([self.bin / "orch-controller", "--data-dir", self.data, "token",
                                   "--machine", "box1"], capture_output=True, text=True, check=True)
            said.append(done.stdout.strip())
            return True
        self.wait("a token", ask)
        return said[0]

    def forget(self, path):
        self.ask("DELETE", path)
        return self.ask("GET", path)[0] == 404

    def live(self):
        self.bring_up()
        self.wait("the machine", lambda: self.ask("GET", "machines/box1")[0] == 200)
        self.wait("the wish", lambda: self.apply(*self.objects()) or True)
        self.wait("the end of the run", lambda: self.phase() == "Succeeded")
        self.wait("a hot server", self.hot)
        rig_lab.equal(self.get(f"benchruns/{self.token}")["status"]["attempt"] >= 2, True,
                      "there was a second attempt")
        self.check_scored()
        for path in (f"benchruns/{self.token}", f"modeldeployments/{self.token}"):
            self.wait(f"{path} is deleted", lambda it=path: self.forget(it))
        self.wait("the server is gone", lambda: not self.servers_here())
        self.wait("its record is gone", lambda: not list((self.agent_data / "children").iterdir()))
        rig_lab.holds(self.deaths == 1 or self.deaths and self.program == "orch-shim",
                      f"{self.point} is met ({self.deaths} deaths)")
        rig_lab.equal(self.shims(), [], "shims that are left")
        return self.check_census(servers=1)


def live(programs, name, hit, program):
    began = time.monotonic()
    with Life(programs, name, hit, program) as life:
        said = life.live()
    print(f"{name}, hit {hit}: {time.monotonic() - began:.1f} s, {said}", flush=True)


def main():
    programs = rig_lab.arguments(__doc__).bin
    known = failpoints()
    rig_lab.equal((set(LATER) | set(ELSEWHERE)) - set(known), set(), "names that are in no code")
    lives = [(name, 1, program) for name, program in known.items() if name not in ELSEWHERE]
    lives += [(name, hit, known[name]) for name, hit in LATER.items()]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        tries = {pool.submit(live, programs, *one): one for one in lives}
        wrong = {tries[one]: one.exception() for one in concurrent.futures.as_completed(tries)
                 if one.exception()}
    for one, why in wrong.items():
        print(f"{one}: {why!r}")
    rig_lab.holds(not wrong, f"all of {len(lives)} lives reach the goal")
    print(f"{len(lives)} lives, {len(known)} failpoints")


if __name__ == "__main__":
    main()
