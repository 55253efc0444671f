# SPDX-License-Identifier: Apache-2.0
"""Reads the tree for the lints: its files, the code in them, their includes and functions."""

import argparse
import pathlib
import re

HOME = pathlib.Path(__file__).resolve().parent.parent
SKIPPED = {"build", ".git", ".cache", "node_modules", "__pycache__", ".venv"}
CPP = {".cpp", ".hpp"}


def root_asked_for(doc):
    """Each lint takes one option, the tree that it reads."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--root", type=pathlib.Path, default=HOME)
    return parser.parse_args().root


def files(root, suffixes=None):
    """All files below `root` as sorted paths relative to it; `suffixes` None means every file."""
    out = []
    todo = [pathlib.Path(root)]
    while todo:
        for entry in todo.pop().iterdir():
            if entry.name in SKIPPED or entry.is_symlink():
                continue
            if entry.is_dir():
                todo.append(entry)
            elif suffixes is None or entry.suffix in suffixes:
                out.append(entry.relative_to(root))
    return sorted(out)


def text_of(path):
    """The text, or nothing for a file that is none."""
    data = path.read_bytes()
    if b"\0" in data[:8192]:
        return None
    return data.decode("utf-8", "replace")


TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|'
    r"(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'",
    re.S,
)


def code_of(text):
    """The code alone: comments and the insides of literals are blank, lines stay where they are."""

    def blank(match):
        token = match.group(0)
        lines = "\n" * token.count("\n")
        return lines if token.startswith("/") else '""' + lines

    kept = re.sub(r'^#include "[^"\n]*"', lambda m: m.group(0).replace('"', "\1"), text, flags=re.M)
    return TOKEN.sub(blank, kept).replace("\1", '"')


def includes_of(text):
    """(line number, name, is it ours) of each include."""
    for number, line in enumerate(text.split("\n"), 1):
        found = re.match(r'#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', line)
        if found:
            yield number, found.group(1) or found.group(2), found.group(1) is not None


def targets_of(root):
    """(CMakeLists.txt, target, its first source, what it uses) of each product target."""
    call = re.compile(r"\b(?:room|program)\(\s*([\w-]+)\s+([^)]*)\)")
    for path in files(root):
        if path.name != "CMakeLists.txt" or path.parts[0] == "tests":
            continue
        for name, body in call.findall(re.sub(r"#[^\n]*", "", text_of(root / path))):
            groups = re.split(r"\b(SOURCES|USES|THIRD_PARTY|DEFINES)\b", body)
            named = dict(zip(groups[1::2], (words.split() for words in groups[2::2])))
            yield path, name, path.parent / named.get("SOURCES", ["-"])[0], named.get("USES", [])


BLOCK = re.compile(r"^(if|for|while|switch|else|do|try|catch|return|case|default)\b")
TYPE = re.compile(r"^(template\s*<.*>\s*)?(typedef\s+)?(class|struct|enum|union)\b")


def kind_of(head, outer):
    """What a brace opens: a scope that holds functions, a function, or something inside one."""
    if any(kind not in ("scope",) for kind, *_ in outer):
        return "block"
    if head.startswith(("namespace", "extern")):
        return "scope"
    if TYPE.match(head) and "(" not in re.sub(r"alignas\([^)]*\)", "", head):
        return "scope"
    if "(" in head and not BLOCK.match(head) and not re.search(r"=\s*$", head):
        return "function"
    return "block"


def name_of(head):
    found = re.search(r"([\w:~]+|operator\W+)\s*\(([^()]*)", head)
    if not found:
        return head[:40]
    if found.group(1).startswith("TEST"):
        return found.group(2).replace(", ", ".")
    return found.group(1)


def functions_of(text):
    """(name, first line, number of lines) of each function body; meant for formatted code."""
    code = re.sub(r"^#[^\n]*(\\\n[^\n]*)*", lambda m: "\n" * m.group(0).count("\n"), code_of(text),
                  flags=re.M)
    stack, line, head, first, parens = [], 1, "", 1, 0
    for at, char in enumerate(code):
        if char == "\n":
            line += 1
        if char in "()":
            parens += 1 if char == "(" else -1
        if char == "{":
            # `member_{1}` in a constructor's list, or an argument: the function is still to come.
            inner = parens > 0 or (code[at - 1] not in " \n)" and bool(head.strip()))
            kind = "inner" if inner else kind_of(head.strip(), stack)
            stack.append((kind, name_of(head), first, parens))
            if inner:
                continue
            head, parens = "", 0
        elif char == "}" and stack:
            kind, name, start, parens = stack.pop()
            if kind == "function":
                yield name, start, line - start + 1
            if kind != "inner":
                head = ""
        elif char == ";" and parens == 0:
            head = ""
        elif char == ":" and re.match(r"\s*(public|private|protected)$", head):
            head = ""
        elif not any(kind == "inner" for kind, *_ in stack):
            if not head.strip() and not char.isspace():
                first = line
            head += char
