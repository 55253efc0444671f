#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A runner that notices nothing looks like a product without faults. Here the target `faulty` has
one of each sort, and each must be told, fail the run, and leave the input behind."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

REPLAY = sys.argv.pop(1)


class Bites(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def run_on(self, seeds, *more):
        corpus = self.root / "corpus" / "faulty"
        corpus.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds):
            (corpus / f"{number}.in").write_bytes(seed)
        done = subprocess.run(
            [REPLAY, "--corpus", self.root / "corpus", "--keep", self.root / "kept", *more, "faulty"],
            capture_output=True, text=True, check=False, timeout=120)
        kept = [file.read_bytes() for file in (self.root / "kept").glob("faulty-*.in")]
        return done.returncode, done.stdout + done.stderr, kept

    def test_what_is_fine_passes(self):
        code, said, kept = self.run_on([b"fine", b""])
        self.assertEqual((code, kept), (0, []), said)
        self.assertIn("2 seeds", said)

    def test_each_fault_is_told_and_its_input_kept(self):
        for seed, words in [(b"a lie", "nobody lies"), (b"a bug", "ends the process"),
                            (b"a throw", "too long"), (b"a hang", "does not end"),
                            (b"slow", "takes ")]:
            with self.subTest(seed):
                code, said, kept = self.run_on([seed], "--ms", "20")
                self.assertEqual(code, 1, said)
                self.assertIn(words, said)
                self.assertIn(seed, kept)

    def test_one_fault_does_not_hide_the_next(self):
        code, said, kept = self.run_on([b"one lie", b"fine", b"two lies: lie"])
        self.assertEqual((code, len(kept)), (1, 2), said)

    def test_mutants_find_what_no_seed_has_and_find_it_again(self):
        seeds = [b"li", b"xe", b"l", b"ie"]
        first = self.run_on(seeds, "--mutants", "20000", "--seed", "7")
        self.assertEqual(first[0], 1, first[1])
        self.assertTrue(any(b"lie" in kept for kept in first[2]), first[1])
        self.assertEqual(first, self.run_on(seeds, "--mutants", "20000", "--seed", "7"))

    def test_a_target_without_a_corpus_is_no_success(self):
        code, said, _ = self.run_on([])
        self.assertEqual(code, 1, said)
        self.assertIn("no corpus", said)


if __name__ == "__main__":
    unittest.main()
