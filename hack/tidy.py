#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a line of this project never says, and what it says instead. Runs as the test `tidy`."""

import re
import sys

import source

WORLDLY = r"(wire/|controller/(?!core/)|agentd/(?!core/)|cli/|tests/(?!sim/))"
CORE = r"(base|api|reconcilers|controller/core|agentd/core|tests/sim)/"
ANY = r""

# (rule, where it holds, where it does not, what is banned in code, what to do instead)
BANS = [
    ("clock", ANY, r"base/clock\.cpp|tests/unit/base/",
     r"\b(system|steady|high_resolution|utc)_clock\b|\b(clock_gettime|gettimeofday)\b"
     r"|\btime\((nullptr|NULL|0|&)",
     "take `now` as an argument; shells call base::steady_now() or base::wall_now()"),
    ("luck", ANY, r"(?!)",
     r"\b(random_device|mt19937(_64)?|\w+_distribution|shuffle|random_shuffle)\b|\bs?rand(om)?\(",
     "use base::Dice with a seed of its own: the same seed gives the same run everywhere"),
    ("sleep", ANY, r"(?!)", r"\b(u|nano|clock_nano)?sleep(_for|_until)?\(|\bthis_thread\b",
     "wait for an event or a deadline: wire's loop in shells, virtual time in tests"),
    ("getenv", ANY, r"(.*/)?main\.cpp|cli/kubeconfig\.cpp", r"\b(secure_)?getenv\(",
     "read the environment in main and pass the value"),
    ("thread", ANY, r"base/hooks|wire/|controller/(?!core/)|agentd/(?!core/)|tests/(?!sim/)",
     r"\bstd::(j?thread|\w*mutex|condition_variable\w*|lock_guard|\w+_lock|async|call_once)\b",
     "cores own no thread and no lock: values in, values out"),
    ("unordered", CORE, r"(?!)", r"\bunordered_\w+",
     "use map, set or a sorted vector: the order of iteration is output"),
    ("heavy", ANY, WORLDLY + r"|tests/", r"\bstd::(w?regex|cout|cerr|filesystem)\b"
     r"|#include <(regex|iostream|filesystem)>",
     "base/text.hpp, base/log.hpp and base/file.hpp are for this; the header costs a second"),
    ("catch", ANY, r"(.*/)?main\.cpp|wire/(loop|server|client)\.cpp", r"\bcatch \(\.\.\.\)",
     "catch what the library throws, by type; only roots of threads and sessions catch all"),
    ("using", r".*\.hpp", r"(?!)", r"\busing namespace\b", "write the names out in headers"),
    ("owner", ANY, r"(?!)", r"\bnew\b\s+[\w:(]|(?<!= )\bdelete\b\s*(\[\]\s*)?[\w(*]",
     "values, then std::unique_ptr own things"),
    ("shell", ANY, r"(?!)", r"(?<![\w.>])(std::|::)?(system|popen)\(",
     "start programs by their argument list, never by a shell"),
]
CODE = [(rule, re.compile(where), re.compile(no), re.compile(ban), instead)
        for rule, where, no, ban, instead in BANS]

# The words are put together here so that this file does not break its own rules.
MARKS = [
    ("mark", re.compile(r"\b" + "FIX" + r"ME\b"), "mend it now or file it"),
    ("mark", re.compile(r"\bTO" + r"DO\b(?!\(#\d+\))"), "name its issue: TO" + "DO(#12)"),
    ("blank", re.compile(r"[ \t]+$"), "no blanks at the end of a line"),
    ("place", re.compile(r'"resolved": *"https?://|index' + r"-url|(^|[^.a-zA-Z0-9_])/(work|farm)/"
                         r"|registry\.np" + r"mjs|pypi\.o" + r"rg|pythonho" + "sted"),
     "a path of one machine or a package registry's host: take it from a setting"),
    ("place", re.compile(r"(^|[^.\w])/(home|root|Users)/\w"), "no home of one person: use $HOME"),
]
TAB = ("blank", re.compile(r"\t"), "indent with blanks")
TEXT = {".cpp", ".hpp", ".py", ".sh", ".cmake", ".txt", ".md", ".yaml", ".yml", ".json", ""}
SPDX = "// SPDX-License-Identifier: Apache-2.0"
COLUMNS, CPP_LINES, FUNCTION_LINES, SCRIPT_LINES = 100, 600, 70, 150

