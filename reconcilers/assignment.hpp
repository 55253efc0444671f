// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/assignment.hpp"
#include "reconcilers/world.hpp"

#include <string>

namespace reconcilers {

/// The whole desired state of one machine: the server of its claim, resolved, and the attempts that
/// are bound to it. `revision` is the world's. Pure.
api::Assignment assignment_for(const World& world, const std::string& machine,
                               const Policy& policy);

}  // namespace reconcilers
