// SPDX-License-Identifier: Apache-2.0
#include "reconcilers/model_deployment.hpp"

#include "base/units.hpp"

namespace reconcilers {
namespace {

using api::DeploymentPhase;

struct Judged {
  api::ModelDeploymentStatus status;
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

void forget_server(api::ModelDeploymentStatus& status) {
  status.machines.clear();
  status.epoch = 0;
  status.endpoint.clear();
  status.hot_since = {};
}

/// Somebody else is on the machine: the one thing feasibility does not say.
void add_occupied(const World& world, const api::ModelDeployment& deployment,
                  std::vector<api::Reason>& reasons, const Policy& policy, base::Moment now) {
  const auto& uid = deployment.metadata.uid;
  for (const auto& [name, machine] : world.machines) {
    if (!against(world, demand_of(deployment), *machine, policy, now).empty()) continue;
    const auto* claim = world.claims.find(name);
    const auto* stranger = stranger_on(world, name, uid);
    if (claim != nullptr && claim->spec.uid != uid)
      reasons.push_back({name, "held by modeldeployment/" + claim->spec.deployment +
                                   (claim->spec.released ? ", which is leaving" : "")});
    else if (claim == nullptr && stranger != nullptr)
      reasons.push_back(
          {name, "a server of modeldeployment/" + stranger->deployment + " is still there"});
  }
}

/// It had a machine, and has none any more.
void judge_parted(const World& world, const api::ModelDeployment& deployment, Judged& j) {
  for (const auto& [machine, claim] : world.claims) {
    if (claim->spec.uid != deployment.metadata.uid) continue;
    const bool silent = claim->spec.abandoned && !claim->spec.released;
    j.placed.reason = silent ? "MachineLost" : "Leaving";
    if (j.status.reasons.empty())
      j.placed.message = silent ? "machine \"" + machine + "\" is silent"
                                : "its server is leaving machine \"" + machine + "\"";
    return;
  }
}

void judge_unplaced(const World& world, const api::ModelDeployment& deployment, Judged& j,
                    const Policy& policy, base::Moment now) {
  forget_server(j.status);
  j.status.phase = DeploymentPhase::pending;
  j.status.reasons = reasons_for(world, demand_of(deployment), policy, now);
  add_occupied(world, deployment, j.status.reasons, policy, now);
  j.placed.reason = !world.models.contains(deployment.spec.model) ? "ModelNotFound" : "NoMachine";
  for (const auto& r : j.status.reasons)
    j.placed.message += (j.placed.message.empty() ? "" : " | ") +
                        (r.machine.empty() ? r.why : r.machine + ": " + r.why);
  if (j.status.reasons.empty()) {
    j.placed.reason = "Scheduling";
    j.placed.message = "a machine fits; it is claimed next";
  }
  judge_parted(world, deployment, j);
  j.ready.reason = "NotPlaced";
  j.ready.message = "no machine holds it";
}

/// What the server's command can't be made without; empty when all is there.
std::string missing_for(const World& world, const api::ModelDeployment& deployment,
                        const std::string& machine_name) {
  const auto* model = world.models.find(deployment.spec.model);
  if (model == nullptr) return "model \"" + deployment.spec.model + "\" does not exist";
  const auto* machine = world.machines.find(machine_name);
  if (machine == nullptr) return "machine \"" + machine_name + "\" does not exist";
  const auto* entry = runtime_for(*model, *machine);
  if (entry == nullptr) return "no runtime of the model matches the machine's class or labels";
  if (world.runtimes.contains(entry->runtime)) return {};
  return "runtime \"" + entry->runtime + "\" does not exist";
}

void judge_placed(const World& world, const api::ModelDeployment& deployment,
                  const api::Claim& claim, Judged& j, const Policy& policy, base::Moment now) {
  const auto& machine = claim.name();
  j.status.machines = {machine};
  j.status.epoch = claim.spec.epoch.revision;
  j.status.reasons.clear();
  j.placed = {"Placed", "True", "Claimed", "on " + machine, {}, 0};
  const auto liveness = liveness_of(world, machine, policy, now);
  if (liveness != Liveness::alive) {
    const auto* before = api::find_condition(j.status.conditions, "Ready");
    if (liveness == Liveness::never_heard && before != nullptr &&
        world.contacts.contains(machine)) {
      j.ready = *before;  // the controller has just started: the last word stands
      return;
    }
    j.ready.status = "Unknown";
    j.ready.reason = "MachineSilent";
    j.ready.message = "machine \"" + machine + "\" does not report";
    return;  // phase and figures stay as they were last seen
  }
  const auto* seen = process_of(world, machine, claim.spec.uid);
  if (seen == nullptr || seen->epoch != claim.spec.epoch) {
    j.status.phase = DeploymentPhase::claimed;
    j.status.endpoint.clear();
    const auto missing = missing_for(world, deployment, machine);
    j.ready.reason = missing.empty() ? "Claimed" : "CannotStart";
    j.ready.message = missing.empty() ? "the agent has not begun yet" : missing;
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
  j.ready.message = deployment.deleting()      ? "it is being deleted"
                    : is_asked_hot(deployment) ? "its maxHot is over"
                                               : "it is not wanted hot";
}

/// maxHot counts from hot; when it is over, it is over for this spec.
std::optional<base::Duration> judge_max_hot(const api::ModelDeployment& deployment,
                                            api::ModelDeploymentStatus& status, base::Moment now) {
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

/// A claim on a machine that is lost does not keep a deleted deployment: its end would never come.
/// The claim stays and guards the machine until the agent is back and has stopped the server.
bool is_held_anywhere(const World& world, const api::ModelDeployment& deployment,
                      const Policy& policy, base::Moment now) {
  for (const auto& [machine, claim] : world.claims)
    if (claim->spec.uid == deployment.metadata.uid && !is_lost(world, machine, policy, now))
      return true;
  return false;
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
  if (deployment->deleting() && !is_held_anywhere(world, *deployment, policy, now)) {
    plan.changes.push_back(LetGo{"ModelDeployment", name, deployment->revision});
    plan.because = {"Deleted", "no machine holds it any more"};
    return plan;
  }
  Judged j{deployment->status};
  j.status.observed_generation = deployment->metadata.generation;
  const auto* claim = claim_of(world, *deployment);
  if (claim != nullptr && is_asked_hot(*deployment))  // also over its maxHot, inside a run
    judge_placed(world, *deployment, *claim, j, policy, now);
  else if (!is_wanted(*deployment))
    judge_leaving(world, *deployment, j);
  else
    judge_unplaced(world, *deployment, j, policy, now);
  plan.look_again = judge_max_hot(*deployment, j.status, now);
  for (const auto& [machine, held] : world.claims) {
    if (held->spec.uid != deployment->metadata.uid) continue;
    const auto left = silent_in(world, machine, policy, now);
    if (left && (!plan.look_again || *left < *plan.look_again)) plan.look_again = left;
  }
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
