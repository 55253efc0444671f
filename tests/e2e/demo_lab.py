# SPDX-License-Identifier: Apache-2.0
"""Runs hack/demo in a state folder of its own and looks at what it left running."""

import argparse
import base64
import http.client
import json
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Demo:
    def __init__(self, arguments):
        self.bin = arguments.bin.resolve()
        self.still = arguments.still
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="orch-demo-test-"))
        self.state = self.folder / "state"
        self.env = {**os.environ, "ORCH_BIN": str(self.bin), "ORCH_DEMO_DIR": str(self.state),
                    "ORCH_KUBECONFIG": str(self.state / "controller/admin.kubeconfig")}

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            for log in ("controller.log", "agent.log"):
                if (self.state / log).exists():
                    print(f"--- {log}\n{(self.state / log).read_text()[-4000:]}")
        self.run("--down", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *flags, check=True):
        """What hack/demo prints, and how long it takes."""
        print(f"--- hack/demo {' '.join(flags)}", flush=True)
        began, said = time.monotonic(), ""
        with subprocess.Popen([ROOT / "hack/demo", *flags], env=self.env, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as process:
            for line in process.stdout:
                print(line, end="", flush=True)
                said += line
        took = time.monotonic() - began
        print(f"--- exit {process.returncode} after {took:.1f} s", flush=True)
        if check and process.returncode:
            sys.exit("the demo failed")
        return said, took

    def orch(self, *words):
        return json.loads(subprocess.run([self.bin / "orch", *words, "-o", "json"], env=self.env,
                                         check=True, stdout=subprocess.PIPE).stdout)

    def attempts(self):
        return {run["metadata"]["name"]: run["status"]["attempt"]
                for run in self.orch("get", "benchruns")["items"]}

    def servers(self):
        """(deployment, pid, start ticks) of each model server that the agents see."""
        return sorted((seen["deployment"], seen["pid"], seen["startTicks"])
                      for machine in self.orch("get", "machines")["items"]
                      for seen in machine["status"].get("processes", []))

    def revision(self):
        """The store's revision: that of a list, whatever is in it."""
        text = pathlib.Path(self.env["ORCH_KUBECONFIG"]).read_text()
        found = dict(re.findall(r"([\w-]+-data|server): *\"?([^\s\"]+)", text))
        context = ssl.create_default_context(
            cadata=base64.b64decode(found["certificate-authority-data"]).decode())
        pair = self.folder / "client.pem"
        pair.touch(mode=0o600)
        pair.write_bytes(base64.b64decode(found["client-certificate-data"])
                         + base64.b64decode(found["client-key-data"]))
        context.load_cert_chain(pair)
        host, port = found["server"].removeprefix("https://").split(":")
        connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=10)
        connection.request("GET", "/apis/orch/v1/machines")
        return json.load(connection.getresponse())["metadata"]["resourceVersion"]

    def check_still(self):
        before = self.revision()
        time.sleep(self.still)
        equal(self.revision(), before, f"the revision after {self.still} s")

    def left(self):
        """Processes that have this demo's folder in their arguments or environment."""
        mark, out = os.fsencode(self.folder), []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes()
                if mark in words or mark in (process / "environ").read_bytes():
                    out.append((process.name, words.replace(b"\0", b" ").decode(errors="replace")))
            except OSError:
                pass  # gone meanwhile, or not ours
        return [entry for entry in out if int(entry[0]) != os.getpid()]


def equal(found, wanted, what):
    if found != wanted:
        sys.exit(f"{what}: {found!r}, expected {wanted!r}")


def holds(condition, what):
    if not condition:
        sys.exit(f"does not hold: {what}")


def arguments(doc):
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="folder of the programs")
    parser.add_argument("--still", type=float, default=60,
                        help="seconds for which nothing may be written after a demo")
    return parser.parse_args()


def check_second(demo, *flags):
    """A demo on a rig that has its result: quick, starts nothing, writes nothing."""
    servers, attempts = demo.servers(), demo.attempts()
    holds(servers, "a model server runs after the demo")
    _, took = demo.run(*flags)
    holds(took < 20, f"the second demo takes less than 20 s (it took {took:.1f})")
    equal(demo.servers(), servers, "servers after the second demo")
    equal(demo.attempts(), attempts, "attempts after the second demo")
    demo.check_still()
    equal(demo.servers(), servers, "servers after a while")


def check_down(demo):
    demo.run("--down")
    equal(demo.left(), [], "processes after --down")
