// SPDX-License-Identifier: Apache-2.0
#include "base/file.hpp"
#include "base/text.hpp"
#include "tests/fuzz/mutate.hpp"
#include "tests/fuzz/runner.hpp"

#include <cstdio>
#include <cstdlib>

/// Replays the corpus of every target, and as many mutants of it as asked for: the same ones for
/// the same seed, with no special compiler. Searching is orch-fuzz's work.
///
///   fuzz_replay --corpus DIR [--words DIR] [--keep DIR] [--mutants N] [--seed N] [--ms N]
///   [TARGET...]
namespace {

constexpr std::uint64_t kMemory = 1ULL << 30;
constexpr int kFindsMax = 5;  // of a target; the rest is mostly the same again

struct Wish {
  std::string corpus, words, keep = ".";
  std::int64_t mutants = 0, seed = 1, ms_max = 200;
  std::vector<std::string> targets;
};

int usage() {
  std::fputs(
      "usage: fuzz_replay --corpus DIR [--words DIR] [--keep DIR] [--mutants N] [--seed N]"
      " [--ms N] [TARGET...]\n",
      stderr);
  return 64;
}

bool set(Wish& wish, const std::string& name, const std::string& value) {
  const auto number = base::to_integer(value);
  if (name == "--corpus") return wish.corpus = value, true;
  if (name == "--words") return wish.words = value, true;
  if (name == "--keep") return wish.keep = value, true;
  if (!number) return false;
  if (name == "--mutants") return wish.mutants = *number, true;
  if (name == "--seed") return wish.seed = *number, true;
  if (name == "--ms") return wish.ms_max = *number, true;
  return false;
}

std::vector<std::string> load(const std::string& folder, std::vector<std::string>& names) {
  std::vector<std::string> seeds;
  const auto files = base::list_folder(folder);
  if (!files) return seeds;
  for (const auto& file : *files) {
    const auto text = base::read_file(folder + "/" + file);
    if (!text) continue;
    names.push_back(file);
    seeds.push_back(*text);
  }
  return seeds;
}

bool run_target(const fuzz::Target& target, const Wish& wish) {
  const std::string name(target.name);
  std::vector<std::string> names;
  const auto seeds = load(wish.corpus + "/" + name, names);
  if (seeds.empty()) {
    std::fprintf(stderr, "fuzz: %s has no corpus in %s\n", name.c_str(), wish.corpus.c_str());
    return false;
  }
  fuzz::Runner runner(target, {wish.ms_max, wish.keep});
  int finds = 0;
  for (std::size_t i = 0; i < seeds.size(); ++i)
    if (!runner.run(seeds[i], names[i])) ++finds;
  const auto words = base::read_file(wish.words + "/" + name + ".txt");
  const auto dictionary = words ? fuzz::words_in(*words) : std::vector<std::string>{};
  base::Dice dice(base::hash64(name) + static_cast<std::uint64_t>(wish.seed));
  const auto mutants = wish.mutants / target.cost;
  for (std::int64_t i = 0; i < mutants && finds < kFindsMax; ++i)
    if (!runner.run(fuzz::mutant(dice, seeds, dictionary, target.bytes_max),
                    "mutant " + std::to_string(i)))
      ++finds;
  std::printf("%-14s %3zu seeds, %6lld mutants, the slowest %lld ms, %d broken\n", name.c_str(),
              seeds.size(), static_cast<long long>(mutants),
              static_cast<long long>(runner.slowest_ms()), finds);
  return finds == 0;
}

}  // namespace

int main(int argc, char** argv) {
  Wish wish;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (!word.starts_with("--")) {
      wish.targets.push_back(word);
    } else if (++i == argc || !set(wish, word, argv[i])) {
      return usage();
    }
  }
  if (wish.corpus.empty()) return usage();
  if (wish.targets.empty())
    for (const auto& target : fuzz::targets())
      wish.targets.emplace_back(target.name);
  fuzz::bound_memory(kMemory);
  bool fine = true;
  for (const auto& name : wish.targets) {
    const auto* target = fuzz::find_target(name);
    if (target == nullptr) {
      std::fprintf(stderr, "fuzz: there is no target \"%s\"\n", name.c_str());
      return 64;
    }
    fine = run_target(*target, wish) && fine;
  }
  fuzz::drop_scratch();
  return fine ? 0 : 1;
}
