#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A lint that has stopped biting looks like a clean tree. Here each rule meets a line that breaks
it, in a small tree made for the purpose, and must name exactly these lines and no other."""

import contextlib
import importlib
import io
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

HACK = pathlib.Path(__file__).resolve().parents[2] / "hack"
sys.path.insert(0, str(HACK))
HEAD = "// SPDX-License-Identifier: Apache-2.0\n"
ONCE = HEAD + "#pragma once\n"


def run(tool, tree, *more):
    """Lays `tree` (path: text) in a folder and runs the tool on it: exit code, what it said."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in tree.items():
            file = pathlib.Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        said = io.StringIO()
        with contextlib.redirect_stdout(said), \
                mock.patch.object(sys, "argv", [tool, "--root", folder, *more]):
            code = importlib.import_module(tool).main()
        return code, said.getvalue()


def named(tree):
    """The tree with a CMakeLists.txt that names every source."""
    sources = " ".join(path for path in tree if path.endswith(".cpp"))
    return {**tree, "CMakeLists.txt": f"x(SOURCES {sources})\n"}


class Layers(unittest.TestCase):
    HEADERS = ["base/text.hpp", "base/clock.hpp", "base/file.hpp", "api/machine.hpp",
               "api/codec/json.hpp", "wire/server.hpp", "wire/http1.hpp", "reconcilers/plan.hpp",
               "controller/core/loop.hpp", "controller/store/sqlite.hpp",
               "controller/server/door.hpp", "agentd/core/agent.hpp", "agentd/probe/port.hpp",
               "cli/print.hpp", "tests/support/lab.hpp"]

    def said(self, path, *includes, cmake=""):
        tree = {name: ONCE for name in self.HEADERS}
        tree[path] = "\n" * 4 + "".join(f"#include {name}\n" for name in includes)
        return run("layers", {**tree, "CMakeLists.txt": cmake})

    def test_what_runs_down_the_stairs_is_fine(self):
        for path, name in [
            ("api/x.cpp", "base/text.hpp"), ("reconcilers/x.cpp", "api/machine.hpp"),
            ("controller/core/x.cpp", "api/codec/json.hpp"), ("cli/x.cpp", "wire/server.hpp"),
            ("controller/main.cpp", "controller/server/door.hpp"),
            ("agentd/main.cpp", "agentd/probe/port.hpp"),
            ("agentd/probe/x.cpp", "agentd/core/agent.hpp"),
            ("tests/unit/agentd/x_test.cpp", "agentd/probe/port.hpp"),
            ("tests/unit/api/x_test.cpp", "tests/support/lab.hpp"),
            ("tests/sim/x.cpp", "wire/http1.hpp"), ("tests/e2e/x.cpp", "cli/print.hpp"),
        ]:
            with self.subTest(path=path, name=name):
                self.assertEqual(self.said(path, f'"{name}"')[0], 0)

    def test_what_runs_up_or_sideways_is_refused(self):
        for path, name, why in [
            ("base/x.cpp", "api/machine.hpp", "base may include only base"),
            ("api/x.cpp", "wire/server.hpp", "api may include only api, base"),
            ("wire/x.hpp", "api/machine.hpp", "wire may include only base, wire"),
            ("reconcilers/x.cpp", "wire/server.hpp", "reconcilers may include only"),
            ("reconcilers/scheduling/x.cpp", "api/codec/json.hpp", "api/codec/ is not for it"),
            ("reconcilers/x.cpp", "base/clock.hpp", "base/clock.hpp is not for it"),
            ("controller/core/x.cpp", "wire/http1.hpp", "controller/core may include only"),
            ("controller/core/x.cpp", "controller/store/sqlite.hpp", "may include only"),
            ("controller/core/x.cpp", "base/file.hpp", "base/file.hpp is not for it"),
            ("controller/store/x.cpp", "controller/server/door.hpp", "may include only"),
            ("controller/main.cpp", "agentd/core/agent.hpp", "controller may include only"),
            ("agentd/core/x.cpp", "wire/server.hpp", "agentd/core may include only"),
            ("agentd/core/x.cpp", "agentd/probe/port.hpp", "agentd/core may include only"),
            ("agentd/probe/x.cpp", "reconcilers/plan.hpp", "agentd/probe may include only"),
            ("cli/x.cpp", "controller/core/loop.hpp", "cli may include only"),
            ("tests/sim/x.cpp", "wire/server.hpp", "tests/sim may include only"),
            ("tests/unit/api/x_test.cpp", "wire/server.hpp", "tests/unit/api may include only"),
            ("base/x.cpp", "text.hpp", "there is no such file"),
            ("base/x.cpp", "base/none.hpp", "there is no such file"),
        ]:
            with self.subTest(path=path, name=name):
                code, said = self.said(path, "<string>", f'"{name}"')
                self.assertEqual(code, 1)
                self.assertIn(f"{path}:6: includes {name}: ", said)
                self.assertIn(why, said)

    def test_a_library_stays_at_home(self):
        for path, name, why in [
            ("cli/x.cpp", "boost/asio/io_context.hpp", "its home in wire"),
            ("wire/x.hpp", "boost/asio/io_context.hpp", "its home in wire"),
            ("wire/x.cpp", "boost/asio.hpp", "include the parts that are used"),
            ("base/text.cpp", "spdlog/spdlog.h", "its home in base"),
            ("api/codec/yaml.cpp", "rapidjson/reader.h", "its home in api"),
            ("api/codec/json.cpp", "yaml-cpp/yaml.h", "its home in api"),
            ("controller/core/x.cpp", "sqlite3.h", "its home in"),
            ("agentd/x.cpp", "openssl/ssl.h", "its home in wire"),
            ("base/x.cpp", "gtest/gtest.h", "its home in tests"),
            ("base/x.cpp", "fmt/format.h", "an unknown library"),
            ("reconcilers/x.cpp", "unistd.h", "reconcilers is pure"),
            ("agentd/core/x.cpp", "sys/stat.h", "agentd/core is pure"),
        ]:
            with self.subTest(path=path, name=name):
                code, said = self.said(path, f"<{name}>")
                self.assertEqual(code, 1)
                self.assertIn(f"{path}:5: includes {name}: ", said)
                self.assertIn(why, said)
        for path, name in [("wire/x.cpp", "boost/asio/post.hpp"), ("base/log.cpp", "spdlog/logger.h"),
                           ("agentd/probe/x.cpp", "sys/socket.h"), ("cli/main.cpp", "CLI/CLI.hpp")]:
            with self.subTest(path=path, name=name):
                self.assertEqual(self.said(path, f"<{name}>", "<vector>")[0], 0)

    def test_a_library_stays_in_few_files(self):
        files = {f"wire/f{i}.cpp": "#include <boost/asio/post.hpp>\n" for i in range(7)}
        code, said = run("layers", files)
        self.assertEqual(code, 1)
        self.assertIn("boost/asio is in 7 files, 6 may", said)

    def test_links_follow_the_same_table(self):
        rooms = {"base/CMakeLists.txt": "room(base SOURCES a.cpp)\n",
                 "wire/CMakeLists.txt": "room(wire SOURCES a.cpp USES base)\n"}
        good = {**rooms, "cli/CMakeLists.txt": "program(orch SOURCES main.cpp USES wire base)\n"}
        self.assertEqual(run("layers", good)[0], 0)
        bad = {**rooms, "api/CMakeLists.txt": "room(api\n  SOURCES a.cpp USES base wire)\n"}
        code, said = run("layers", bad)
        self.assertEqual(code, 1)
        self.assertIn("api/CMakeLists.txt:1: api links wire: api may link only base", said)

    def test_a_new_folder_needs_a_place(self):
        code, said = run("layers", {"util/x.cpp": ""})
        self.assertEqual(code, 1)
        self.assertIn("util/x.cpp:1: this folder is no room of the house", said)


