# SPDX-License-Identifier: Apache-2.0
"""A rig with one machine of whose agent a test plays the part, and one whose real agent is away."""

import json
import shutil
import subprocess
import time

import rig as house

REPORT = "/agent/v1/machines/box1/report"
THINGS = """\
apiVersion: orch/v1
kind: Model
metadata: {name: m}
spec: {source: {file: /models/x.gguf}, minMemory: 1Mi, runtimes: [{runtime: rt}]}
---
apiVersion: orch/v1
kind: Runtime
metadata: {name: rt}
spec: {engine: custom, driver: process, command: [/bin/true]}
---
apiVersion: orch/v1
kind: Bench
metadata: {name: b}
spec:
  command: ["true", "--api-key=x;rm -rf /"]
  parser: {builtin: jsonl}
  tasks: {list: [a, "<script>"]}
---
apiVersion: orch/v1
kind: BenchRun
metadata: {name: r}
spec: {bench: b, model: m}
"""


class Lab(house.Rig):
    """A rig with one machine of whose agent we play the part: its server is hot, its run goes."""

    def furnish(self):
        self.box = self.join("box1")
        self.cluster = json.loads(self.enrolled.text)["cluster"]
        self.sequence, self.assignment = 0, {}
        self.send_report()
        self.apply(THINGS)
        house.until("a run that is given out", self.work)
        self.tokens = {name: self.token(name) for name in ("used", "guessed", "greedy")}
        self.tokens["short"] = self.token("short", "--ttl", "1s")
        if self.enroll(self.tokens["used"], self.new_request()[0]).code != 200:
            raise SystemExit("a good token is refused")

    def report(self, **changed):
        """What the agent says now; `changed`: what it says instead."""
        self.sequence += 1
        seen = [{"deployment": server["name"], "uid": server["uid"], "epoch": server["epoch"],
                 "phase": "Hot", "pid": 1, "startTicks": 1, "port": 1,
                 "endpoint": "http://127.0.0.1:1/v1", "digest": server["digest"]}
                for server in self.assignment.get("servers", [])]
        said = {"machine": "box1", "bootId": "boot", "agentId": "agent-1", "life": 1,
                "sequence": self.sequence, "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "facts": {"os": "linux", "memoryBytes": 8 << 30}, "processes": seen,
                "revision": self.assignment.get("revision", 0), **changed}
        return json.dumps(said)

    def send_report(self):
        answer = self.ask("POST", REPORT, self.report(), who=self.box)
        if answer.code != 200:
            raise SystemExit(f"the report: {answer.code} {answer.text}")

    def work(self):
        """Does what the assignment says; true once that includes the run."""
        self.assignment = self.ask("GET", "/agent/v1/machines/box1/assignment",
                                   who=self.box).json()
        self.send_report()
        return self.assignment.get("runs")

    def join_agent(self):
        """The folder of a real agent that has joined and is away."""
        self.agent_folder = self.folder / "box2"
        agent = self.start(self.bin / "orch-agentd", "--data-dir", self.agent_folder,
                           "--controller", f"https://{self.host}", "--name", "box2", "--join",
                           self.token("box2"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        ready = agent.stdout.readline()
        agent.terminate()
        if ready != b"ready box2\n" or agent.wait(timeout=house.NEVER) != 0:
            raise SystemExit(f"no agent: {ready!r}")

    def copy_of_agent(self):
        folder = self.folder / "agent"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.agent_folder, folder)
        folder.chmod(0o700)
        return folder

    def agent_log(self):
        return (self.folder / "agent.log").read_text(encoding="utf-8")

    def begin_slowly(self):
        """Half a head, long before anybody asks what became of it."""
        self.slow_head = self.socket()
        self.slow_head.sendall(b"POST /apis/orch/v1/models HTTP/1.1\r\nHost: h\r\n")

    def stands_still(self):
        before = self.revision()
        self.work()
        return self.revision() == before

    def samples_path(self, uid=None):
        return (f"/agent/v1/machines/box1/runs/{uid or self.assignment['runs'][0]['uid']}/samples")
