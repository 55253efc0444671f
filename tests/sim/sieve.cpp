// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sieve.hpp"

#include "base/text.hpp"
#include "tests/sim/lab.hpp"

#include <array>
#include <cstdio>

namespace sim {
namespace {

constexpr std::array<Scenario, 6> kScenarios{{
    {"hot", "a model is asked hot, and later not any more"},
    {"run", "a run on a model that is hot"},
    {"swap", "two runs of two models on one machine: one makes room for the other"},
    {"cancel", "a run is cancelled in its middle, another goes on"},
    {"listed", "a bench that tells its own tasks, resumed by a filter"},
    {"drain", "a machine is drained in the middle of a run, and used again"},
}};
constexpr std::array<std::string_view, 3> kWho{"nobody", "agent", "controller"};
constexpr std::array<std::string_view, 2> kWhen{"before", "after"};
constexpr std::array<std::string_view, 4> kView{"fresh", "stale", "missed", "blind"};

template <class Enum, std::size_t N>
std::optional<Enum> find(const std::array<std::string_view, N>& names, const std::string& name) {
  for (std::size_t i = 0; i < N; ++i)
    if (names[i] == name) return static_cast<Enum>(i);
  return std::nullopt;
}

/// True when every promise held.
bool plays(const Scenario& scenario, const Perturbation& p, bool trace, Lab::Steps* steps) {
  Lab lab(1, kCalm, 1);
  if (trace)
    lab.stage().on_line = [](const std::string& line) { std::printf("%s\n", line.c_str()); };
  lab.play(scenario.name, p);
  if (steps != nullptr) *steps = lab.steps();
  if (!lab.broken()) return true;
  for (const auto& line : lab.stage().lines())
    std::printf("  %s\n", line.c_str());
  std::printf("BROKEN %s: %s\nagain: orch-sim --sieve %s --perturb %s --trace\n",
              lab.broken()->id.c_str(), lab.broken()->what.c_str(),
              std::string(scenario.name).c_str(), text_of(p).c_str());
  return false;
}

bool plays_all(const Scenario& scenario) {
  Lab::Steps steps;
  if (!plays(scenario, {}, false, &steps)) return false;
  std::int64_t runs = 1;
  for (const auto who : {Perturbation::Who::agent, Perturbation::Who::controller})
    for (const auto when : {Perturbation::When::before, Perturbation::When::after})
      for (const auto view : {Perturbation::View::fresh, Perturbation::View::stale,
                              Perturbation::View::missed, Perturbation::View::blind}) {
        if (who == Perturbation::Who::controller && view == Perturbation::View::blind) continue;
        const auto last = who == Perturbation::Who::agent ? steps.agent : steps.controller;
        for (std::int64_t step = 1; step <= last; ++step, ++runs)
          if (!plays(scenario, {who, when, view, step}, false, nullptr)) return false;
      }
  std::printf(
      "%-8s %lld durable steps of the agent, %lld of the controller: %lld runs, every "
      "promise held\n",
      std::string(scenario.name).c_str(), static_cast<long long>(steps.agent),
      static_cast<long long>(steps.controller), static_cast<long long>(runs));
  std::fflush(stdout);
  return true;
}

}  // namespace

std::span<const Scenario> scenarios() {
  return kScenarios;
}

std::string text_of(const Perturbation& p) {
  return std::string(kWho[static_cast<std::size_t>(p.who)]) + ":" +
         std::string(kWhen[static_cast<std::size_t>(p.when)]) + ":" + std::to_string(p.step) + ":" +
         std::string(kView[static_cast<std::size_t>(p.view)]);
}

std::optional<Perturbation> perturbation_of(const std::string& text) {
  const auto parts = base::split(text, ':');
  if (parts.size() != 4) return std::nullopt;
  const auto who = find<Perturbation::Who>(kWho, parts[0]);
  const auto when = find<Perturbation::When>(kWhen, parts[1]);
  const auto step = base::to_integer(parts[2]);
  const auto view = find<Perturbation::View>(kView, parts[3]);
  if (!who || !when || !step || !view) return std::nullopt;
  return Perturbation{*who, *when, *view, *step};
}

bool sieve(const std::string& scenario, const std::optional<Perturbation>& only, bool trace) {
  for (const auto& s : kScenarios) {
    if (!scenario.empty() && s.name != scenario) continue;
    if (!(only ? plays(s, *only, trace, nullptr) : plays_all(s))) return false;
  }
  return true;
}

}  // namespace sim
