# SPDX-License-Identifier: Apache-2.0
"""Rows 28 and 35 to 37: a real agent between a controller that is none, a model server that answers
filth and a bench that writes it."""

import contextlib
import http.server
import json
import pathlib
import ssl
import subprocess
import sys
import threading

import rig as house
from bad_inputs import Row, Try

HERE = pathlib.Path(__file__).resolve().parent
FILTH = 11  # answers at least that are none; a health check looks at the status alone
MEMORY = 128 << 20  # resident bytes of an agent, with room for a build with debug symbols


# ---- a controller that is none

class FalseController(http.server.BaseHTTPRequestHandler):
    """Gives out the lines it was told to, and takes every report."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked += 1
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for line in self.server.lines:
            data = line if isinstance(line, bytes) else json.dumps(line).encode()
            self.wfile.write(b"%x\r\n%s\n\r\n" % (len(data) + 1, data))
            self.wfile.flush()
        self.server.over.wait(house.NEVER)
        self.close_connection = True

    def do_POST(self):
        self.server.asked += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.partition("?")[0].endswith("/report"):
            self.server.report = json.loads(body)
        elif self.path.endswith("/samples"):
            self.server.samples += map(json.loads, body.splitlines())
        self.send_response(200)
        self.send_header("Content-Length", "14")
        self.end_headers()
        self.wfile.write(b'{"revision":1}')

    do_PUT = do_POST

    def log_message(self, *_):
        pass


def false_controller(pair, lines):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), FalseController)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    server.socket = context.wrap_socket(server.socket, server_side=True,
                                        do_handshake_on_connect=False)
    server.lines, server.asked, server.over = lines, 0, threading.Event()
    server.report, server.samples, server.handle_error = {}, [], lambda *_: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def server_pair(lab):
    """A certificate for loopback by the cluster's own CA: the worst that a thief could have."""
    request, key = lab.new_request("-addext", "subjectAltName=IP:127.0.0.1")
    extensions = lab.file("san", "subjectAltName=IP:127.0.0.1\n")
    made = house.run("openssl", "x509", "-req", "-CA", lab.data / "pki/ca.crt", "-CAkey",
                     lab.data / "pki/ca.pem", "-CAcreateserial", "-days", "1", "-extfile",
                     extensions, input=request.encode())
    return lab.file("false.pem", made.text[made.text.index("-----BEGIN"):].encode()
                    + key.read_bytes())


def assignment(lab, marker, **changed):
    """One server of a command that leaves a file behind."""
    epoch = {"term": {"incarnation": 1, "start": 1}, "revision": 500}
    server = {"name": marker, "uid": f"uid-{marker}", "epoch": epoch, "engine": "custom",
              "command": ["touch", str(lab.folder / f"started-{marker}")], "port": 0,
              "modelName": "m", "digest": marker}
    return {"cluster": lab.cluster, "machine": "box2", "term": {"incarnation": 1, "start": 1},
            "revision": 1000, "servers": [server], "beat": "15s", "staleAfter": "90s", **changed}


@contextlib.contextmanager
def agent_of(lab, pair, lines):
    """A real agent that obeys a false controller, and the controller."""
    for left in lab.folder.glob("started-*"):
        left.unlink()
    server = false_controller(pair, lines)
    folder = lab.copy_of_agent()
    with open(lab.folder / "agent.log", "w", encoding="utf-8") as log:
        agent = lab.start(lab.bin / "orch-agentd", "--data-dir", folder, "--controller",
                          f"https://127.0.0.1:{server.server_port}", stdout=subprocess.DEVNULL, stderr=log)
    try:
        yield server, agent
    finally:
        agent.terminate()
        agent.wait(timeout=house.NEVER)
        server.over.set()
        server.shutdown()
        server.server_close()
        house.run(lab.bin / "orch-agentd", "--data-dir", folder, "down")


def obeyed(lab, pair, lines, good=None):
    """Which of the markers the agent started once it has come to `good` (or has been refused)."""
    with agent_of(lab, pair, [*lines, *([good] if good else [])]) as (server, _):
        if good:
            house.until("what is good", (lab.folder / "started-good").exists)
        else:
            house.until("a refusal", lambda: "link.assignment_ended" in lab.agent_log())
        found = sorted(path.name.removeprefix("started-") for path in lab.folder.glob("started-*"))
        return house.Answer(0, f"started {found}, asked {server.asked > 0}; {lab.agent_log()}")


def evil_lines(lab):
    evil = assignment(lab, "evil")
    return [
        assignment(lab, "evil", machine="box1"),
        assignment(lab, "evil", cluster="another"),
        assignment(lab, "evil", term={"incarnation": 0, "start": 9}),
        assignment(lab, "evil", term={"incarnation": 1, "start": 0}, revision=10**9),
        assignment(lab, "evil", sauce=1),
        {**evil, "servers": [{**evil["servers"][0], "command": "touch x"}]},
        {**evil, "servers": [{**evil["servers"][0], "uid": ""}]},
        {**evil, "servers": evil},
        {"machine": "box2"}, [], 7,
        b'{"cluster":', b"\xff\xfe", b"[" * 100_000, b"",
    ]