class Tidy(unittest.TestCase):
    def check(self, path, body, rule, head=None):
        """Rule None: nothing to say. Else exactly one complaint, in the last line of the body."""
        head = head if head is not None else ONCE if path.endswith(".hpp") else HEAD
        text = head + body + "\n"
        code, said = run("tidy", named({path: text}))
        found = re.findall(r"^(\S+?):(\d+): \[(\w+)\]", said, re.M)
        wanted = [(path, str(text.count("\n")), rule)] if rule else []
        with self.subTest(path=path, body=body):
            self.assertEqual((found, code), (wanted, 1 if rule else 0), said)

    def test_what_a_line_never_says(self):
        for path, body, rule in [
            ("wire/x.cpp", "auto t = std::chrono::steady_clock::now();", "clock"),
            ("cli/x.cpp", "auto t = ::time(nullptr);", "clock"),
            ("agentd/x.cpp", "clock_gettime(CLOCK_REALTIME, &t);", "clock"),
            ("base/x.cpp", "std::random_device seed;", "luck"),
            ("base/x.cpp", "std::uniform_int_distribution<int> d;", "luck"),
            ("base/x.cpp", "int r = std::rand();", "luck"),
            ("tests/unit/x.cpp", "std::shuffle(a.begin(), a.end(), g);", "luck"),
            ("tests/unit/x.cpp", "std::this_thread::yield();", "sleep"),
            ("agentd/x.cpp", "usleep(100);", "sleep"),
            ("agentd/x.cpp", "auto home = std::getenv(\"HOME\");", "getenv"),
            ("base/x.cpp", "std::mutex m;", "thread"),
            ("controller/core/x.hpp", "std::thread t;", "thread"),
            ("tests/sim/x.cpp", "std::lock_guard l(m);", "thread"),
            ("reconcilers/x.hpp", "std::unordered_map<int, int> m;", "unordered"),
            ("api/x.cpp", "#include <regex>", "heavy"),
            ("controller/core/x.cpp", "std::filesystem::path p;", "heavy"),
            ("base/x.cpp", "std::cerr << 1;", "heavy"),
            ("cli/x.cpp", "catch (...) {}", "catch"),
            ("cli/x.hpp", "using namespace base;", "using"),
            ("cli/x.cpp", "auto* p = new Thing(1);", "owner"),
            ("cli/x.cpp", "delete p;", "owner"),
            ("cli/x.cpp", "delete[] p;", "owner"),
            ("agentd/x.cpp", "int r = std::system(line);", "shell"),
            ("agentd/x.cpp", "auto* f = popen(line, mode);", "shell"),
            ("base/x.cpp", "// FIX" + "ME: wrong", "mark"),
            ("base/x.cpp", "// TO" + "DO: later", "mark"),
            ("base/x.cpp", "int a; ", "blank"),
            ("base/x.cpp", "\tint a;", "blank"),
            ("base/x.cpp", "// " + "x" * 98, "long"),
            ("base/x.cpp", 'auto p = "' + "/wo" + 'rk/main";', "place"),
        ]:
            self.check(path, body, rule)
        for path, body in [("docs/x.md", "see " + "/ho" + "me/anna/x"),
                           ("docs/x.json", '"resolved": ' + '"https://x"')]:
            self.check(path, body, "place", head="")

    def test_what_only_looks_like_it(self):
        for path, body in [
            ("base/clock.cpp", "::clock_gettime(clock, &t);"),
            ("base/x.cpp", "// the steady_clock never sleeps; new code, delete old; std::mutex"),
            ("base/x.cpp", "auto s = \"std::mutex and new Thing\";"),
            ("base/x.cpp", "auto s = R\"(std::mutex\nnew Thing)\";"),
            ("base/x.hpp", "Thing(const Thing&) = delete;"),
            ("base/x.cpp", "int big = 1'000'000; auto c = 'x'; auto newest = deleted;"),
            ("base/x.cpp", "auto c = std::system_category();"),
            ("base/x.cpp", "// TO" + "DO(#12): later"),
            ("cli/main.cpp", "auto home = std::getenv(\"HOME\");\ncatch (...) {}"),
            ("cli/kubeconfig.cpp", "auto home = std::getenv(\"HOME\");"),
            ("wire/x.cpp", "std::mutex m; std::unordered_map<int, int> n; std::regex r;"),
            ("wire/loop.cpp", "catch (...) {}"),
            ("cli/x.cpp", "using namespace base;"),
            ("docs/x.md", "see work/main, ../work/x and https://example.org/workshop"),
        ]:
            self.check(path, body, None, head="" if path.startswith("docs/") else None)

    def test_lengths(self):
        body = "".join(f"  x({i});\n" for i in range(69))
        for name, text, rule in [
            ("a function at its limit", f"void f() {{\n{body[:-9]}}}\n", None),
            ("a function", f"void f() {{\n{body}}}\n", "3"),
            ("a method", f"struct S {{\n  void f() const {{\n{body}  }}\n}};\n", "4"),
            ("a constructor", f"S::S()\n    : a_{{1}},\n      b_(2) {{\n{body}}}\n", "3"),
            ("a test", f"TEST(Some, Thing) {{\n{body}}}\n", "3"),
            ("a table", f"const int kAll[] = {{\n{body}}};\n", None),
            ("a class", f"class C {{\n{body}}};\n", None),
            ("a lambda in one", f"void f() {{\n  g([] {{\n{body}  }});\n}}\n", "3"),
        ]:
            with self.subTest(name):
                code, said = run("tidy", named({"base/x.cpp": HEAD + "\n" + text}))
                found = re.findall(r"^base/x.cpp:(\d+): \[long\]", said, re.M)
                self.assertEqual((found, code), ([rule], 1) if rule else ([], 0), said)
        for path, lines in [("base/x.cpp", 600), ("hack/x.py", 150), ("hack/x", 150)]:
            with self.subTest(path):
                self.assertEqual(run("tidy", named({path: HEAD + "\n" * (lines - 1)}))[0], 0)
                self.assertIn("[long]", run("tidy", named({path: HEAD + "\n" * lines}))[1])

    def test_heads_and_ends(self):
        for path, text, place in [
            ("base/x.cpp", "int a;\n", "base/x.cpp:1: [head]"),
            ("base/x.hpp", HEAD + "int a;\n", "base/x.hpp:2: [head]"),
            ("base/x.cpp", HEAD + "int a;", "base/x.cpp:2: [blank]"),
        ]:
            self.assertIn(place, run("tidy", named({path: text}))[1])
        other = {"base/x.hpp": ONCE, "base/x.cpp": HEAD + '#include <string>\n#include "base/x.hpp"\n'}
        self.assertIn("base/x.cpp:2: [head]", run("tidy", named(other))[1])

    def test_every_source_is_built(self):
        tree = {"base/x.cpp": HEAD, "base/sub/y.cpp": HEAD}
        cmake = {"base/CMakeLists.txt": "room(base SOURCES x.cpp sub/y.cpp)\n"}
        self.assertEqual(run("tidy", {**tree, **cmake})[0], 0)
        cmake = {"base/CMakeLists.txt": "room(base SOURCES xx.cpp y.cpp)\n"}
        code, said = run("tidy", {**tree, **cmake})
        self.assertEqual(code, 1)
        self.assertIn("base/x.cpp:1: [unbuilt]", said)
        self.assertIn("base/sub/y.cpp:1: [unbuilt]", said)
        cmake = {"base/CMakeLists.txt": "file(GLOB all *.cpp)\n"}
        self.assertIn("base/CMakeLists.txt:1: [unbuilt]", run("tidy", {**tree, **cmake})[1])


