# SPDX-License-Identifier: Apache-2.0
"""A real controller in a folder of its own, people and machines that ask it, and what must stand
still while they ask for what cannot be."""

import base64
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import time

NEVER = 60  # seconds; whoever waits so long waits in vain


class Answer:
    """What came back: an HTTP status or an exit code, and all the text."""

    def __init__(self, code, text=""):
        self.code, self.text = code, text

    def json(self):
        return json.loads(self.text)


def until(what, condition, seconds=NEVER):
    """A level, not an edge: asks until it holds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise SystemExit(f"{what}: not within {seconds} s")


def run(*argv, **options):
    """A program to its end; its exit code, stdout and stderr."""
    done = subprocess.run(list(map(str, argv)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=NEVER, check=False, **options)
    return Answer(done.returncode, done.stdout.decode(errors="replace"))


def resident(pid):
    """Bytes that a process has in memory."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


class Identity:
    """Who asks: a file with certificate and key, or nobody."""

    def __init__(self, ca, pair=None):
        self.ca, self.pair = ca, pair

    def context(self):
        context = ssl.create_default_context(cafile=self.ca)
        if self.pair:
            context.load_cert_chain(self.pair)
        return context


class Rig:
    def __init__(self, bin_folder, *flags, program="orch-controller"):
        self.bin = pathlib.Path(bin_folder).resolve()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="orch-rig-"))
        self.data = self.folder / "d"
        self.config = self.data / "admin.kubeconfig"
        self.log = self.folder / "controller.log"
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.folder),
                    "ORCH_KUBECONFIG": str(self.config)}
        self.children = []
        made = run(self.bin / program, "--data-dir", self.data, "init")
        if made.code:
            raise SystemExit(made.text)
        with open(self.log, "w", encoding="utf-8") as log:
            self.server = self.start(self.bin / program, "--data-dir", self.data, "run", "--listen",
                                     "127.0.0.1:0", *flags, stdout=subprocess.PIPE, stderr=log)
        ready = self.server.stdout.readline().decode()
        if not ready.startswith("ready https://"):
            raise SystemExit(f"no controller: {ready!r}\n{self.log.read_text()}")
        self.host = ready.split("//")[1].strip()
        self.admin = self.identity_of(self.config)
        self.nobody = Identity(self.admin.ca)

    def start(self, *argv, **options):
        """A program that runs until the rig is taken down."""
        child = subprocess.Popen(list(map(str, argv)), env=self.env, stdin=subprocess.DEVNULL,
                                 **options)
        self.children.append(child)
        return child

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print(f"--- the controller's last words\n{self.log.read_text()[-4000:]}")
        for child in reversed(self.children):
            if child.poll() is None:
                child.terminate()
                try:
                    child.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- who

    def file(self, name, content=b"", mode=0o600):
        """A file of this rig's folder, with that content."""
        path = self.folder / name
        path.unlink(missing_ok=True)
        path.touch(mode=mode)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def identity_of(self, kubeconfig):
        text = pathlib.Path(kubeconfig).read_text(encoding="utf-8")
        found = {name: base64.b64decode(data)
                 for name, data in re.findall(r"([\w-]+)-data: *\"?([^\s\"]+)", text)}
        name = pathlib.Path(kubeconfig).name
        ca = self.file(f"{name}.ca", found["certificate-authority"])
        pair = self.file(f"{name}.pem", found["client-certificate"] + found["client-key"])
        return Identity(ca, pair)

    def token(self, machine, *more):
        made = run(self.bin / "orch-controller", "--data-dir", self.data, "token", "--machine",
                   machine, *more)
        if made.code:
            raise SystemExit(made.text)
        return made.text.strip()

    def new_request(self, *more, subject="/CN=box",
                    algorithm=("ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
        """A certificate request with a key of its own, as OpenSSL makes them."""
        key = self.folder / "request.key"
        made = run("openssl", "req", "-new", "-newkey", *algorithm, "-nodes", "-keyout", key,
                   "-subj", subject, *more)
        if made.code:
            raise SystemExit(made.text)
        return made.text[made.text.index("-----BEGIN CERTIFICATE REQUEST"):], key

    def join(self, machine):
        request, key = self.new_request()
        answer = self.enrolled = self.enroll(self.token(machine), request)
        if answer.code != 200:
            raise SystemExit(answer.text)
        return Identity(self.admin.ca, self.file(
            f"{machine}.pem", answer.json()["certificate"].encode() + key.read_bytes()))

    # ---- asking

    def ask(self, method, path, body=None, who=None, headers=None):
        """One request on a connection of its own."""
        host, port = self.host.split(":")
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        headers = dict(headers or {})
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPSConnection(
            host, int(port), context=(who or self.admin).context(), timeout=NEVER)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode(errors="replace"))
        finally:
            connection.close()

    def enroll(self, token, request):
        return self.ask("POST", "/agent/v1/enroll", {"token": token, "request": request},
                        who=self.nobody)

    def socket(self, who=None):
        """A TLS connection for what no well-behaved client would say."""
        host, port = self.host.split(":")
        raw = socket.create_connection((host, int(port)), timeout=NEVER)
        return (who or self.admin).context().wrap_socket(raw, server_hostname=host)

    def say(self, raw, who=None):
        """Says these bytes and hears until the server closes."""
        with self.socket(who) as connection:
            connection.sendall(raw)
            return hear(connection)

    def orch(self, *words, stdin=b"", env=None, **options):
        words = [self.bin / "orch", *words]
        return run(*words, env={**self.env, **(env or {})},
                   input=stdin if isinstance(stdin, bytes) else stdin.encode(), **options)

    def apply(self, manifest, *flags, expected=0):
        answer = self.orch("apply", "-f", "-", *flags, stdin=manifest)
        if answer.code != expected:
            raise SystemExit(f"apply: {answer.code} {answer.text}")
        return answer

    # ---- what must stand still

    def revision(self):
        return int(self.ask("GET", "/apis/orch/v1/models").json()["metadata"]["resourceVersion"])

    def changes(self):
        """The last revision of the change log."""
        lines = self.ask("GET", "/changes?from=0").text.splitlines()
        return json.loads(lines[-1])["revision"] if lines else 0

    def processes(self):
        """Everything that descends from the programs of this rig, by pid."""
        parents = {}
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                stat = (process / "stat").read_text()
            except OSError:
                continue  # gone meanwhile
            parents[int(process.name)] = int(stat.rpartition(")")[2].split()[1])
        ours = {child.pid for child in self.children if child.poll() is None}
        found = set(ours)
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found

    def memory(self):
        """Resident bytes of the controller."""
        return resident(self.server.pid)

    def alive(self):
        return self.server.poll() is None and self.ask("GET", "/livez", who=self.nobody).code == 200


def hear(connection):
    """All that comes until the other side closes; the status is that of the first answer."""
    heard = b""
    try:
        while block := connection.recv(65536):
            heard += block
    except (ConnectionResetError, ssl.SSLError):
        pass  # a reset is an end too
    status = re.match(rb"HTTP/1\.1 (\d{3})", heard)
    return Answer(int(status[1]) if status else 0, heard.decode(errors="replace"))
