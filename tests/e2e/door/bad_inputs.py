# SPDX-License-Identifier: Apache-2.0
"""The forty bad inputs as data: what is sent, how it must end, and a piece of what must be said.
Who runs them looks after each row that nothing has moved."""

import concurrent.futures
import json

import rig as house
from played_agent import REPORT

MODEL = """\
apiVersion: orch/v1
kind: Model
metadata: {name: NAME}
spec: {source: {file: /models/x.gguf}, minMemory: 1Mi, runtimes: [{runtime: rt}]}
"""
GROUP = "apiVersion: orch/v1\nkind: MachineGroup\nmetadata: {name: g}\nspec: {members: [MEMBERS]}\n"
RUN = "apiVersion: orch/v1\nkind: BenchRun\nmetadata: {name: n}\nspec: {bench: b, model: m, MORE}\n"
BENCH = ("apiVersion: orch/v1\nkind: Bench\nmetadata: {name: n}\n"
         "spec: {command: [x], parser: {builtin: jsonl}, MORE}\n")
RUNTIME = ("apiVersion: orch/v1\nkind: Runtime\nmetadata: {name: n}\n"
           "spec: {engine: custom, driver: process, command: [/bin/true], port: PORT}\n")
MODELS = "/apis/orch/v1/models"
POST = "POST /apis/orch/v1/models HTTP/1.1\r\nHost: h\r\n"


class Row:
    """One bad input in its variants; `moves`: writes that must come of it, and no more;
    None: it may say something new."""

    def __init__(self, number, surface, title, *tries, moves=0, absent=None):
        self.number, self.surface, self.title = number, surface, title
        self.tries, self.moves, self.absent = tries, moves, absent


class Try:
    def __init__(self, what, send, code, says=""):
        self.what, self.send, self.code, self.says = what, send, code, says


def model(name="x"):
    return MODEL.replace("NAME", name)


def apply(what, manifest, says, code=65, *flags):
    return Try(what, lambda lab: lab.orch("apply", "-f", "-", *flags, stdin=manifest), code, says)


def accepted(what, manifest, says):
    """Good after all: checked by the server as if it were applied."""
    return apply(what, manifest, says, 0, "--dry-run=server")


def named(name, says="metadata.name: "):
    return apply(f"name {name!r}", MODEL.replace("NAME", json.dumps(name)), says)


def ask(what, method, path, body, code, says="", stranger=False, **more):
    return Try(what, lambda lab: lab.ask(method, path, body, **more,
                                         who=lab.nobody if stranger else None), code, says)


def body(what, raw, says, code=400):
    return ask(what, "POST", MODELS, raw, code, says)


def as_box(what, method, path, content, code, says=""):
    """`content` and `path` may be made of the lab."""
    def send(lab):
        text = content(lab) if callable(content) else content
        where = path(lab) if callable(path) else path
        return lab.ask(method, where, text, who=lab.box)
    return Try(what, send, code, says)


def report(what, code, says="", path=REPORT, **changed):
    return as_box(what, "POST", path, lambda lab: lab.report(**changed), code, says)


def sample(what, code, says="", uid=None, **changed):
    line = {"task": "a", "outcome": "pass", "score": 1, "attempt": 1, **changed}
    return as_box(what, "POST", lambda lab: lab.samples_path(uid), json.dumps(line), code, says)


def raw(what, head, code=400, tail=""):
    """Refused and closed with one answer: the request that follows would store something."""
    smuggled = json.dumps({"metadata": {"name": "smuggled"},
                           "spec": {"source": {"file": "/x"}, "minMemory": "1Mi",
                                    "runtimes": [{"runtime": "rt"}]}})
    second = f"{POST}Content-Type: application/json\r\nContent-Length: {len(smuggled)}\r\n\r\n"

    def send(lab):
        answer = lab.say((head + tail + second + smuggled).encode("latin-1"))
        if answer.text.count("HTTP/1.1 ") != 1 or "Connection: close" not in answer.text:
            return house.Answer(0, "not one answer that closes: " + answer.text)
        return answer
    return Try(what, send, code)


def get(what, target, code, head="", says=""):
    return Try(what, lambda lab: lab.say(
        f"GET {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{head}\r\n".encode("latin-1")),
        code, says)


def cli(what, words, code, says="", **options):
    return Try(what, lambda lab: lab.orch(*words, **options), code, says)


def many(what, count, send, wanted):
    """The same from `count` sides at once; `wanted`: how often each status must come."""
    def ask_all(lab):
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            codes = sorted(a.code for a in pool.map(lambda _: send(lab), range(count)))
        found = {code: codes.count(code) for code in codes}
        return house.Answer(0 if found == wanted else 1, str(found))
    return Try(what, ask_all, 0)


def bomb(levels=9):
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    for i in range(1, levels):
        lines.append(f"a{i}: &a{i} [" + ",".join([f"*a{i - 1}"] * 9) + "]")
    return "\n".join(lines) + "\n"


# What these would be said to does not exist yet; each becomes a row with tries when it does.
ABSENT = [
    Row(31, "git", "URLs that are commands", absent="git: manifests come from files only"),
    Row(32, "git", "trees with links, modules, bombs", absent="git: manifests come from files only"),
    Row(33, "git", "histories that go back", absent="git: manifests come from files only"),
    Row(34, "gateway", "endpoints that lead elsewhere",
        absent="agentd/gateway: an endpoint is what an agent started on its own machine"),
    Row(38, "docker", "containers with labels of others",
        absent="agentd/docker: the agent starts processes only"),
]