class Headers(unittest.TestCase):
    def test_a_header_stands_on_its_own(self):
        good = {"a/good.hpp": "#pragma once\n#include <string>\ninline std::string f() { return {}; }\n"}
        bad = {"a/bad.hpp": "#pragma once\ninline std::string f() { return {}; }\n"}
        twice = {"a/twice.hpp": "struct S {};\n"}
        # A .cpp that includes it first proves nothing: it may be joined behind others.
        joined = {**bad, "a/bad.cpp": '#include "a/bad.hpp"\n'}
        for tree, code in [(good, 0), (bad, 1), (twice, 1), (joined, 1)]:
            with self.subTest(sorted(tree)), tempfile.TemporaryDirectory() as folder:
                cache = str(pathlib.Path(folder, "cache"))
                for _ in range(2):  # a failure is not remembered as a success
                    got, said = run("headers", tree, "--cache", cache)
                    self.assertEqual(got, code, said)
                self.assertIn(f"{len(tree)}" if code else "0 compiled now", said)


class Format(unittest.TestCase):
    def test_a_line_out_of_shape_is_named(self):
        for text, code in [("int a;\n", 0), ("int  a;\n", 1)]:
            with self.subTest(text), tempfile.TemporaryDirectory() as folder:
                pathlib.Path(folder, "hack").mkdir()
                for name in ("hack/format", ".clang-format"):
                    shutil.copy(HACK.parent / name, pathlib.Path(folder, name))
                pathlib.Path(folder, "x.cpp").write_text(text)
                done = subprocess.run([pathlib.Path(folder, "hack/format"), "--check"],
                                      capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode != 0, code != 0, done.stderr)
                self.assertEqual("x.cpp:1:" in done.stderr, code != 0)


if __name__ == "__main__":
    unittest.main()
