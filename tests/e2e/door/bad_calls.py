# SPDX-License-Identifier: Apache-2.0
"""Rows 23 and 24: what surrounds a call of `orch`."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios

import rig as house
from bad_inputs import Row, Try, cli, model

GIGABYTE = 1 << 30


def changed_config(lab, **changed):
    """The admin's kubeconfig with some of its lines changed."""
    text = lab.config.read_text(encoding="utf-8")
    for old, new in changed.get("replace", ()):
        text = text.replace(old(lab) if callable(old) else old, new)
    return lab.file("changed.kubeconfig", text, mode=changed.get("mode", 0o600))


def with_config(what, code, says, **changed):
    return Try(what, lambda lab: lab.orch("--kubeconfig", changed_config(lab, **changed), "get",
                                          "models"), code, says)


def other_ca(lab):
    """A kubeconfig whose CA is another cluster's."""
    other = lab.folder / "other"
    house.run(lab.bin / "orch-controller", "--data-dir", other, "init")
    ours, theirs = (next(line for line in path.read_text().splitlines()
                         if "certificate-authority-data" in line)
                    for path in (lab.config, other / "admin.kubeconfig"))
    path = changed_config(lab, replace=[(ours, theirs)])
    return lab.orch("--kubeconfig", path, "get", "models")


def expired(lab):
    """The kubeconfig of a person whose certificate ran out while we waited."""
    path = lab.folder / "expired.kubeconfig"
    made = house.run(lab.bin / "orch-controller", "--data-dir", lab.data, "kubeconfig", "--user",
                     "late", "--role", "viewers", "--ttl", "1s", path)
    if made.code:
        return made
    return house.until("the end of a certificate", lambda: refused(lab, path))


def refused(lab, path):
    answer = lab.orch("--kubeconfig", path, "get", "models")
    return answer if answer.code else None


def into(lab, path, *words):
    """stdout goes to a file that takes nothing."""
    with open(path, "wb", buffering=0) as out:
        done = subprocess.run([lab.bin / "orch", *words], env=lab.env, stdout=out, check=False,
                              stderr=subprocess.PIPE, timeout=house.NEVER)
    return house.Answer(done.returncode, done.stderr.decode())


def into_closed_pipe(lab, *words):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([lab.bin / "orch", *words], env=lab.env, stdout=write, check=False,
                          stderr=subprocess.PIPE, timeout=house.NEVER)
    os.close(write)
    return house.Answer(done.returncode, done.stderr.decode())


