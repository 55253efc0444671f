#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`hack/demo` with its real parts: the table equals what BFCL itself wrote for the same files."""

import json
import pathlib

import demo_lab as lab

IDS = lab.ROOT / "hack/demo.d/bfcl-24.json"


def scores_of_bfcl(folder):
    """{category: (passed, failed)} as BFCL's score files say."""
    out = {}
    for path in pathlib.Path(folder, "out/score").glob("*/*/BFCL_v4_*_score.json"):
        head = json.loads(path.read_text().splitlines()[0])
        category = path.name.removeprefix("BFCL_v4_").removesuffix("_score.json")
        out[category] = (head["correct_count"], head["total_count"] - head["correct_count"])
    return out


def tokens_of_bfcl(folder):
    entries = [json.loads(line)
               for path in pathlib.Path(folder, "out/result").glob("*/*/*_result.json")
               for line in path.read_text().splitlines()]
    return (sum(e["input_token_count"] for e in entries),
            sum(e["output_token_count"] for e in entries), len(entries))


def check_run(demo, name):
    run, = demo.orch("results", f"run/{name}")["runs"]
    folder = demo.orch("get", "run", name)["status"]["dir"]
    ours = {c["category"]: (c["passed"], c["failed"]) for c in run["categories"]}
    lab.equal(ours, scores_of_bfcl(folder), f"the table of {name} against BFCL's own scores")
    wanted = {category: len(ids) for category, ids in json.loads(IDS.read_text()).items()}
    lab.equal({c["category"]: c["tasks"] for c in run["categories"]}, wanted, "tasks by category")
    total = run["total"]
    lab.equal((total["tokensIn"], total["tokensOut"], total["tasks"]), tokens_of_bfcl(folder),
              f"tokens of {name}")
    lab.equal(total["infra"], 0, "tasks that infrastructure broke")
    return ours


def main():
    with lab.Demo(lab.arguments(__doc__)) as demo:
        said, _ = demo.run()
        lab.holds("leaderboard" in said, "it says that this is no leaderboard figure")
        stock = check_run(demo, "bfcl-smollm2")
        calls = check_run(demo, "bfcl-smollm2-calls")
        # On every machine the stock model writes no call, and the other one writes some.
        lab.equal(stock, {"simple_python": (0, 8), "multiple": (0, 8), "irrelevance": (8, 0)},
                  "the stock model's scores")
        lab.holds(calls["simple_python"][0] > 0, "the model with a grammar passes some")
        lab.check_second(demo)
        lab.check_down(demo)


if __name__ == "__main__":
    main()
