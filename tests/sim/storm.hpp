// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/time.hpp"

#include <span>
#include <string_view>

namespace sim {

/// What may go wrong, and how often. Rates are "one in N" per occasion, 0: never.
struct Storm {
  std::string_view name;
  std::string_view about;
  std::int64_t lose = 0, twice = 0;     // of messages
  base::Duration delay_max{40};         // of a message
  std::int64_t agent_dies_in_call = 0;  // kill -9 inside a port call
  base::Duration agent_dies_every{0}, controller_dies_every{0}, host_boots_every{0};
  base::Duration cut_every{0};  // an agent's wire, one way or both
  base::Duration cut_max = base::minutes(4);
  base::Duration server_dies_every{0}, harness_dies_every{0};
  std::int64_t commit_fails = 0;        // disk full
  std::int64_t port_fails = 0;          // a port call answers with an error
  std::int64_t replays = 0;             // of assignments: an old one comes once more
  base::Duration agent_stops_every{0};  // SIGSTOP, for minutes
  base::Duration controller_stops_every{0};
  base::Duration clock_jumps_every{0};  // the wall clock of somebody, days to and fro
  bool odd = false;                     // the legal but unlikely (ORCH_BUGGIFY)
  bool moody = false;                   // people also take back a deployment that runs lean on
  std::int64_t starts_slowly = 0, ignores_term = 0, wrong_model = 0;  // of servers
  base::Duration people_every = base::minutes(4);
};

std::span<const Storm> storms();
const Storm* find_storm(std::string_view name);
inline constexpr Storm kCalm{"calm", "nothing goes wrong"};

}  // namespace sim
