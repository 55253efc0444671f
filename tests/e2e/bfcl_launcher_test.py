#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hack/demo.d/bfcl.py asks exactly what it is told. BFCL itself is played by a package of the same
names that writes what it was asked for; nothing is downloaded."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

LAUNCHER = pathlib.Path(__file__).resolve().parents[2] / "hack/demo.d/bfcl.py"
KNOWN = {"simple_python": ["simple_python_0", "simple_python_1"],
         "live_simple": ["live_simple_0-0-0", "live_simple_1-1-0"]}

# As BFCL does with --run-ids: what test_case_ids_to_generate.json names and no file answers yet.
CLI = '''
import json, os, pathlib
def cli(arguments, standalone_mode):
    root = pathlib.Path(os.environ["BFCL_PROJECT_ROOT"])
    ids = json.loads((root / "test_case_ids_to_generate.json").read_text())
    with open(root / "asked", "a") as asked:
        asked.write(json.dumps(ids) + "\\n")
    for category, tasks in ids.items():
        path = root / "result/m/non_live" / f"BFCL_v4_{category}_result.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        there = path.read_text() if path.exists() else ""
        with open(path, "a") as file:
            for task in tasks:
                if f'"{task}"' in there:
                    continue
                file.write(json.dumps({"id": task, "result": os.environ["SAYS"]}) + "\\n")
'''
STUBS = {
    "__init__": "", "__main__": CLI, "utils": "sort_key = lambda entry: entry['id']",
    "constants/__init__": "",
    "constants/model_config": "MODEL_CONFIG_MAPPING = {}\nModelConfig = dict",
    "model_handler/__init__": "", "model_handler/api_inference/__init__": "",
    "model_handler/api_inference/openai_completion": "class OpenAICompletionsHandler: pass",
}


class Lab:
    def __init__(self, folder):
        self.folder = folder
        for name, text in STUBS.items():
            path = folder / f"packages/bfcl_eval/{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for category, ids in KNOWN.items():
            path = folder / f"packages/bfcl_eval/data/BFCL_v4_{category}.json"
            path.parent.mkdir(exist_ok=True)
            path.write_text("".join(json.dumps({"id": task}) + "\n" for task in ids))
        (folder / "ids.json").write_text(json.dumps(KNOWN))

    def generate(self, told=None, says="an answer", ids=True):
        """(exit code, what it said, what BFCL was asked for)"""
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(self.folder / "packages"),
               "BFCL_PROJECT_ROOT": str(self.folder / "out"), "OPENAI_BASE_URL": "http://x/v1",
               "SAYS": says}
        if told is not None:
            (self.folder / "tasks.txt").write_text(told)
            env["ORCH_TASKS_FILE"] = str(self.folder / "tasks.txt")
        words = ["--ids", str(self.folder / "ids.json")] if ids else []
        done = subprocess.run([sys.executable, "-B", LAUNCHER, "generate", "--model", "m", *words],
                              env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        asked = self.folder / "out/asked"
        last = json.loads(asked.read_text().splitlines()[-1]) if asked.exists() else None
        asked.unlink(missing_ok=True)
        return done.returncode, done.stdout, last


def equal(found, wanted, what):
    if found != wanted:
        sys.exit(f"{what}: {found!r}, expected {wanted!r}")


def check(lab):
    some = {"live_simple": ["live_simple_1-1-0"], "simple_python": ["simple_python_0"]}
    told = "live_simple_1-1-0\nsimple_python_0\n"
    code, said, asked = lab.generate(told, "Error during inference: no route")
    equal((code, asked), (0, some), "what it is told to do")
    equal("0 of 2 tasks answered, 2 broken" in said, True, said)
    code, said, asked = lab.generate(told, ids=False)
    equal((code, asked), (0, some), "what broke is asked again, and no list is needed")
    equal("2 of 2 tasks answered, 0 broken" in said, True, said)
    code, said, asked = lab.generate()
    equal((code, asked), (0, KNOWN), "nothing is told: the whole list")
    for bad, why in (("simple_python_7\n", "BFCL's simple_python has no simple_python_7"),
                     ("poetry_1\n", "BFCL's poetry has no poetry_1"), ("", "names no task")):
        code, said, asked = lab.generate(bad)
        equal((code, asked, why in said), (1, None, True), f"{bad!r}: {said}")
    equal(lab.generate(ids=False)[0], 2, "neither a file nor a list")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="orch-bfcl-test-") as name:
        check(Lab(pathlib.Path(name)))
