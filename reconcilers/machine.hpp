// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "reconcilers/plan.hpp"
#include "reconcilers/world.hpp"

#include <string>

namespace reconcilers {

/// Turns what was heard of a machine, or its silence, into its status. Pure.
Plan reconcile_machine(const World& world, const std::string& name, const Policy& policy,
                       base::Moment now);

}  // namespace reconcilers
