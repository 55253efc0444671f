// SPDX-License-Identifier: Apache-2.0
#include "reconcilers/model_deployment.hpp"

#include "base/units.hpp"

namespace reconcilers {
namespace {

using api::DeploymentPhase;
using Status = api::ModelDeploymentStatus;

struct Judged {
  Status status;
  api::Condition placed{"Placed", "False", "", "", {}, 0};
  api::Condition ready{"Ready", "False", "", "", {}, 0};
};

DeploymentPhase phase_of(api::ServerPhase seen) {
  switch (seen) {
    case api::ServerPhase::starting: return DeploymentPhase::starting;
    case api::ServerPhase::warming: return DeploymentPhase::warming;
    case api::ServerPhase::hot: return DeploymentPhase::hot;
    case api::ServerPhase::stopping: return DeploymentPhase::starting;
    case api::ServerPhase::waiting:
    case api::ServerPhase::stuck: return DeploymentPhase::failed;
  }
  return DeploymentPhase::failed;
}

void forget_server(Status& status) {
  status.machines.clear();
  status.epoch = 0;
  status.endpoint.clear();
  status.hot_since = {};
}

/// Another deployment holds the machine: the one thing feasibility does not say.
void add_occupied(const World& world, const api::ModelDeployment& deployment,
                  std::vector<api::Reason>& reasons, const Policy& policy, base::Moment now) {
  for (const auto& [name, machine] : world.machines) {
    const auto* claim = world.claims.find(name);
    if (claim == nullptr || claim->spec.uid == deployment.metadata.uid) continue;
    if (!against(world, demand_of(deployment), *machine, policy, now).empty()) continue;
    reasons.push_back({name, "held by modeldeployment/" + claim->spec.deployment +
                                 (claim->spec.released ? ", which is leaving" : "")});
  }
}

void judge_unplaced(const World& world, const api::ModelDeployment& deployment, Judged& j,
                    const Policy& policy, base::Moment now) {
  forget_server(j.status);
  j.status.phase = DeploymentPhase::pending;
  j.status.reasons = reasons_for(world, demand_of(deployment), policy, now);
  add_occupied(world, deployment, j.status.reasons, policy, now);
  const bool leaving = has_claim(world, deployment.metadata.uid);
  j.placed.reason = leaving                                         ? "MachineLost"
                    : !world.models.contains(deployment.spec.model) ? "ModelNotFound"
                                                                    : "NoMachine";
  for (const auto& r : j.status.reasons)
    j.placed.message += (j.placed.message.empty() ? "" : " | ") +
                        (r.machine.empty() ? r.why : r.machine + ": " + r.why);
  if (j.status.reasons.empty()) {
    j.placed.reason = leaving ? "MachineLost" : "Scheduling";
    j.placed.message = leaving ? "its machine is silent" : "a machine fits; it is claimed next";
  }
  j.ready.reason = "NotPlaced";
  j.ready.message = "no machine holds it";
}

void judge_placed(const World& world, const api::Claim& claim, Judged& j, const Policy& policy,
                  base::Moment now) {
  const auto& machine = claim.name();
  j.status.machines = {machine};
  j.status.epoch = claim.spec.epoch.revision;
  j.status.reasons.clear();
  j.placed = {"Placed", "True", "Claimed", "on " + machine, {}, 0};
  if (liveness_of(world, machine, policy, now) != Liveness::alive) {
    j.ready.status = "Unknown";
    j.ready.reason = "MachineSilent";
    j.ready.message = "machine \"" + machine + "\" does not report";
    return;  // phase and figures stay as they were last seen
  }
  const auto* seen = process_of(world, machine, claim.spec.uid);
  if (seen == nullptr || seen->epoch != claim.spec.epoch) {
    j.status.phase = DeploymentPhase::claimed;
    j.status.endpoint.clear();
    j.ready.reason = "Claimed";
    j.ready.message = "the agent has not begun yet";
    return;
  }
  j.status.phase = phase_of(seen->phase);
  j.status.restarts = seen->restarts;
  j.status.warmup_seconds = seen->warmup_seconds;
  j.status.hot_since = seen->hot_since;
  const bool hot = seen->phase == api::ServerPhase::hot;
  j.status.endpoint = hot ? seen->endpoint : "";
  j.ready.status = hot ? "True" : "False";
  j.ready.reason = hot ? "Hot"
                   : !seen->reason.empty()
                       ? seen->reason
                       : std::string(api::kServerPhases[static_cast<std::size_t>(seen->phase)]);
  j.ready.message = hot ? "it answers real generations" : seen->message;
}

void judge_leaving(const World& world, const api::ModelDeployment& deployment, Judged& j) {
  const bool held = has_claim(world, deployment.metadata.uid);
  j.status.phase = held ? DeploymentPhase::draining : DeploymentPhase::stopped;
  j.status.endpoint.clear();
  j.status.reasons.clear();
  if (!held) forget_server(j.status);
  const char* word = deployment.deleting() ? "Deleted" : "NotWanted";
  j.placed.status = held ? "True" : "False";
  j.placed.reason = word;
  j.placed.message = held ? "its server is being stopped" : "";
  j.ready.reason = word;
  j.ready.message = deployment.deleting() ? "it is being deleted" : "it is not wanted hot";
}

/// maxHot counts from hot; when it is over, it is over for this spec.
std::optional<base::Duration> judge_max_hot(const api::ModelDeployment& deployment, Status& status,
                                            base::Moment now) {
  if (!deployment.spec.max_hot.set() || !status.hot_since.set()) return std::nullopt;
  const auto left = status.hot_since.at + deployment.spec.max_hot.value() - now.wall;
  if (left.count() > 0) return left;
  api::set_condition(status.conditions,
                     {"MaxHotOver",
                      "True",
                      "MaxHot",
                      "it was hot for " + deployment.spec.max_hot.text,
                      {},
                      deployment.metadata.generation},
                     now.wall);
  return std::nullopt;
}

void tell(const api::ModelDeployment& deployment, const Judged& j, Plan& plan) {
  if (j.status.phase == deployment.status.phase) return;
  const auto word = std::string(api::kDeploymentPhases[static_cast<std::size_t>(j.status.phase)]);
  std::string message =
      "on " + (j.status.machines.empty() ? "no machine" : j.status.machines.front());
  if (j.status.phase == DeploymentPhase::failed) message = j.ready.message;
  if (j.status.phase == DeploymentPhase::pending) message = j.placed.message;
  plan.changes.push_back(
      RecordEvent{"ModelDeployment", deployment.name(), deployment.metadata.uid,
                  j.status.phase == DeploymentPhase::failed ? "Warning" : "Normal", word, message});
}

}  // namespace

Demand demand_of(const api::ModelDeployment& deployment) {
  return {deployment.spec.model, deployment.spec.machine, deployment.spec.machine_group,
          deployment.spec.selector,
          is_from_queue(deployment) ? Demand::For::benching : Demand::For::serving};
}

Plan reconcile_model_deployment(const World& world, const std::string& name, const Policy& policy,
                                base::Moment now) {
  Plan plan;
  const auto* deployment = world.deployments.find(name);
  if (deployment == nullptr) return plan;
  if (deployment->deleting() && !has_claim(world, deployment->metadata.uid)) {
    plan.changes.push_back(LetGo{"ModelDeployment", name, deployment->revision});
    plan.because = {"Deleted", "no machine holds it any more"};
    return plan;
  }
  Judged j{deployment->status};
  j.status.observed_generation = deployment->metadata.generation;
  const auto* claim = claim_of(world, *deployment);
  if (!is_wanted(*deployment))
    judge_leaving(world, *deployment, j);
  else if (claim == nullptr)
    judge_unplaced(world, *deployment, j, policy, now);
  else
    judge_placed(world, *claim, j, policy, now);
  plan.look_again = judge_max_hot(*deployment, j.status, now);
  j.placed.observed_generation = j.ready.observed_generation = deployment->metadata.generation;
  api::set_condition(j.status.conditions, j.placed, now.wall);
  api::set_condition(j.status.conditions, j.ready, now.wall);
  plan.because = {j.ready.reason, j.ready.message};
  if (j.status == deployment->status) return plan;
  plan.changes.push_back(SetDeploymentStatus{name, deployment->revision, j.status});
  tell(*deployment, j, plan);
  return plan;
}

}  // namespace reconcilers
