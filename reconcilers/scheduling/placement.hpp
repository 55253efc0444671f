// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "reconcilers/plan.hpp"
#include "reconcilers/world.hpp"

namespace reconcilers {

/// The scheduler: the one function that takes and drops claims and binds runs. Pure: same world,
/// same plan. It takes one machine at a time from one holder to the next:
///  1. claims: given back once the holder's process is proved gone; abandoned while the machine is
///     silent; released when the deployment is not wanted there;
///  2. demand in order of priority, age, name: deployments that people wrote or that runs need
///  claim
///     a free machine that fits; where none is free, an idle deployment that nobody wrote makes
///     room, or one of strictly lower priority, never inside a run;
///  3. runs whose model is hot on a bench host with a free slot are bound.
Plan plan_placement(const World& world, const Policy& policy, base::Moment now);

}  // namespace reconcilers