# (file, rule, a piece of the line, why it may stay)
ALLOWED = [
    ("tests/bench/stopwatch.cpp", "clock", "steady_clock::now",
     "benches measure microseconds, base::Instant counts milliseconds"),
]


def is_script(path):
    return path.parts[0] == "hack" and (path.suffix == ".py" or not path.suffix)


def check_lines(path, text):
    script = is_script(path)
    for number, line in enumerate(text.split("\n"), 1):
        for rule, banned, instead in MARKS + [TAB] * (path.suffix in source.CPP or script):
            if banned.search(line):
                yield number, rule, line, instead
        if (path.suffix in source.CPP or script) and len(line) > COLUMNS:
            yield number, "long", line, f"{len(line)} columns, {COLUMNS} may"
    lines = text.count("\n")
    most = SCRIPT_LINES if script else CPP_LINES if path.suffix in source.CPP else lines
    if lines > most:
        yield 1, "long", "", f"{lines} lines, {most} may: what is the second thing in it?"
    if text and not text.endswith("\n"):
        yield lines + 1, "blank", "", "the last line has no end"


def check_code(path, text):
    for number, line in enumerate(source.code_of(text).split("\n"), 1):
        for rule, where, no, banned, instead in CODE:
            if where.match(str(path)) and not no.match(str(path)) and banned.search(line):
                yield number, rule, text.split("\n")[number - 1], instead
    for name, first, lines in source.functions_of(text):
        if lines > FUNCTION_LINES:
            yield first, "long", name, f"{name} has {lines} lines, {FUNCTION_LINES} may"
    head = text.split("\n", 2)
    if head[0] != SPDX:
        yield 1, "head", "", f"the first line is `{SPDX}`"
    if path.suffix == ".hpp" and (len(head) < 2 or head[1] != "#pragma once"):
        yield 2, "head", "", "the second line of a header is `#pragma once`"


def check_own_header(root, path, text):
    """Own header first: so each build proves that the header compiles alone."""
    own = path.with_suffix(".hpp")
    first = next((name for _, name, _ in source.includes_of(text)), None)
    if path.suffix == ".cpp" and (root / own).is_file() and first != str(own):
        yield 2, "head", "", f'the first include is "{own}"'


def check_named(root, paths):
    """Every source is built: some CMakeLists.txt above it names it."""
    lists = {p.parent: source.text_of(root / p) for p in paths if p.name == "CMakeLists.txt"}
    for path in paths:
        if path.suffix == ".cpp" and not any(
                re.search(rf"(?<![\w/.]){re.escape(str(path.relative_to(above)))}(?![\w.])",
                          lists.get(above, "")) for above in path.parents):
            yield path, 1, "unbuilt", "", "no CMakeLists.txt above it names it"
    for folder, text in lists.items():
        if re.search(r"\bGLOB", text):
            yield folder / "CMakeLists.txt", 1, "unbuilt", "", "name the sources, no GLOB"


def main():
    root = source.root_asked_for(__doc__)
    paths = source.files(root)
    found = list(check_named(root, paths))
    for path in paths:
        text = source.text_of(root / path) if path.suffix in TEXT else None
        if text is None or path.parts[0] == ".ci":
            continue
        found += [(path, *rest) for rest in check_lines(path, text)]
        if path.suffix in source.CPP:
            found += [(path, *rest) for rest in check_code(path, text)]
            found += [(path, *rest) for rest in check_own_header(root, path, text)]
    kept = [entry for entry in found
            if not any((str(entry[0]), entry[2]) == allowed[:2] and allowed[2] in entry[3]
                       for allowed in ALLOWED)]
    for path, number, rule, _, instead in kept:
        print(f"{path}:{number}: [{rule}] {instead}")
    if not kept:
        print(f"tidy: {len(paths)} files, nothing to say")
    return 1 if kept else 0


if __name__ == "__main__":
    sys.exit(main())
