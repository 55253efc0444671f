// SPDX-License-Identifier: Apache-2.0
#include "reconcilers/scheduling/placement.hpp"

#include "base/text.hpp"
#include "reconcilers/bench_run.hpp"
#include "reconcilers/model_deployment.hpp"
#include "reconcilers/scheduling/feasible.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace reconcilers {
namespace {

/// What this plan has promised so far, so that one machine or slot is not given twice.
struct Draft {
  const World& world;
  const Policy& policy;
  base::Moment now;
  Plan plan;
  std::set<std::string> taken;                // machines claimed or being emptied by this plan
  std::set<std::string> emptying;             // machines whose holder is on its way out
  std::map<std::string, std::int64_t> slots;  // bench slots used, by machine
};

void because(Draft& d, std::string reason, std::string message) {
  if (d.plan.because.reason.empty()) d.plan.because = {std::move(reason), std::move(message)};
}

/// Does the claim's deployment still want to be on that machine?
bool belongs(const World& world, const api::Claim& claim) {
  const auto* deployment = world.deployments.find(claim.spec.deployment);
  if (deployment == nullptr || deployment->metadata.uid != claim.spec.uid) return false;
  if (!is_wanted(*deployment)) return false;
  const auto* machine = world.machines.find(claim.name());
  if (machine == nullptr || machine->deleting() || machine->spec.drain) return false;
  const auto& spec = deployment->spec;
  if (!spec.machine.empty() && spec.machine != claim.name()) return false;
  return !spec.selector || matches(*spec.selector, *machine);
}

bool has_bound_run(const World& world, const std::string& deployment_uid) {
  return std::any_of(world.runs.begin(), world.runs.end(), [&](const auto& entry) {
    return entry.second->status.deployment_uid == deployment_uid &&
           api::is_bound(entry.second->status.phase) && !entry.second->spec.cancel;
  });
}

/// A run that is not finished and asks for this model.
bool has_open_run(const World& world, const std::string& model) {
  return std::any_of(world.runs.begin(), world.runs.end(), [&](const auto& entry) {
    const auto& run = *entry.second;
    return run.spec.model == model && !api::is_finished(run.status.phase) && !run.spec.cancel &&
           !run.deleting();
  });
}

void settle_claim(Draft& d, const api::Claim& claim) {
  const auto& machine = claim.name();
  const bool silent = liveness_of(d.world, machine, d.policy, d.now) == Liveness::silent;
  auto spec = claim.spec;
  if (silent) {
    if (claim.spec.abandoned) return;
    spec.abandoned = true;
    because(d, "MachineSilent", "machine \"" + machine + "\" is silent; its claim is set aside");
    d.plan.changes.push_back(SetClaim{machine, claim.revision, spec});
    return;
  }
  const bool away = claim.spec.released || claim.spec.abandoned;
  if (away || !belongs(d.world, claim)) {
    const auto* deployment = d.world.deployments.find(claim.spec.deployment);
    const bool only_lost = claim.spec.abandoned && !claim.spec.released &&
                           belongs(d.world, claim) && claim_of(d.world, *deployment) == nullptr;
    if (only_lost) {  // it is back, and nobody else took the deployment over
      if (liveness_of(d.world, machine, d.policy, d.now) != Liveness::alive) return;
      spec.abandoned = false;
      because(d, "MachineBack", "machine \"" + machine + "\" is back");
      d.plan.changes.push_back(SetClaim{machine, claim.revision, spec});
      return;
    }
    const bool inside_run = !away && deployment != nullptr && is_wanted(*deployment) &&
                            d.world.machines.contains(machine) &&
                            has_bound_run(d.world, claim.spec.uid);
    d.emptying.insert(machine);
    if (inside_run) return;  // a move waits for the end of the run
    if (!claim.spec.released) {
      spec.released = true;
      because(d, "Released", "modeldeployment/" + claim.spec.deployment + " leaves " + machine);
      d.plan.changes.push_back(SetClaim{machine, claim.revision, spec});
      return;
    }
    const bool gone = has_caught_up(d.world, machine, claim.revision) &&
                      process_of(d.world, machine, claim.spec.uid) == nullptr;
    const bool never = !d.world.machines.contains(machine) && !d.world.contacts.contains(machine);
    if (!gone && !never) return;
    because(d, "Gone",
            "the server of modeldeployment/" + claim.spec.deployment + " is gone from " + machine);
    d.plan.changes.push_back(DropClaim{machine, claim.revision});
  }
}

/// One thing that wants a machine: a deployment without one, or a run whose model has none.
struct Wish {
  std::int64_t priority = 0;
  base::Instant since;
  std::string name;
  const api::ModelDeployment* deployment = nullptr;
  const api::BenchRun* run = nullptr;
  Demand demand;
};

std::vector<Wish> wishes_of(const Draft& d) {
  std::vector<Wish> wishes;
  for (const auto& [name, deployment] : d.world.deployments) {
    if (!is_wanted(*deployment) || claim_of(d.world, *deployment) != nullptr) continue;
    if (is_from_queue(*deployment) && !has_open_run(d.world, deployment->spec.model)) continue;
    wishes.push_back({deployment->spec.priority, deployment->metadata.created.at, name,
                      deployment.get(), nullptr, demand_of(*deployment)});
  }
  std::set<std::string> models;
  std::vector<Wish> of_runs;
  for (const auto& [name, run] : d.world.runs) {
    if (api::is_finished(run->status.phase) || api::is_bound(run->status.phase)) continue;
    if (run->spec.cancel || run->deleting() || deployment_for(d.world, *run) != nullptr) continue;
    of_runs.push_back(
        {run->spec.priority, run->metadata.created.at, name, nullptr, run.get(), demand_of(*run)});
  }
  wishes.insert(wishes.end(), of_runs.begin(), of_runs.end());
  std::sort(wishes.begin(), wishes.end(), [](const Wish& a, const Wish& b) {
    return std::tuple(-a.priority, a.since, a.name) < std::tuple(-b.priority, b.since, b.name);
  });
  return wishes;
}

/// May the holder of a machine be asked to leave for a wish of this priority?
bool can_make_room(const Draft& d, const api::Claim& claim, std::int64_t priority) {
  if (claim.spec.released || claim.spec.abandoned) return false;
  const auto* holder = d.world.deployments.find(claim.spec.deployment);
  if (holder == nullptr || has_bound_run(d.world, claim.spec.uid)) return false;
  if (is_from_queue(*holder) && !has_open_run(d.world, holder->spec.model)) return true;
  return holder->spec.priority < priority;
}

void make_room(Draft& d, const std::string& machine, const api::Claim& claim, const Wish& wish) {
  const auto* holder = d.world.deployments.find(claim.spec.deployment);
  d.emptying.insert(machine);
  because(d, "MakesRoom",
          "modeldeployment/" + claim.spec.deployment + " makes room on " + machine + " for " +
              wish.name);
  if (is_from_queue(*holder) && !holder->deleting()) {
    d.plan.changes.push_back(AskDelete{"ModelDeployment", holder->name(), holder->revision});
  } else {
    auto spec = claim.spec;
    spec.released = true;
    d.plan.changes.push_back(SetClaim{machine, claim.revision, spec});
  }
}

void create_for_run(Draft& d, const Wish& wish) {
  api::ModelDeploymentSpec spec;
  spec.model = wish.demand.model;
  spec.machine = wish.demand.machine;
  spec.machine_group = wish.demand.machine.empty() ? wish.demand.machine_group : "";
  if (spec.machine.empty() && spec.machine_group.empty()) spec.selector = wish.demand.selector;
  spec.priority = wish.priority;
  std::string name = wish.demand.model;
  if (d.world.deployments.contains(name)) name = base::fitted_name(name + "-" + wish.name);
  if (d.world.deployments.contains(name)) return;  // it is on its way out; its name comes free
  because(d, "Demand", "benchrun/" + wish.name + " needs its model");
  d.plan.changes.push_back(CreateDeployment{name, spec});
}

/// A free machine at once; else somebody is asked to make room, one machine for one wish.
void grant(Draft& d, const Wish& wish) {
  const std::string* free = nullptr;
  const std::string* room = nullptr;
  const std::string* leaving = nullptr;
  for (const auto& [name, machine] : d.world.machines) {
    if (!against(d.world, wish.demand, *machine, d.policy, d.now).empty()) continue;
    const auto* claim = d.world.claims.find(name);
    if (d.taken.contains(name)) continue;
    if (claim == nullptr) {
      free = &name;
      break;
    }
    if (leaving == nullptr && d.emptying.contains(name)) leaving = &name;
    if (room == nullptr && !d.emptying.contains(name) && can_make_room(d, *claim, wish.priority))
      room = &name;
  }
  if (free != nullptr) {
    d.taken.insert(*free);
    if (wish.run != nullptr) return create_for_run(d, wish);
    because(d, "Claims", "modeldeployment/" + wish.name + " takes " + *free);
    d.plan.changes.push_back(TakeClaim{*free, wish.name, wish.deployment->metadata.uid});
    return;
  }
  if (leaving != nullptr) {  // its holder is on its way out: it is for the first who waits
    d.taken.insert(*leaving);
    return;
  }
  if (room == nullptr) return;
  make_room(d, *room, *d.world.claims.find(*room), wish);
  d.taken.insert(*room);
}

void count_slots(Draft& d) {
  for (const auto& [name, run] : d.world.runs)
    if (api::is_bound(run->status.phase)) ++d.slots[run->status.machine];
}

void bind(Draft& d, const api::BenchRun& run) {
  const auto* deployment = deployment_for(d.world, run);
  if (deployment == nullptr || deployment->status.phase != api::DeploymentPhase::hot) return;
  const auto* claim = claim_of(d.world, *deployment);
  if (claim == nullptr || deployment->status.endpoint.empty()) return;
  const auto& name = claim->name();
  const auto* machine = d.world.machines.find(name);
  if (machine == nullptr || d.emptying.contains(name) || !d.world.benches.contains(run.spec.bench))
    return;
  if (!against(d.world, demand_of(run), *machine, d.policy, d.now).empty()) return;
  const auto* server = process_of(d.world, name, deployment->metadata.uid);
  if (server == nullptr || server->phase != api::ServerPhase::hot) return;
  if (d.slots[name] >= machine->spec.bench_slots) return;
  if (run.status.next_retry.at > d.now.wall) {
    const auto wait = run.status.next_retry.at - d.now.wall;
    if (!d.plan.look_again || wait < *d.plan.look_again) d.plan.look_again = wait;
    return;
  }
  ++d.slots[name];
  because(d, "Binds", "benchrun/" + run.name() + " runs on " + name);
  d.plan.changes.push_back(
      BindRun{run.name(), run.revision, name, deployment->name(), deployment->metadata.uid});
}

void bind_runs(Draft& d) {
  std::vector<const api::BenchRun*> open;
  for (const auto& [name, run] : d.world.runs) {
    if (api::is_finished(run->status.phase) || api::is_bound(run->status.phase)) continue;
    if (!run->spec.cancel && !run->deleting()) open.push_back(run.get());
  }
  std::sort(open.begin(), open.end(), [](const auto* a, const auto* b) {
    return std::tuple(-a->spec.priority, a->metadata.created.at, a->name()) <
           std::tuple(-b->spec.priority, b->metadata.created.at, b->name());
  });
  for (const auto* run : open)
    bind(d, *run);
}

}  // namespace

Plan plan_placement(const World& world, const Policy& policy, base::Moment now) {
  Draft d{world, policy, now, {}, {}, {}, {}};
  for (const auto& [name, claim] : world.claims)
    settle_claim(d, *claim);
  for (const auto& wish : wishes_of(d))
    grant(d, wish);
  count_slots(d);
  bind_runs(d);
  return std::move(d.plan);
}

}  // namespace reconcilers
