// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/mutants.hpp"

#include "base/hooks.hpp"

#include <array>

namespace sim {

namespace {

constexpr std::array<Mutant, 21> kMutants{{
    {"claim-dropped-unproved", "S5", "a claim is dropped before its process is proved gone"},
    {"old-attempt-left-running", "S6", "the agent does not stop an attempt that was superseded"},
    {"completed-ignored", "S14", "what is scored is not left out when a run resumes"},
    {"launch-when-nothing-is-left", "S14",
     "an attempt with nothing to do is launched all the same"},
    {"error-counts-as-scored", "score|S14", "a task that infrastructure broke counts as scored"},
    {"answers-before-commit", "S10", "answers leave before the round is durable"},
    {"finished-run-reopened", "S20", "a finished run is judged again"},
    {"epoch-not-raised", "S1", "a new holder comes under an epoch that was there before"},
    {"old-assignment-obeyed", "S14", "the agent obeys an assignment of the past"},
    {"failed-list-is-empty", "S5", "a list of children that could not be read counts as empty"},
    {"running-server-not-adopted", "S5", "an agent that starts does not adopt what runs"},
    {"unsent-forgotten", "goal", "an agent that starts does not send what may not be stored"},
    {"given-up-answers-unread", "S14", "answers of an attempt that was given up are not read"},
    {"claim-goes-with-machine", "S5", "a claim is dropped because its Machine was deleted"},
    {"failed-round-kept", "S5|S11", "a round that could not be stored counts as stored"},
    {"silent-machine-stays-ready", "S29", "a machine is called ready although it is silent"},
    {"timeout-by-wall-clock", "S26", "how long a harness runs is told by the wall clock"},
    {"watch-misses-a-change", "S11", "the ring of events leaves out a change of a claim"},
    {"conflict-unseen", "S12", "a write is stored whatever it started from"},
    {"reports-before-it-looked", "S5", "an agent reports before it has seen its children", "sieve"},
    {"change-log-grows", "S25", "the change log is never trimmed"},
}};

}  // namespace

std::span<const Mutant> mutants() {
#ifdef ORCH_TEST_HOOKS
  return kMutants;
#else
  return {};
#endif
}

bool set_mutant(const std::string& name) {
#ifdef ORCH_TEST_HOOKS
  for (const auto& m : mutants())
    if (name == m.name) {
      base::set_mutant(m.name);
      return true;
    }
#endif
  return false;
}

}  // namespace sim
