#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The scorecard: how large each room is, how well it is tested and explained, and what is longer
than we aim for. It judges nothing; hack/tidy.py holds the limits."""

import argparse
import pathlib
import subprocess
import sys

import source

AIMS = {".cpp": 300, ".hpp": 120}
STOPS = {".cpp": 600, ".hpp": 200}
FUNCTION_AIM, FUNCTION_STOP = 30, 70
ROOMS = ["base", "api", "wire", "reconcilers", "controller", "agentd", "cli"]


def room_of(path):
    """Tests count for the room that they test."""
    if path.parts[:2] == ("tests", "unit"):
        return path.parts[2]
    return "/".join(path.parts[:2]) if path.parts[0] == "tests" else path.parts[0]


def count(text):
    """Lines of code, and lines that hold a comment."""
    code = source.code_of(text).split("\n")
    lines = text.split("\n")
    written = sum(1 for line in code if line.strip())
    comments = sum(1 for full, bare in zip(lines, code)
                   if "//" in full.replace("://", "") and len(bare) < len(full))
    return written, comments


class Room:
    def __init__(self):
        self.files = self.code = self.comments = self.tests = self.longest = 0


def table(rooms):
    print(f"{'room':<14}{'files':>6}{'code':>8}{'tests':>8}{'tests:code':>12}{'comments':>10}"
          f"{'longest function':>18}")
    for name in sorted(rooms, key=lambda n: (ROOMS.index(n) if n in ROOMS else len(ROOMS), n)):
        room = rooms[name]
        ratio = f"{room.tests / room.code:.2f}" if room.code else "-"
        share = f"{100 * room.comments / (room.code + room.comments):.0f} %" if room.code else "-"
        print(f"{name:<14}{room.files:>6}{room.code:>8}{room.tests:>8}{ratio:>12}{share:>10}"
              f"{room.longest:>18}")
    product = [room for name, room in rooms.items() if not name.startswith("tests")]
    code, tests = sum(r.code for r in product), sum(r.tests for r in rooms.values())
    print(f"{'all':<14}{sum(r.files for r in product):>6}{code:>8}{tests:>8}"
          f"{tests / max(code, 1):>12.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=source.HOME)
    root = parser.parse_args().root
    rooms, long_files, long_functions = {}, [], []
    for path in source.files(root, source.CPP):
        text = source.text_of(root / path)
        room = rooms.setdefault(room_of(path), Room())
        written, comments = count(text)
        if path.parts[0] == "tests":
            room.tests += written
        else:
            room.files += 1
            room.code += written
            room.comments += comments
        lines = text.count("\n")
        if lines > AIMS[path.suffix]:
            long_files.append((lines, str(path), lines > STOPS[path.suffix]))
        for name, first, length in source.functions_of(text):
            if path.parts[0] != "tests":
                room.longest = max(room.longest, length)
            if length > FUNCTION_AIM:
                long_functions.append((length, f"{path}:{first} {name}", length > FUNCTION_STOP))

    table(rooms)
    for what, found in [("files", long_files), ("functions", long_functions)]:
        over = sum(stop for *_, stop in found)
        print(f"\n{what} over the aim: {len(found)}, over the stop: {over}; the longest:")
        for lines, where, stop in sorted(found, reverse=True)[:10]:
            print(f"{lines:7}  {where}{'   over the stop' if stop else ''}")
    build = root / "build/dev"
    if (build / ".ninja_log").is_file():
        print("\nslowest to compile in the last dev build:", flush=True)
        subprocess.run([sys.executable, root / "hack/profile-build.py", build], check=False)


if __name__ == "__main__":
    main()