# ---- a model server that answers filth

def climbs_through_filth(lab):
    """The agent's server is hot only once it answers well; nothing that came before made it large."""
    served = lab.folder / "served"
    served.mkdir()
    wanted = assignment(lab, "filthy")
    wanted["servers"][0].update(
        command=[sys.executable, str(HERE / "filthy_server.py"), "$(port)", str(served)],
        readiness={"http": "/health", "period": "10ms", "timeout": "10m"})
    early, largest = [], 0

    def hot():
        nonlocal largest
        largest = max(largest, house.resident(agent.pid))
        seen = server.report.get("processes", [])
        if not any(one["phase"] == "Hot" for one in seen):
            return False
        counts = {name: int((served / name).read_text()) for name in ("health", "models", "chat")}
        early.extend(name for name, count in counts.items()
                     if count < (4 if name == "health" else FILTH))
        return True
    with agent_of(lab, server_pair(lab), [wanted]) as (server, agent):
        house.until("a server that is hot after all", hot)
    return house.Answer(int(bool(early) or largest > MEMORY),
                        f"{early}, {largest >> 20} MB, {lab.agent_log()}")


# ---- a bench that writes it

def bench(lab, script, tasks, **changed):
    """One attempt of a run whose only step is this script, in its run directory."""
    run = {"name": "r", "uid": "uid-r", "attempt": 1, "steps": [
        {"name": "run", "command": ["sh", "-c", script]}], "parser": {"builtin": "jsonl"},
        "tasks": {"list": tasks}, "modelName": "m", "digest": "d", **changed}
    return assignment(lab, "none", servers=[], runs=[run])


def samples_of(lab, script, tasks, wanted, **changed):
    """The attempt ends, and these samples are told."""
    script = script.replace("FOLDER", str(lab.folder))
    def over():
        seen = server.report.get("runs", [])
        return seen and seen[0]["phase"] in ("Finished", "Stuck") and seen[0]
    with agent_of(lab, server_pair(lab), [bench(lab, script, tasks, **changed)]) as (server, _):
        end = house.until("the end of the attempt", over)
        found = sorted((s["task"], s["outcome"]) for s in server.samples)
    began = [path.name for path in lab.folder.glob("started-*")]
    good = found == sorted(wanted) and end["phase"] == "Finished" and not began
    return house.Answer(int(not good), f"{found} {began} {end} {lab.agent_log()}")


def told(what, script, wanted, tasks=("a", "b", "c"), **more):
    return Try(what, lambda lab: samples_of(lab, script, list(tasks), wanted, **more), 0)


def line(task, outcome="pass"):
    return json.dumps({"task": task, "outcome": outcome})


INTO = "mkdir -p out; exec >> out/samples.jsonl\n"
PASSED = [("a", "pass"), ("b", "pass"), ("c", "pass")]
ALL = f"echo '{line('a')}'; echo '{line('b')}'; echo '{line('c')}'\n"

ROWS = [
    Row(28, "to agent", "assignments that are not for it",
        Try("of others, of the past, malformed; then a good one", lambda lab: obeyed(
            lab, server_pair(lab), evil_lines(lab), assignment(lab, "good")), 0,
            "started ['good'], asked True"),
        Try("from who shows a machine's certificate", lambda lab: obeyed(
            lab, lab.box.pair, [assignment(lab, "evil")]), 0, "started [], asked False")),
    Row(35, "model server", "answers that are none",
        Try("each question answered with filth first", climbs_through_filth, 0)),
    Row(36, "bench", "samples.jsonl of a harness that is not well",
        told("as it should be", INTO + ALL, PASSED),
        told("a torn last line", INTO + ALL + "printf '{\"task\": \"a\", \"out'", PASSED),
        told("}{ and 0xFF between", INTO + "echo '}{'; printf '\\377\\n\\000\\n'\n" + ALL, PASSED),
        told("each twice", INTO + ALL + ALL, PASSED),
        told("tasks of nobody", INTO + ALL + f"echo '{line('z')}'; echo '{line('../x')}'", PASSED),
        told("a line of 1 MB", INTO + "head -c 1000000 /dev/zero | tr '\\0' x; echo\n" + ALL, PASSED),
        told("a pipe", "mkdir -p out; mkfifo out/samples.jsonl; exit 0", []),
        told("a link to a device", "mkdir -p out; ln -s /dev/zero out/samples.jsonl; exit 0", []),
        told("a folder", "mkdir -p out/samples.jsonl; exit 0", [])),
    Row(37, "bench", "nothing left to do",
        told("all is scored: no step is started", "touch FOLDER/started-again", [],
             completed=["a", "b", "c"])),
]