def in_terminal(lab, columns, *words, **env):
    """On a terminal of that width."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen([lab.bin / "orch", *words], env={**lab.env, **env}, stdin=follower,
                          stdout=follower, stderr=follower) as process:
        os.close(follower)
        text = b""
        try:
            while block := os.read(leader, 65536):
                text += block
        except OSError:
            pass  # the terminal's other side is closed
        os.close(leader)
        return house.Answer(process.wait(timeout=house.NEVER), text.decode(errors="replace"))


def no_escapes(answer):
    return house.Answer(-1, answer.text) if "\x1b" in answer.text else answer


def interrupted(lab):
    """Ctrl-C while the manifest is still being typed: half of it has come."""
    with subprocess.Popen([lab.bin / "orch", "apply", "-f", "-"], env=lab.env,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        process.stdin.write(model("half").encode() + b"---\n")
        process.stdin.flush()
        house.until("that it reads", lambda: waits_for_input(process.pid))
        process.send_signal(signal.SIGINT)
        text = process.stdout.read()
        return house.Answer(process.wait(timeout=house.NEVER), text.decode())


def waits_for_input(pid):
    try:
        return open(f"/proc/{pid}/syscall", encoding="ascii").read().startswith("0 0x0 ")
    except OSError:
        return False


def endless(lab):
    """A gigabyte that never comes to its end; the program must stop reading and stay small."""
    with subprocess.Popen([lab.bin / "orch", "apply", "-f", "-"], env=lab.env,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        sent, block = 0, b"# " + b"x" * 65533 + b"\n"
        try:
            while sent < GIGABYTE:
                sent += process.stdin.write(block)
        except BrokenPipeError:
            pass  # it has had enough
        text = process.stdout.read().decode()
        code = process.wait(timeout=house.NEVER)
    if sent > 16 << 20:
        return house.Answer(0, f"it read {sent} bytes")
    return house.Answer(code, text)


def stalled_fifo(lab):
    """A pipe whose writer says nothing: whoever waits can be interrupted."""
    path = lab.folder / "fifo"
    if not path.exists():
        os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)
    with subprocess.Popen([lab.bin / "orch", "apply", "-f", path], env=lab.env,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        os.write(writer, model("half").encode())
        house.until("that it reads", lambda: sleeps(process.pid))
        process.send_signal(signal.SIGINT)
        text = process.stdout.read()
        code = process.wait(timeout=house.NEVER)
    os.close(writer)
    return house.Answer(code, text.decode())


def sleeps(pid):
    """Blocked in read(2) of something that is no socket."""
    try:
        return open(f"/proc/{pid}/syscall", encoding="ascii").read().startswith("0 0x")
    except OSError:
        return False


def folder_of(lab, *names):
    folder = lab.folder / "manifests"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name in names:
        (folder / name).write_text(model("from-a-folder"))
    return folder


def loop_of_links(lab):
    folder = folder_of(lab)
    (folder / "a.yaml").symlink_to("b.yaml")
    (folder / "b.yaml").symlink_to("a.yaml")
    return lab.orch("apply", "-f", folder / "a.yaml")


def without(*names):
    return Try("without " + " and ".join(names), lambda lab: house.run(
        lab.bin / "orch", "get", "models",
        env={k: v for k, v in lab.env.items() if k not in names}, stdin=subprocess.DEVNULL), 64,
        "no cluster is configured")


ROWS = [
    Row(23, "CLI", "what surrounds a call",
        with_config("no server", 69, "127.0.0.1:1", replace=[(lambda lab: lab.host, "127.0.0.1:1")]),
        Try("another cluster's CA", other_ca, 77, "not signed by the CA that we trust"),
        Try("a certificate that has expired", expired, 77, "expired"),
        with_config("a key that others may read", 77, "changed.kubeconfig", mode=0o644),
        Try("a folder", lambda lab: lab.orch("--kubeconfig", lab.folder, "get", "models"), 65,
            "it is no regular file"),
        Try("a file that is not there", lambda lab: lab.orch(
            "--kubeconfig", lab.folder / "none", "get", "models"), 64, "does not exist"),
        with_config("no YAML", 65, "1:", replace=[("apiVersion", "{")]),
        without("ORCH_KUBECONFIG"),
        without("ORCH_KUBECONFIG", "HOME"),
        Try("stdin closed", lambda lab: house.run(
            "sh", "-c", 'exec "$0" apply -f - <&-', lab.bin / "orch", env=lab.env), 65, ""),
        Try("stdout full", lambda lab: into(lab, "/dev/full", "get", "models"), 74, ""),
        Try("stdout gone", lambda lab: into_closed_pipe(lab, "get", "models", "-o", "json"), 74, ""),
        Try("a terminal of one column", lambda lab: in_terminal(lab, 1, "get", "models"), 0, "m"),
        Try("NO_COLOR", lambda lab: no_escapes(in_terminal(lab, 80, "get", "run", NO_COLOR="1")),
            0, "r"),
        Try("Ctrl-C in apply", interrupted, 130),
        cli("a flag of nobody", ["get", "models", "--sauce"], 64, "--sauce"),
        cli("a command of nobody", ["frobnicate"], 64, "frobnicate"),
        cli("a kind of nobody", ["get", "sauces"], 64, "sauces"),
        cli("a name of nobody", ["get", "model", "none"], 1, "not found")),
    Row(24, "CLI", "manifests from strange places",
        cli("nothing", ["apply", "-f", "-"], 65, "no objects in -"),
        cli("only ---", ["apply", "-f", "-"], 65, "no objects in -", stdin="---\n---\n"),
        cli("binary", ["apply", "-f", "-"], 65, "", stdin=bytes(range(256)) * 16),
        Try("a stream without end", endless, 65, "more than 8388608 bytes"),
        Try("a pipe that stalls", stalled_fifo, 130),
        Try("a folder of leftovers", lambda lab: lab.orch(
            "apply", "-f", folder_of(lab, "a.yaml~", ".b.yaml", "c.txt")), 65, "no objects in"),
        Try("links in a circle", loop_of_links, 77, "too many levels of symbolic links"),
        Try("a file that is not there", lambda lab: lab.orch(
            "apply", "-f", lab.folder / "none.yaml"), 64, "none.yaml"),
        Try("a device", lambda lab: lab.orch("apply", "-f", "/dev/zero"), 65, "/dev/zero")),
]
