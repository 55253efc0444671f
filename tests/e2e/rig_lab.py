# SPDX-License-Identifier: Apache-2.0
"""A controller and an agent as real processes in a folder of their own, asked over HTTPS."""

import argparse
import base64
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
import time

FAKES = pathlib.Path(__file__).resolve().parents[1] / "fakes"
API = "/apis/orch/v1/"


def arguments(doc):
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="folder of the programs")
    return parser.parse_args()


def until(what, condition, seconds=60):
    """A level, not an edge: asks until it holds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if found := condition():
                return found
        except (subprocess.CalledProcessError, KeyError, OSError, ValueError,
                http.client.HTTPException):
            pass  # the one who would answer is not there yet
        time.sleep(0.05)
    raise SystemExit(f"{what}: not within {seconds} s")


def equal(found, wanted, what):
    if found != wanted:
        raise SystemExit(f"{what}: {found!r}, expected {wanted!r}")


def holds(condition, what):
    if not condition:
        raise SystemExit(f"does not hold: {what}")


def model(name, **labels):
    return {"apiVersion": "orch/v1", "kind": "Model", "metadata": {"name": name, "labels": labels},
            "spec": {"source": {"file": "/models/x"}, "minMemory": "64M",
                     "runtimes": [{"runtime": "scripted"}]}}


RUNTIME = {"apiVersion": "orch/v1", "kind": "Runtime", "metadata": {"name": "scripted"}, "spec": {
    "engine": "custom", "driver": "process", "port": 0,
    "command": ["python3", "-B", str(FAKES / "openai_server.py"), "--model", "$(model.name)",
                "--port", "$(port)"],
    "readiness": {"http": "/health", "period": "1s", "timeout": "1m"}}}


def deployment(name, of):
    return {"apiVersion": "orch/v1", "kind": "ModelDeployment", "metadata": {"name": name},
            "spec": {"model": of}}


class Rig:
    """`data` may lie on another file system; everything else is in `folder`."""

    def __init__(self, programs, data=None):
        self.bin = programs.resolve()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="orch-rig-"))
        self.data = data or self.folder / "controller"
        self.agent_data = self.folder / "agent"
        self.controller = self.agent = None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None and self.controller and self.controller.poll() is None:
            for plural in ("machines", "modeldeployments"):
                for item in self.ask("GET", plural)[1].get("items", []):
                    print(f"--- {plural}/{item['metadata']['name']}\n{json.dumps(item['status'])}")
        for process in (self.controller, self.agent):
            if process and process.poll() is None:
                process.kill()
                process.wait()
        if self.agent_data.exists():
            subprocess.run([self.bin / "orch-agentd", "--data-dir", self.agent_data, "down"],
                           stderr=subprocess.DEVNULL, check=False, timeout=60)
        if kind is not None:
            for log in self.folder.glob("*.log"):
                print(f"--- {log.name}\n{log.read_text(errors='replace')[-4000:]}")
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, *words, code=0):
        """stdout and stderr of a call of the controller's program that must end with `code`."""
        done = subprocess.run([self.bin / "orch-controller", "--data-dir", self.data, *words],
                              capture_output=True, text=True, check=False, timeout=120)
        equal(done.returncode, code, f"exit of {words}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def launch(self, program, *words):
        with open(self.folder / f"{program}.log", "a", encoding="utf-8") as log:
            process = subprocess.Popen([self.bin / program, *words], text=True, stderr=log,
                                       stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        said = process.stdout.readline()
        holds(said.startswith("ready "), f"{program} is ready (said {said!r}: {self.log(program)})")
        return process

    def log(self, program="orch-controller"):
        return (self.folder / f"{program}.log").read_text(errors="replace")

    def start(self, *flags):
        """At the address where it was before, so that agents find it again."""
        where = getattr(self, "port", 0)
        self.controller = self.launch("orch-controller", "--data-dir", self.data, "run",
                                      "--listen", f"127.0.0.1:{where}", *flags)
        self.connect()

    def connect(self):
        text = (self.data / "admin.kubeconfig").read_text()
        found = dict(re.findall(r"([\w-]+-data|server): *\"?([^\s\"]+)", text))
        self.context = ssl.create_default_context(
            cadata=base64.b64decode(found["certificate-authority-data"]).decode())
        pair = self.folder / "client.pem"
        pair.touch(mode=0o600)
        pair.write_bytes(base64.b64decode(found["client-certificate-data"])
                         + base64.b64decode(found["client-key-data"]))
        self.context.load_cert_chain(pair)
        self.url = found["server"]
        self.port = int(self.url.rsplit(":", 1)[1])

    def connection(self):
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context, timeout=20)

    def ask(self, method, path, body=None):
        """(status, answer)"""
        connection = self.connection()
        connection.request(method, path if path.startswith("/") else API + path,
                           json.dumps(body) if body is not None else None,
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text.decode()

    def get(self, path):
        status, found = self.ask("GET", path)
        equal(status, 200, f"GET {path}: {found}")
        return found

    def apply(self, *objects):
        status, said = self.ask("POST", "batch?fieldManager=test",
                                {"kind": "List", "apiVersion": "v1", "items": list(objects)})
        equal(status, 200, f"apply: {said}")

    def end(self, how=signal.SIGTERM):
        self.controller.send_signal(how)
        code = self.controller.wait(timeout=20)
        self.controller = None
        return code

    def join(self, machine="box1"):
        token = self.call("token", "--machine", machine).strip()
        self.agent = self.launch("orch-agentd", "--data-dir", self.agent_data, "--controller",
                                 self.url, "--name", machine, "--join", token)

    def servers(self):
        """(deployment, pid, start ticks) of each server that some agent sees."""
        return sorted((seen["deployment"], seen["pid"], seen["startTicks"])
                      for machine in self.get("machines")["items"]
                      for seen in machine["status"].get("processes", []) if seen.get("pid"))

    def condition(self, path, kind):
        for found in self.get(path)["status"].get("conditions", []):
            if found["type"] == kind:
                return found
        return {}
