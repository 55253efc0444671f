# SPDX-License-Identifier: Apache-2.0
"""A rig whose processes are killed: what runs is counted from outside, in /proc, 20 times a second."""

import collections
import json
import os
import pathlib
import secrets
import signal
import sys
import threading
import time
import urllib.request

import rig_lab as lab

sys.path.insert(0, str(lab.FAKES))
from tasks import TASKS  # noqa: E402

IDS = [task.id for task in TASKS]
TOKEN = "kill-test-"  # begins the name of each model here, which its children have as an argument
PERIOD = 0.05  # of the census, in seconds
Life = collections.namedtuple("Life", "pid ticks")


def stat(pid):
    """(state, parent, start ticks); nothing where there is no such process."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    fields = text[text.rindex(")") + 2:].split()
    return fields[0], int(fields[1]), int(fields[19])


def is_alive(life):
    found = stat(life.pid)
    return bool(found) and found[0] not in "ZX" and found[2] == life.ticks


def look_around(word):
    """(life, arguments) of each process that has `word` in its arguments."""
    for entry in os.listdir("/proc"):
        if not entry.isdecimal():
            continue
        try:
            said = pathlib.Path(f"/proc/{entry}/cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if word in said and (found := stat(entry)) and found[0] not in "ZX":
            yield Life(int(entry), found[2]), said


def processes(*words):
    """The lives of all processes that have each of these words in their arguments."""
    return [life for life, said in look_around(words[0]) if all(word in said for word in words)]


def has_cookie(pid):
    try:
        return b"ORCH_INSTANCE=" in pathlib.Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False


def kill(*lives, wait=True):
    for life in lives:
        if is_alive(life):
            os.kill(life.pid, signal.SIGKILL)
    for life in lives if wait else ():
        lab.until(f"the end of pid {life.pid}", lambda it=life: not is_alive(it))


class Census:
    """Of each kind of child of one rig: all lives, and the most that were there at once. One thread
    looks for all rigs."""

    KINDS = {"server": "openai_server.py", "harness": "harness.py"}
    asked, thread, lock = {}, None, threading.Lock()

    def __init__(self, token):
        self.token, self.looks, self.began = token, 0, time.monotonic()
        self.lives = {kind: set() for kind in self.KINDS}
        self.most = dict.fromkeys(self.KINDS, 0)
        with self.lock:
            self.asked[token] = self
            if not Census.thread:
                Census.thread = threading.Thread(target=self.look_on, daemon=True)
                Census.thread.start()

    @classmethod
    def look_on(cls):
        while True:
            began = time.monotonic()
            found = list(look_around(TOKEN))
            with cls.lock:
                for census in cls.asked.values():
                    census.count([one for one in found if census.token in one[1]])
            time.sleep(max(0, began + PERIOD - time.monotonic()))

    def count(self, mine):
        for kind, word in self.KINDS.items():
            there = [life for life, said in mine if word in said and has_cookie(life.pid)]
            # One look takes a while: who was seen early may be gone when the last one is seen.
            there = [life for life in there if is_alive(life)]
            self.lives[kind].update(there)
            self.most[kind] = max(self.most[kind], len(there))
        self.looks += 1

    def end(self):
        with self.lock:
            self.asked.pop(self.token, None)
        return f"{self.looks / (time.monotonic() - self.began):.0f} looks a second"


class Ledger:
    """What the harness itself wrote down, outside of its run directory."""

    def __init__(self, path):
        self.path = path
        path.touch()

    def lines(self):
        return [line.split() for line in self.path.read_text().splitlines()]

    def answered(self):
        return [task for what, task in self.lines() if what == "answered"]

    def check(self, ids):
        done = set()
        for what, task in self.lines():
            lab.holds(task not in done, f"{task} is not {what} after its answer was on disk")
            if what == "answered":
                done.add(task)
        lab.equal({task for _, task in self.lines()}, set(ids), "the tasks that were asked")


class KillRig(lab.Rig):
    """One machine with a model that is kept hot, and one run on it."""

    def __init__(self, programs, pace=0.25, tasks=None, harness=()):
        super().__init__(programs)
        self.token = TOKEN + secrets.token_hex(4)
        self.pace, self.tasks = pace, tasks or IDS
        self.harness = list(harness) or ["python3", "-B", str(lab.FAKES / "harness.py")]
        self.ledger = Ledger(self.folder / "ledger")
        self.census = None

    def __exit__(self, kind, *rest):
        if self.census:
            self.census.end()
        super().__exit__(kind, *rest)

    def objects(self):
        server = [*lab.RUNTIME["spec"]["command"], "--pace", str(self.pace)]
        bench = {"harness": "scripted", "timeout": "5m", "retries": 20, "infraRetries": 20,
                 "command": [*self.harness, "--out", "$(run.dir)/out", "--model", "$(model.name)",
                             "--ledger", str(self.ledger.path)],
                 "env": [{"name": "OPENAI_BASE_URL", "value": "$(endpoint)"}],
                 "parser": {"command": ["python3", "-B", str(lab.FAKES / "parse.py"),
                                        "$(run.dir)/out"]},
                 "tasks": {"list": IDS}, "resume": {"mode": "harness"}}
        run = {"bench": "scripted", "model": self.token}
        if self.tasks != IDS:
            run["tasks"] = self.tasks
        return [{**lab.RUNTIME, "spec": {**lab.RUNTIME["spec"], "command": server}},
                lab.model(self.token), lab.deployment(self.token, self.token),
                {"apiVersion": "orch/v1", "kind": "Bench", "metadata": {"name": "scripted"},
                 "spec": bench},
                {"apiVersion": "orch/v1", "kind": "BenchRun", "metadata": {"name": self.token},
                 "spec": run}]

    def begin(self):
        self.call("init")
        self.start("--beat", "1s")
        self.join()
        self.census = Census(self.token)
        self.apply(*self.objects())

    def again(self, program="orch-agentd"):
        """The next life of a program."""
        if program == "orch-controller":
            self.start("--beat", "1s")
        else:
            self.agent = self.launch("orch-agentd", "--data-dir", self.agent_data)

    def life_of(self, process):
        return Life(process.pid, stat(process.pid)[2])

    def shims(self):
        return processes("shim\0", f"{self.agent_data}/children/")

    def servers_here(self):
        return [life for life in processes(self.token, "openai_server.py") if has_cookie(life.pid)]

    def harnesses(self):
        return [life for life in processes(self.token, "harness.py") if has_cookie(life.pid)]

    def answers(self, count):
        lab.until(f"{count} answers", lambda: len(self.ledger.answered()) >= count)

    def hot(self):
        """The life of the server that the controller says is hot, and its address."""
        found = self.get(f"modeldeployments/{self.token}")["status"]
        if found.get("phase") != "Hot":
            return None
        seen, = self.servers()
        return Life(*seen[1:]), found["endpoint"]

    def phase(self):
        return self.get(f"benchruns/{self.token}")["status"].get("phase")

    def check_scored(self):
        """The store has each task once, and the harness never did one that was answered again."""
        status, text = self.ask("GET", f"benchruns/{self.token}/samples")
        lab.equal(status, 200, "the samples")
        rows = [json.loads(line) for line in text.splitlines()]
        scored = sorted(row["task"] for row in rows if row["outcome"] != "error")
        lab.equal(scored, sorted(self.tasks), "scored tasks in the store")
        self.ledger.check(self.tasks)

    def check_census(self, servers):
        rate = self.census.end()
        lab.equal(self.census.most["server"], 1, "servers at once")
        lab.holds(self.census.most["harness"] <= 1, f"harnesses at once: {self.census.most}")
        lab.equal(len(self.census.lives["server"]), servers, "lives of the server")
        return f"{rate}, at most 1 server and 1 harness at once, servers in all: {servers}"


def check_health(endpoint):
    with urllib.request.urlopen(endpoint.removesuffix("/v1") + "/health", timeout=10) as answer:
        lab.equal(answer.status, 200, "health of the server")
