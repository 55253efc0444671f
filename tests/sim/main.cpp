// SPDX-License-Identifier: Apache-2.0
#include "base/exit_code.hpp"
#include "base/hooks.hpp"
#include "base/text.hpp"
#include "tests/sim/lab.hpp"
#include "tests/sim/mutants.hpp"
#include "tests/sim/sieve.hpp"
#include "tests/sim/storm.hpp"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace {

struct Options {
  std::uint64_t from = 1, to = 1;
  std::int64_t minutes = 90;
  std::string storm = "all", mutant, marks;
  std::int64_t until = 0;
  bool trace = false, hash = false;
  int tries = 120;  // of runs to find fewer faults that break the same promise
  std::optional<std::set<std::int64_t>> only;
  std::optional<std::string> sieve;
  std::optional<sim::Perturbation> perturbation;
};

int usage(const std::string& why) {
  std::fprintf(
      stderr,
      "orch-sim: %s\nusage: orch-sim --seed N | --seeds A..B [--days D] [--storm PROFILE] "
      "[--mutant NAME]\n                [--only FAULTS] [--shorten TRIES] [--trace] [--until ACT] "
      "[--hash] [--marks FILE]\n       orch-sim --sieve SCENARIO|all [--perturb WHAT]\n       "
      "orch-sim --list-storms | --list-mutants\n",
      why.c_str());
  return static_cast<int>(base::Exit::usage);
}

void list_all() {
  for (const auto& s : sim::storms())
    std::printf("%-10s %s\n", std::string(s.name).c_str(), std::string(s.about).c_str());
}

using Numbers = std::set<std::int64_t>;

/// The same seed with only some of its faults; what breaks then.
std::optional<sim::Broken> broken_with(std::uint64_t seed, const Options& o, const Numbers& faults,
                                       std::vector<sim::Faults::Fault>* taken) {
  sim::Lab lab(seed, *sim::find_storm(o.storm));
  lab.only_faults(faults);
  lab.run(base::minutes(o.minutes));
  if (taken != nullptr) *taken = lab.faults();
  return lab.broken();
}

/// Fewer and fewer faults that still break the same promise: halves, then quarters, and so on,
/// until none can be spared or the tries are used up.
Numbers shortened(std::uint64_t seed, const Options& o, const std::string& promise,
                  Numbers faults) {
  std::size_t parts = 2;
  for (int tries = o.tries; tries > 0 && !faults.empty() && parts <= 2 * faults.size();) {
    bool fewer = false;
    const auto size = (faults.size() + parts - 1) / parts;
    for (std::size_t from = 0; from < faults.size() && tries > 0 && !fewer; from += size) {
      Numbers left = faults;
      const auto first = std::next(left.begin(), static_cast<std::ptrdiff_t>(from));
      const auto n = std::min(size, left.size() - from);
      left.erase(first, std::next(first, static_cast<std::ptrdiff_t>(n)));
      --tries;
      const auto broken = broken_with(seed, o, left, nullptr);
      if (!broken || broken->id != promise) continue;
      faults = std::move(left);
      fewer = true;
    }
    if (fewer)
      parts = std::max<std::size_t>(parts - 1, 2);
    else if (size == 1)
      break;
    else
      parts *= 2;
  }
  return faults;
}

/// Whole kinds of faults that are not needed are left out first.
Numbers without_kinds(std::uint64_t seed, const Options& o, const sim::Lab& lab, Numbers faults) {
  std::map<std::string, Numbers> kinds;
  for (const auto& f : lab.faults()) {
    const auto colon = f.what.find(": ");
    kinds[colon == std::string::npos ? f.what : f.what.substr(colon)].insert(f.number);
  }
  for (const auto& [kind, numbers] : kinds) {
    Numbers left;
    std::set_difference(faults.begin(), faults.end(), numbers.begin(), numbers.end(),
                        std::inserter(left, left.begin()));
    const auto broken = broken_with(seed, o, left, nullptr);
    if (broken && broken->id == lab.broken()->id) faults = std::move(left);
  }
  return faults;
}

std::string list_of(const Numbers& numbers) {
  std::string out;
  for (const auto n : numbers)
    out += (out.empty() ? "" : ",") + std::to_string(n);
  return out.empty() ? "0" : out;  // 0 is no fault's number
}

void print_again(std::uint64_t seed, const Options& o, const std::optional<Numbers>& only) {
  char days[32];
  std::snprintf(days, sizeof days, "%.4f", static_cast<double>(o.minutes) / 1440);
  std::printf("again: orch-sim --seed %llu --days %s --storm %s%s%s%s%s --trace\n",
              static_cast<unsigned long long>(seed), days, o.storm.c_str(),
              o.mutant.empty() ? "" : " --mutant ", o.mutant.c_str(), only ? " --only " : "",
              only ? list_of(*only).c_str() : "");
}

void print_shortened(std::uint64_t seed, const Options& o, const sim::Lab& lab) {
  Numbers all;
  for (const auto& f : lab.faults())
    all.insert(f.number);
  auto few = without_kinds(seed, o, lab, all);
  few = shortened(seed, o, lab.broken()->id, std::move(few));
  std::vector<sim::Faults::Fault> taken;
  (void)broken_with(seed, o, few, &taken);
  std::printf("faults: %zu, of which these are enough:\n", all.size());
  for (const auto& f : taken)
    std::printf("  #%lld at %lld: %s\n", static_cast<long long>(f.number),
                static_cast<long long>(f.at.ms), f.what.c_str());
  print_again(seed, o, few);
}

