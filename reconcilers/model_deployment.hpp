// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "reconcilers/plan.hpp"
#include "reconcilers/scheduling/feasible.hpp"
#include "reconcilers/world.hpp"

#include <string>

namespace reconcilers {

/// Turns the claim, the machine and what its agent sees into the deployment's status. It takes and
/// drops no claim. Pure.
Plan reconcile_model_deployment(const World& world, const std::string& name, const Policy& policy,
                                base::Moment now);

/// Where a deployment may go.
Demand demand_of(const api::ModelDeployment& deployment);

}  // namespace reconcilers
