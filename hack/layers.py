#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may include whom. This table is the architecture; a room or a library that is not in it is
refused until somebody decides where it belongs. Runs as the test `layers`."""

import pathlib
import re
import sys

import source

AGENT = ["base", "api", "wire", "agentd/core"]
CONTROLLER = ["base", "api", "wire", "reconcilers", "controller/core"]

# A room may include itself and these. The longest name that fits a file is its room.
ROOMS = {
    "base": [],
    "api": ["base"],
    "wire": ["base"],
    "reconcilers": ["base", "api"],
    "controller/core": ["base", "api", "reconcilers"],
    "controller/store": ["base", "api", "reconcilers", "controller/core"],
    "controller/server": CONTROLLER,
    **{f"controller/{part}": CONTROLLER for part in ("gitops", "pki", "live")},
    "controller": CONTROLLER + ["controller/*"],
    "agentd/core": ["base", "api"],
    **{f"agentd/{part}": AGENT for part in ("process", "docker", "probe", "facts", "journal",
                                            "harness", "gateway", "link")},
    "agentd": AGENT + ["agentd/*"],
    "cli": ["base", "api", "wire"],
    "dashboard": ["base"],
    # The simulator runs the real cores and the real store, and of the wire only its bytes.
    "tests/sim": ["base", "api", "reconcilers", "controller/core", "controller/store",
                  "agentd/core", "wire/http1.hpp", "wire/message.hpp"],
    "tests": ["*"],
}

# Decisions are functions of what they are given: no clock, no disk, no luck, no operating system.
PURE = ["reconcilers", "controller/core", "agentd/core"]
FORBIDDEN = {
    "reconcilers": ["api/codec/", "base/clock.hpp", "base/file.hpp", "base/dice.hpp"],
    "controller/core": ["base/clock.hpp", "base/file.hpp"],
    "agentd/core": ["base/clock.hpp", "base/file.hpp"],
    "tests/sim": ["base/clock.hpp"],
}

# A library has one home, never in a header: (include, files, product files at most; 0: any).
LIBRARIES = [
    ("boost/beast", r"wire/\w+\.cpp", 2),
    ("boost/asio", r"wire/\w+\.cpp", 6),
    ("boost/", r"wire/\w+\.cpp", 6),
    ("openssl/", r"wire/\w+\.cpp", 0),
    ("spdlog/", r"base/log\.cpp", 1),
    ("rapidjson/", r"api/codec/json\w*\.cpp", 1),
    ("yaml-cpp/", r"api/codec/yaml\w*\.cpp", 1),
    ("sqlite3.h", r"(controller/store/\w+|tests/sim/disk/\w+|tests/unit/controller/\w+)\.cpp", 1),
    ("git2", r"controller/gitops/\w+\.cpp", 1),
    ("CLI/", r"(cli|controller|agentd)/\w+\.cpp|tests/(.+/)?\w*main\.cpp", 0),
    ("gtest/", r"tests/.+", 0), (("grpcpp/", "etcd.grpc"), r"tests/bench/etcd_client\.cpp", 0),
]
WHOLE = ("boost/asio.hpp", "boost/beast.hpp")  # seconds in each file that has them
SYSTEM = re.compile(r"(sys|netinet|net|arpa|linux|mach|libkern)/[\w/]+\.h|[a-z]+\.h")


def room_of(path):
    """The room of a file, or nothing for one outside of the house."""
    fits = [room for room in ROOMS if str(path).startswith(room + "/")]
    return max(fits, key=len, default=None)


def rule_of(path):
    """The room, and what it may include. A room's tests see what the room sees, and the room."""
    room = room_of(path)
    parts = pathlib.PurePath(path).parts
    if parts[:2] == ("tests", "unit") and len(parts) > 3 and parts[2] in ROOMS:
        tested = parts[2]
        return f"tests/unit/{tested}", ROOMS[tested] + [tested, tested + "/*", "tests"]
    return room, ROOMS.get(room, [])


def allows(allowed, room, target):
    return any(
        entry in ("*", room, target) or (entry.endswith("/*") and room.startswith(entry[:-1]))
        for entry in allowed
    )


def check_ours(root, path, name):
    here, allowed = rule_of(path)
    if not (root / name).is_file():
        return "there is no such file; name it from the root, as in \"base/text.hpp\""
    there = room_of(name)
    if there is None:
        return "it lies outside of the house"
    if there != room_of(path) and not allows(allowed, there, name):
        return f"{here} may include only {', '.join(sorted({*allowed, here}))}"
    bans = [ban for ban in FORBIDDEN.get(here, []) if name.startswith(ban)]
    return f"{here} decides from what it is given: {bans[0]} is not for it" if bans else None


def check_foreign(path, name, users):
    if name in WHOLE:
        return "include the parts that are used; the whole costs seconds in each file"
    for prefix, home, most in LIBRARIES:
        if not name.startswith(prefix):
            continue
        if not re.fullmatch(home, str(path)):
            return f"{prefix} has its home in {home}; go through that room's own interface"
        users.setdefault((prefix, most), set()).add(str(path))
        return None
    if SYSTEM.fullmatch(name):
        return f"{room_of(path)} is pure: no operating system" if room_of(path) in PURE else None
    return None if re.fullmatch(r"[a-z_0-9]+", name) else "an unknown library: give it a home here"


def check_links(root, complain):
    """A target links only rooms that its own room may include."""
    targets = list(source.targets_of(root))
    rooms = {name: room_of(first) for _, name, first, _ in targets}
    for path, name, first, uses in targets:
        here, allowed = rule_of(first)
        for use in uses:
            there = rooms.get(use, here)
            if there != here and not allows(allowed, there, there):
                complain(f"{path}:1: {name} links {use}: {here} may link only {', '.join(allowed)}")


def main():
    root = source.root_asked_for(__doc__)
    complaints, users, count = [], {}, 0
    for path in source.files(root, source.CPP):
        count += 1
        if room_of(path) is None:
            complaints.append(f"{path}:1: this folder is no room of the house: add it to ROOMS")
            continue
        for line, name, ours in source.includes_of(source.text_of(root / path)):
            why = check_ours(root, path, name) if ours else check_foreign(path, name, users)
            if why:
                complaints.append(f"{path}:{line}: includes {name}: {why}")
    for (prefix, most), having in users.items():
        product = sorted(path for path in having if not path.startswith("tests/"))
        if 0 < most < len(product):
            complaints.append(f"{product[-1]}:1: {prefix} is in {len(product)} files, {most} may")
    check_links(root, complaints.append)
    print("\n".join(complaints) or f"layers: {count} files, every include and link as agreed")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
