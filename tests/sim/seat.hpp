// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "tests/sim/lab.hpp"

namespace sim {

/// One machine with its agent, and the wire to it.
struct Lab::AgentSeat {
  AgentSeat(const std::string& name, Stage& stage, Faults& faults, base::Dice dice, Ghost& ghost)
      : host(name, stage, faults, dice, ghost) {}
  Host host;
  std::optional<agentd::Agent> agent;
  std::int64_t life = 0;
  bool stepping = false, report_on_its_way = false, batch_on_its_way = false;
  bool cut_up = false, cut_down = false;
  base::Instant next_beat;
  base::Instant stopped_until;  // the agent has SIGSTOP until then
  std::vector<std::string> old_assignments;
  std::optional<base::Instant> planned;
};

}  // namespace sim
