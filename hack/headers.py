#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone, which a build of joined files (unity) does not prove. Only those
that changed, or include what did, since the last time are compiled (the cache is a file of hashes).
Runs as the test `headers_alone`."""

import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile

import source

FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-x", "c++"]


def closure(root, header):
    """The header and all of ours that it includes, in turn."""
    seen, todo = set(), [str(header)]
    while todo:
        name = todo.pop()
        if name in seen or not (root / name).is_file():
            continue
        seen.add(name)
        todo += [n for _, n, ours in source.includes_of(source.text_of(root / name)) if ours]
    return sorted(seen)


def hash_of(root, header, compiler):
    digest = hashlib.sha256(f"{compiler} {FLAGS}".encode())
    for name in closure(root, header):
        digest.update(name.encode() + b"\0" + (root / name).read_bytes())
    return digest.hexdigest()


def compile_alone(root, header, compiler):
    """What the compiler says, empty when it is content. Twice: `#pragma once` must hold too."""
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as file:
        file.write(f'#include "{header}"\n#include "{header}"\n')
        file.flush()
        run = subprocess.run([compiler, *FLAGS, f"-I{root}", file.name], capture_output=True,
                             text=True, check=False)
    return "" if run.returncode == 0 else run.stderr or f"{compiler} ended with {run.returncode}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=source.HOME)
    parser.add_argument("--compiler", default="c++")
    parser.add_argument("--cache", type=pathlib.Path, required=True)
    options = parser.parse_args()
    root = options.root
    known = set(options.cache.read_text().split()) if options.cache.is_file() else set()

    headers = source.files(root, {".hpp"})
    hashes = {h: hash_of(root, h, options.compiler) for h in headers}
    todo = [h for h in headers if hashes[h] not in known]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        said = dict(zip(todo, pool.map(lambda h: compile_alone(root, h, options.compiler), todo)))

    good = {hashes[h] for h in headers if not said.get(h)}
    options.cache.write_text("\n".join(sorted(good)) + "\n")
    bad = {h: text for h, text in said.items() if text}
    for header, text in bad.items():
        print(f"{header}:1: does not compile alone:\n{text}")
    if not bad:
        print(f"headers: {len(headers)}, {len(todo)} compiled now")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
