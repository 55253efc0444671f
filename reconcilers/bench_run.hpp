// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "reconcilers/plan.hpp"
#include "reconcilers/scheduling/feasible.hpp"
#include "reconcilers/world.hpp"

#include <string>
#include <utility>
#include <vector>

namespace reconcilers {

/// Turns the samples and what the bench host's agent sees of the attempt into the run's status. It
/// binds nothing. Pure.
Plan reconcile_bench_run(const World& world, const std::string& name, const Policy& policy,
                         base::Moment now);

/// Where the run's model may go.
Demand demand_of(const api::BenchRun& run);

/// The deployments that serve this run's model where the run may go: hot ones first, then those
/// that hold a machine, then those that could be placed there (the queue's own first); by name
/// among equals.
std::vector<const api::ModelDeployment*> deployments_for(const World& world,
                                                         const api::BenchRun& run,
                                                         const Policy& policy, base::Moment now);
/// The first of them; null when there is none that is wanted.
const api::ModelDeployment* deployment_for(const World& world, const api::BenchRun& run,
                                           const Policy& policy, base::Moment now);

/// 95 % Wilson score interval of `passed` of `scored`; {0, 1} when nothing is scored.
std::pair<double, double> wilson(std::int64_t passed, std::int64_t scored);

/// The first retry at once, then 1 s, doubling to 5 min. `nth` counts from 1.
base::Duration retry_delay(std::int64_t nth);

}  // namespace reconcilers
