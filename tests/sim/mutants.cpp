// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/mutants.hpp"

#include "base/mutant.hpp"

#include <array>
#include <cstring>

namespace sim {

static const char* g_mutant = nullptr;  // set once, before anything runs

namespace {

constexpr std::array<Mutant, 7> kMutants{{
    {"claim-dropped-unproved", "S5", "a claim is dropped before its process is proved gone"},
    {"old-attempt-left-running", "S6", "the agent does not stop an attempt that was superseded"},
    {"completed-ignored", "S14", "what is scored is not left out when a run resumes"},
    {"launch-when-nothing-is-left", "S14",
     "an attempt with nothing to do is launched all the same"},
    {"error-counts-as-scored", "score", "a task that infrastructure broke counts as scored"},
    {"answers-before-commit", "S10", "answers leave before the round is durable"},
    {"finished-run-reopened", "S20", "a finished run is judged again"},
}};

}  // namespace

std::span<const Mutant> mutants() {
  return kMutants;
}

bool set_mutant(const std::string& name) {
  for (const auto& m : kMutants)
    if (name == m.name) g_mutant = m.name;
  return g_mutant != nullptr;
}

}  // namespace sim

namespace base {

bool is_mutant(const char* name) {
  return sim::g_mutant != nullptr && std::strcmp(sim::g_mutant, name) == 0;
}

}  // namespace base
