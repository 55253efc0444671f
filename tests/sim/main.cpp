// SPDX-License-Identifier: Apache-2.0
#include "base/exit_code.hpp"
#include "base/text.hpp"
#include "tests/sim/lab.hpp"
#include "tests/sim/mutants.hpp"
#include "tests/sim/storm.hpp"

#include <cstdio>
#include <string>
#include <vector>

namespace {

struct Options {
  std::uint64_t from = 1, to = 1;
  std::int64_t minutes = 90;
  std::string storm = "all", mutant;
  std::int64_t until = 0;
  bool trace = false, hash = false;
};

int usage(const std::string& why) {
  std::fprintf(
      stderr,
      "orch-sim: %s\nusage: orch-sim --seed N | --seeds A..B [--days D] [--storm PROFILE] "
      "[--mutant NAME]\n                [--trace] [--until ACT] [--hash] | --list-storms | "
      "--list-mutants\n",
      why.c_str());
  return static_cast<int>(base::Exit::usage);
}

void list_all() {
  for (const auto& s : sim::storms())
    std::printf("%-10s %s\n", std::string(s.name).c_str(), std::string(s.about).c_str());
}

/// One seed; prints what broke and how to see it again.
bool holds(std::uint64_t seed, const Options& o) {
  sim::Lab lab(seed, *sim::find_storm(o.storm));
  if (o.trace)
    lab.stage().on_line = [&](const std::string& line) {
      if (o.until == 0 || lab.stage().count() <= o.until) std::printf("%s\n", line.c_str());
    };
  lab.run(base::minutes(o.minutes));
  if (o.hash) std::printf("%s\n", lab.summary().c_str());
  if (!lab.broken()) return true;
  for (const auto& line : lab.stage().lines())
    std::printf("  %s\n", line.c_str());
  std::printf("BROKEN %s: %s\n", lab.broken()->id.c_str(), lab.broken()->what.c_str());
  char days[32];
  std::snprintf(days, sizeof days, "%.4f", static_cast<double>(o.minutes) / 1440);
  std::printf("again: orch-sim --seed %llu --days %s --storm %s%s%s --trace\n",
              static_cast<unsigned long long>(seed), days, o.storm.c_str(),
              o.mutant.empty() ? "" : " --mutant ", o.mutant.c_str());
  return false;
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
        std::printf("%-28s %-6s %s\n", m.name, m.checker, m.about);
      return 0;
    }
    if (args[i] == "--trace")
      o.trace = true;
    else if (args[i] == "--hash")
      o.hash = true;
    else if (args[i] == "--storm")
      o.storm = value();
    else if (args[i] == "--mutant")
      o.mutant = value();
    else if (args[i] == "--until")
      o.until = base::to_integer(value()).value_or(0);
    else if (args[i] == "--days") {
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
  for (auto seed = o.from; seed <= o.to; ++seed)
    if (!holds(seed, o)) return 1;
  if (!o.hash)
    std::printf("%llu seeds of %lld minutes under storm \"%s\": every promise held\n",
                static_cast<unsigned long long>(o.to - o.from + 1),
                static_cast<long long>(o.minutes), o.storm.c_str());
  return 0;
}
