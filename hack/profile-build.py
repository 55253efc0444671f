#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The ten files that took longest to compile, from Ninja's log. Ends with 1 when one took more than
the budget. It is no test: the log holds wall time, which other work on the machine stretches, and a
compiler cache shortens; for a verdict run `CCACHE_DISABLE=1 ninja -C build/dev -j1` first."""

import argparse
import pathlib
import sys

import source

BUDGET = 15.0  # seconds a file; a person waits for every one of them


def compile_times(log):
    """{object: seconds} of the last time each was built."""
    times = {}
    for line in log.read_text().split("\n")[1:]:
        parts = line.split("\t")
        if len(parts) >= 5 and parts[3].endswith(".o"):
            times[parts[3]] = (int(parts[1]) - int(parts[0])) / 1000
    return times


def source_of(object_name):
    """`api/CMakeFiles/api.dir/kinds.cpp.o` is api/kinds.cpp. In a build of joined files it is
    api/Unity/unity_0_cxx.cxx, which names them; `-DCMAKE_UNITY_BUILD=OFF` shows each."""
    folder, _, rest = object_name.partition("CMakeFiles/")
    return folder + rest.split(".dir/", 1)[-1].removesuffix(".o")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path, nargs="?", default=source.HOME / "build/dev")
    log = parser.parse_args().build / ".ninja_log"
    if not log.is_file():
        print(f"there is no {log}: build first, or name the build folder", file=sys.stderr)
        return 64
    times = sorted(((s, source_of(o)) for o, s in compile_times(log).items()), reverse=True)
    for taken, name in times[:10]:
        print(f"{taken:7.1f} s  {name}{'   over the budget' if taken > BUDGET else ''}")
    total = sum(seconds for seconds, _ in times)
    print(f"{total:7.1f} s  all {len(times)} files; {BUDGET:.0f} s each may take")
    return 1 if times and times[0][0] > BUDGET else 0


if __name__ == "__main__":
    sys.exit(main())
