// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/arguments.hpp"

namespace agentd {

/// Joins if asked to, then runs until SIGTERM; children stay. Gives the exit code.
int run_agent(const Arguments& arguments);

/// Stops every child by its own rules and waits. Needs no controller; while an agent runs on the
/// data directory it is told to do it.
int run_down(const Arguments& arguments);

}  // namespace agentd
