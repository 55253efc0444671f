// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/process/fd.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace agentd {

/// One process, by what proves that it is this one: a pid alone is used again.
struct Identity {
  std::int64_t pid = 0, start_ticks = 0;
  bool operator==(const Identity&) const = default;
};

/// What the members of a child's tree are told by.
struct Tree {
  Identity child, shim;
  std::string cookie;
};

/// Every process of the tree that has not ended, the shim left out. A process is in it when it
/// carries the cookie, descends from the child or the shim, or is in the child's session while the
/// child still proves whose session that is.
base::Result<std::vector<Identity>> members_of(const Tree& tree);

/// A pidfd of exactly this process; `not_found` when it is gone.
base::Result<Fd> open_process(const Identity& identity);

/// Sends to exactly this process; fine when it is gone.
base::Status send_signal(const Identity& identity, int number);

/// Kills the tree round after round, because members may start others meanwhile; true when none was
/// left at the last look.
base::Result<bool> kill_all(const Tree& tree);

}  // namespace agentd
