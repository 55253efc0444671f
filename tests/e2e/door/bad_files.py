# SPDX-License-Identifier: Apache-2.0
"""Row 39: what a program finds on its disk. It says so, ends, and leaves every byte as it was."""

import pathlib
import shutil
import sqlite3

import rig as house
from bad_inputs import Row, Try

PAGE = 4096


def fresh(lab):
    """A data directory of a cluster that has never served."""
    folder = lab.folder / "spare"
    if not folder.exists():
        made = house.run(lab.bin / "orch-controller", "--data-dir", folder, "init")
        if made.code:
            raise SystemExit(made.text)
    copy = lab.folder / "harmed"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy, symlinks=True)
    copy.chmod(0o700)
    return copy


def bytes_of(folder):
    """Every file with its content, but for what a start may write before it looks at the store."""
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name not in ("lock", "state.db-wal", "state.db-shm")}


def harmed(what, code, says, harm, *call):
    """The store is harmed, then a controller is started on it."""
    def send(lab):
        folder = fresh(lab)
        harm(folder / "state.db")
        before = bytes_of(folder)
        answer = house.run(lab.bin / "orch-controller", "--data-dir", folder, *(call or (
            "run", "--listen", "127.0.0.1:0")), env=lab.env)
        changed = sorted(set(before.items()) ^ set(bytes_of(folder).items()))
        if changed:
            return house.Answer(0, f"changed: {[name for name, _ in changed]}; {answer.text}")
        return answer
    return Try(what, send, code, says)


def flipped(page):
    def harm(path):
        content = bytearray(path.read_bytes())
        content[page * PAGE] ^= 0x40
        path.write_bytes(content)
    return harm


def newer(path):
    with sqlite3.connect(path) as store:
        store.execute("PRAGMA user_version = 1000000")
    store.close()


def linked(path):
    real = path.with_name("elsewhere.db")
    path.rename(real)
    path.symlink_to(real)


def foreign_log(path):
    """The write-ahead log of another store."""
    other = path.with_name("other.db")
    store = sqlite3.connect(other, isolation_level=None)
    store.execute("PRAGMA journal_mode = WAL")
    store.execute("CREATE TABLE t (x)")
    store.execute("INSERT INTO t VALUES (1)")
    shutil.copy(f"{other}-wal", f"{path}-wal")
    path.with_name("state.db-wal").chmod(0o600)
    store.close()
    for left in path.parent.glob("other.db*"):
        left.unlink()


def agent(what, code, says, harm):
    """The agent's own folder, made by a join and then harmed."""
    def send(lab):
        folder = lab.copy_of_agent()
        harm(folder)
        return house.run(lab.bin / "orch-agentd", "--data-dir", folder, env=lab.env)
    return Try(what, send, code, says)


def put(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def opened(name):
    return lambda folder: (folder / name).chmod(0o666) if name else folder.chmod(0o777)


ROWS = [
    Row(39, "files", "what lies on the disk",
        harmed("an empty store", 78, "state.db", lambda path: path.write_bytes(b"")),
        harmed("a text", 78, "state.db", lambda path: path.write_text("hello\n" * 1000)),
        harmed("half a store", 78, "state.db",
               lambda path: path.write_bytes(path.read_bytes()[:PAGE * 3 + 100])),
        *[harmed(f"a bit of page {page + 1}", 78, "state.db", flipped(page))
          for page in range(8)],
        harmed("a newer version", 78, "version", newer),
        harmed("others may write", 77, "state.db", lambda path: path.chmod(0o666)),
        harmed("a link", 77, "state.db", linked),
        harmed("none", 78, "", pathlib.Path.unlink),
        harmed("a folder", 77, "is open to others", lambda path: (path.unlink(), path.mkdir())),
        harmed("another one's log", 78, "it is no store of orch", foreign_log),
        harmed("init where there is one", 78, "", lambda path: None, "init"),
        agent("half a membership", 78, "membership.json", put("membership.json", b'{"schema": 1,')),
        agent("a membership that others may read", 77, "membership.json", opened("membership.json")),
        agent("notes that are none", 78, "notes", put("state.json", b"\xff\xff\xff\xff")),
        agent("notes of 4 GB by their own word", 78, "notes",
              put("state.json", b'{"life":4294967295,"machine":["')),
        agent("notes of another machine", 78, "not of this one",
              put("state.json", b'{"schema":1,"machine":"box9","cluster":"x"}')),
        agent("a folder that others may write", 77, "agent", opened(""))),
]
