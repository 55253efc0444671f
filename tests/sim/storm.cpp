// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/storm.hpp"

#include <array>

namespace sim {
namespace {

constexpr std::array<Storm, 8> kStorms{{
    {.name = "all",
     .about = "everything at once",
     .lose = 12,
     .twice = 15,
     .delay_max = base::Duration{900},
     .agent_dies_in_call = 400,
     .agent_dies_every = base::minutes(17),
     .controller_dies_every = base::minutes(13),
     .host_boots_every = base::minutes(41),
     .cut_every = base::minutes(19),
     .server_dies_every = base::minutes(23),
     .harness_dies_every = base::minutes(21),
     .commit_fails = 40,
     .port_fails = 60,
     .replays = 20,
     .agent_stops_every = base::minutes(29),
     .clock_jumps_every = base::minutes(31),
     .odd = true,
     .starts_slowly = 4,
     .ignores_term = 6,
     .wrong_model = 9},
    {.name = "wire",
     .about = "messages are lost, doubled, late and overtaken; wires are cut",
     .lose = 6,
     .twice = 6,
     .delay_max = base::Duration{4'000},
     .cut_every = base::minutes(7),
     .replays = 4},
    {.name = "crash",
     .about = "controller and agents are killed at any point",
     .agent_dies_in_call = 120,
     .agent_dies_every = base::minutes(5),
     .controller_dies_every = base::minutes(4)},
    {.name = "machine",
     .about = "machines boot, servers and harnesses die, ports fail",
     .host_boots_every = base::minutes(11),
     .server_dies_every = base::minutes(6),
     .harness_dies_every = base::minutes(6),
     .port_fails = 25,
     .starts_slowly = 2,
     .ignores_term = 3,
     .wrong_model = 4},
    {.name = "disk", .about = "the controller's disk is full now and then", .commit_fails = 5},
    {.name = "clock",
     .about = "wall clocks jump by days, while processes are killed",
     .agent_dies_every = base::minutes(17),
     .controller_dies_every = base::minutes(13),
     .clock_jumps_every = base::minutes(4)},
    {.name = "pause",
     .about = "agents are stopped for minutes and go on as if nothing were",
     .delay_max = base::Duration{900},
     .server_dies_every = base::minutes(13),
     .agent_stops_every = base::minutes(4),
     .controller_stops_every = base::minutes(11)},
    {.name = "odd",
     .about = "the legal but unlikely: small rounds, short rings, wires cut for long, moody people",
     .lose = 30,
     .cut_every = base::minutes(7),
     .cut_max = base::minutes(15),
     .odd = true,
     .moody = true,
     .people_every = base::minutes(2)},
}};

}  // namespace

std::span<const Storm> storms() {
  return kStorms;
}

const Storm* find_storm(std::string_view name) {
  for (const auto& storm : kStorms)
    if (storm.name == name) return &storm;
  return nullptr;
}

}  // namespace sim
