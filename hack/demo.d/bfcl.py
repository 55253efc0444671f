#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs BFCL v4 against an OpenAI server: BFCL itself, with one more model in its table.

  bfcl.py generate --model NAME [--ids LIST] asks what is not answered yet
  bfcl.py evaluate --model NAME              scores what is answered
  bfcl.py version

BFCL_PROJECT_ROOT is the folder of its files, OPENAI_BASE_URL the server. ORCH_TASKS_FILE, where it
is set, names what this attempt is to do; LIST counts only where it is not. BFCL writes an error of
the server down like an answer: never asks again, and scores it (nothing decodes in an error, which
is what "irrelevance" rewards). So errors are moved out of its files, to errors/<category>.jsonl."""

import argparse
import importlib.metadata
import json
import os
import pathlib
import shutil
import signal
import sys

from bfcl_files import entries_of, ids_in, is_error, replace, result_files, take_errors_out

HERE = pathlib.Path(__file__).resolve().parent


def register(model):
    """Puts the model into BFCL's table. Imports BFCL: from here on its folder is fixed."""
    from bfcl_eval.constants import model_config
    from bfcl_eval.model_handler.api_inference.openai_completion import OpenAICompletionsHandler
    from bfcl_eval.utils import sort_key

    class Handler(OpenAICompletionsHandler):
        """BFCL's own; only the file is replaced whole instead of being written over."""

        def write(self, result, result_dir, update_mode=False):
            from bfcl_eval.utils import (extract_test_category_from_id,
                                         get_directory_structure_by_id, make_json_serializable)
            for entry in map(make_json_serializable, [result] if isinstance(result, dict)
                             else result):
                category = extract_test_category_from_id(entry["id"])
                folder = result_dir / self.registry_dir_name
                path = (folder / get_directory_structure_by_id(entry["id"])
                        / f"BFCL_v4_{category}_result.json")
                known = {old["id"]: old for old in entries_of(path)} if path.exists() else {}
                known[entry["id"]] = entry
                replace(path, sorted(known.values(), key=sort_key))
                said = "no answer" if is_error(entry) else f"{entry.get('latency', 0):.1f} s"
                print(f"{entry['id']}: {said}", flush=True)

    model_config.MODEL_CONFIG_MAPPING[model] = model_config.ModelConfig(
        model_name=model, display_name=model, url="", org="", license="", model_handler=Handler,
        is_fc_model=False, underscore_to_dot=False)


def run_bfcl(model, *arguments):
    """BFCL's own command line. Its exit code says nothing of the answers."""
    register(model)
    from bfcl_eval.__main__ import cli
    for number in (signal.SIGTERM, signal.SIGINT):
        # BFCL would wait for the answer in flight and drop it; all that counts is on disk already.
        signal.signal(number, lambda n, _: os._exit(128 + n))
    cli([arguments[0], "--model", model, *arguments[1:]], standalone_mode=False)


def check_ids(ids):
    """BFCL leaves unknown ids out without a word."""
    import bfcl_eval
    data = pathlib.Path(bfcl_eval.__file__).parent / "data"
    for category, wanted in ids.items():
        path = data / f"BFCL_v4_{category}.json"
        known = {entry["id"] for entry in map(json.loads, path.open())} if path.exists() else set()
        if unknown := [task for task in wanted if task not in known]:
            sys.exit(f"BFCL's {category} has no {', '.join(unknown)}")


def ids_to_ask(given):
    """{category: [task, ...]}: what orch tells, else the given list."""
    if not (told := os.environ.get("ORCH_TASKS_FILE")):
        path = pathlib.Path(given) if "/" in given else HERE / f"{given}.json"
        return json.loads(path.read_text())
    ids = ids_in(pathlib.Path(told))
    if not ids:
        sys.exit(f"{told} names no task, and to ask none would mean to ask all")
    return ids


def generate(root, model, ids):
    check_ids(ids)
    shutil.rmtree(root / "errors", ignore_errors=True)
    take_errors_out(root, model)
    shutil.rmtree(root / "errors", ignore_errors=True)
    root.mkdir(parents=True, exist_ok=True)
    (root / "test_case_ids_to_generate.json").write_text(json.dumps(ids))
    run_bfcl(model, "generate", "--run-ids", "--temperature", "0", "--num-threads", "1")
    errors = take_errors_out(root, model)
    answered = {e["id"] for path in result_files(root, model).values() for e in entries_of(path)}
    broken = {error["id"] for some in errors.values() for error in some}
    wanted = {task for some in ids.values() for task in some}
    print(f"{len(wanted & answered)} of {len(wanted)} tasks answered, {len(broken)} broken")
    if lost := sorted(wanted - answered - broken):
        sys.exit(f"BFCL wrote nothing for {', '.join(lost)}")


def evaluate(root, model):
    take_errors_out(root, model)
    categories = list(result_files(root, model))
    if not categories:
        print("nothing is answered: nothing to score")
        return
    import statistics
    try:
        run_bfcl(model, "evaluate", "--test-category", ",".join(categories), "--partial-eval")
    except statistics.StatisticsError:
        # Its tables over all models want two entries; the score files are written before.
        print("one entry in all: no tables over all models")
    for category, path in result_files(root, model).items():
        score = root / "score" / model / path.parent.name / f"BFCL_v4_{category}_score.json"
        if not score.exists():
            sys.exit(f"BFCL wrote no score for {category}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["generate", "evaluate", "version"])
    parser.add_argument("--model", help="what the server calls it")
    parser.add_argument("--ids", help="a file {category: [task, ...]}, or its bare name here")
    args = parser.parse_args()
    if args.step == "version":
        print("bfcl-eval", importlib.metadata.version("bfcl-eval"))
        return
    if not args.model or "/" in args.model or "_" in args.model:
        parser.error("--model is needed, without / and _ (BFCL takes one for the other)")
    if "BFCL_PROJECT_ROOT" not in os.environ:
        parser.error("BFCL_PROJECT_ROOT is not set: where do its files go?")
    os.environ.setdefault("OPENAI_API_KEY", "none")
    os.environ.setdefault("TQDM_DISABLE", "1")
    root = pathlib.Path(os.environ["BFCL_PROJECT_ROOT"])
    if args.step == "evaluate":
        evaluate(root, args.model)
        return
    if not (args.ids or os.environ.get("ORCH_TASKS_FILE")) or "OPENAI_BASE_URL" not in os.environ:
        parser.error("generate needs OPENAI_BASE_URL, and --ids or ORCH_TASKS_FILE")
    generate(root, args.model, ids_to_ask(args.ids))


if __name__ == "__main__":
    main()
