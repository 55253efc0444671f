#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Leaves processes behind that mean to outlive it, and becomes the harness whose arguments follow:
one in its own group, one in a session of its own, one in a session and without any environment.
FILE gets "PID START" of each, and "overlap" if one of an earlier call is still there."""

import os
import pathlib
import sys

HARNESS = pathlib.Path(__file__).with_name("harness.py")


def start_of(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text[text.rindex(")") + 2:].split()
    return fields[19] if fields[0] not in "ZX" else None


def leave_behind(file, own_session, env):
    """Its parent ends at once, so that it belongs to whoever takes orphans."""
    middle = os.fork()
    if middle:
        os.waitpid(middle, 0)
        return
    if own_session:
        os.setsid()
    if os.fork():
        os._exit(0)
    with open(file, "a", encoding="utf-8") as out:
        out.write(f"{os.getpid()} {start_of(os.getpid())}\n")
    os.execve("/bin/sleep", ["sleep", "1000"], env)


def main():
    file = pathlib.Path(sys.argv[1])
    known = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
    if any(start_of(pid) == start for pid, start in (pair for pair in known if len(pair) == 2)):
        file.write_text(file.read_text() + "overlap\n")
    leave_behind(file, False, dict(os.environ))
    leave_behind(file, True, dict(os.environ))
    leave_behind(file, True, {})
    os.execv(sys.executable, [sys.executable, "-B", str(HARNESS), *sys.argv[2:]])


if __name__ == "__main__":
    main()