/// One seed; prints what broke and how to see it again.
bool holds(std::uint64_t seed, const Options& o, base::Duration& simulated) {
  sim::Lab lab(seed, *sim::find_storm(o.storm));
  if (o.only) lab.only_faults(*o.only);
  const auto began = lab.stage().now();
  if (o.trace)
    lab.stage().on_line = [&](const std::string& line) {
      if (o.until == 0 || lab.stage().count() <= o.until) std::printf("%s\n", line.c_str());
    };
  lab.run(base::minutes(o.minutes));
  simulated += lab.stage().now() - began;
  if (o.hash) std::printf("%s\n", lab.summary().c_str());
  if (!lab.broken()) return true;
  for (const auto& line : lab.stage().lines())
    std::printf("  %s\n", line.c_str());
  std::printf("BROKEN %s: %s\n", lab.broken()->id.c_str(), lab.broken()->what.c_str());
  print_again(seed, o, o.only);
  std::fflush(stdout);
  if (o.tries > 0 && !o.only) print_shortened(seed, o, lab);
  return false;
}

/// The rare paths that these runs took, one a line.
bool write_marks(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return false;
#ifdef ORCH_TEST_HOOKS
  for (const auto& name : base::marks())
    std::fprintf(file, "%s\n", name.c_str());
#endif
  return std::fclose(file) == 0;
}

int run_sieve(const Options& o) {
  const auto all = sim::scenarios();
  const auto known =
      std::any_of(all.begin(), all.end(), [&](const auto& s) { return s.name == *o.sieve; });
  if (!known && *o.sieve != "all") return usage("no scenario \"" + *o.sieve + "\"");
  return sim::sieve(known ? *o.sieve : "", o.perturbation, o.trace) ? 0 : 1;
}

int run_seeds(const Options& o) {
  base::Duration simulated{0};
  for (auto seed = o.from; seed <= o.to; ++seed)
    if (!holds(seed, o, simulated)) return 1;
  if (!o.marks.empty() && !write_marks(o.marks)) return static_cast<int>(base::Exit::io);
  if (!o.hash)
    std::printf(
        "%llu seeds of %lld minutes under storm \"%s\", %.1f cluster-days: every promise "
        "held\n",
        static_cast<unsigned long long>(o.to - o.from + 1), static_cast<long long>(o.minutes),
        o.storm.c_str(), static_cast<double>(simulated.count()) / 86'400'000);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  const std::vector<std::string> args(argv + 1, argv + argc);
  for (std::size_t i = 0; i < args.size(); ++i) {
    const auto value = [&]() -> std::string { return i + 1 < args.size() ? args[++i] : ""; };
    if (args[i] == "--list-storms") return list_all(), 0;
    if (args[i] == "--list-mutants") {
      for (const auto& m : sim::mutants())
        std::printf("%-28s %-10s %-6s %s\n", m.name, m.checker, m.found_by, m.about);
      return 0;
    }
    if (args[i] == "--trace")
      o.trace = true;
    else if (args[i] == "--hash")
      o.hash = true;
    else if (args[i] == "--sieve")
      o.sieve = value();
    else if (args[i] == "--perturb") {
      o.perturbation = sim::perturbation_of(value());
      if (!o.perturbation) return usage("--perturb takes agent:after:17:stale and the like");
    } else if (args[i] == "--marks")
      o.marks = value();
    else if (args[i] == "--storm")
      o.storm = value();
    else if (args[i] == "--mutant")
      o.mutant = value();
    else if (args[i] == "--until")
      o.until = base::to_integer(value()).value_or(0);
    else if (args[i] == "--shorten") {
      const auto tries = base::to_integer(value());
      if (!tries || *tries < 0) return usage("--shorten takes a number of tries");
      o.tries = static_cast<int>(*tries);
    } else if (args[i] == "--only") {
      o.only.emplace();
      for (const auto& text : base::split(value(), ',')) {
        const auto number = base::to_integer(text);
        if (!number) return usage("--only takes numbers of faults, parted by commas");
        o.only->insert(*number);
      }
    } else if (args[i] == "--days") {
      const auto days = base::to_number(value());
      if (!days || *days <= 0) return usage("--days takes a number above 0");
      o.minutes = static_cast<std::int64_t>(*days * 1440 + 0.5);
    } else if (args[i] == "--seed") {
      const auto seed = base::to_integer(value());
      if (!seed || *seed < 0) return usage("--seed takes a whole number");
      o.from = o.to = static_cast<std::uint64_t>(*seed);
    } else if (args[i] == "--seeds") {
      const auto text = value();
      const auto dots = text.find("..");
      const auto a = base::to_integer(text.substr(0, dots));
      const auto b = dots == std::string::npos ? a : base::to_integer(text.substr(dots + 2));
      if (!a || !b || *a < 0 || *b < *a) return usage("--seeds takes A..B");
      o.from = static_cast<std::uint64_t>(*a);
      o.to = static_cast<std::uint64_t>(*b);
    } else {
      return usage("unknown flag " + args[i]);
    }
  }
  if (sim::find_storm(o.storm) == nullptr) return usage("no storm \"" + o.storm + "\"");
  if (!o.mutant.empty() && !sim::set_mutant(o.mutant))
    return usage("no mutant \"" + o.mutant +
                 "\" in this build (--list-mutants; a build without "
                 "ORCH_TEST_HOOKS has none)");
  if (o.sieve) return run_sieve(o);
  return run_seeds(o);
}
