// SPDX-License-Identifier: Apache-2.0
#include "reconcilers/scheduling/placement.hpp"

#include "base/hooks.hpp"
#include "base/text.hpp"
#include "reconcilers/bench_run.hpp"
#include "reconcilers/model_deployment.hpp"
#include "reconcilers/scheduling/feasible.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace reconcilers {
namespace {

constexpr std::int64_t kIdle = -1;  // below every priority: nobody asks for it

/// What this plan has promised so far, so that one machine or slot is not given twice.
struct Draft {
  const World& world;
  const Policy& policy;
  base::Moment now;
  Plan plan;
  std::set<std::string> taken;                 // machines claimed or being emptied by this plan
  std::set<std::string> emptying;              // machines whose holder is on its way out
  std::set<std::string> reserved;              // machines that begin no run: somebody waits for it
  std::set<std::string> placed;                // uids that got a machine, or were promised one
  std::map<std::string, std::string> granted;  // by model: the machine that was promised first
  std::map<std::string, std::int64_t> slots;   // bench slots used, by machine
  /// A run that waits, and the deployments that could serve it, the best first.
  struct Open {
    const api::BenchRun* run = nullptr;
    std::vector<const api::ModelDeployment*> servers;
  };
  std::vector<Open> open;  // by priority, age, name
  /// By deployment: the runs that wait for it, in order.
  std::map<std::string, std::vector<const api::BenchRun*>> asked;
};

void because(Draft& d, std::string reason, std::string message) {
  if (d.plan.because.reason.empty()) d.plan.because = {std::move(reason), std::move(message)};
}

void look_again(Draft& d, std::optional<base::Duration> in) {
  if (in && (!d.plan.look_again || *in < *d.plan.look_again)) d.plan.look_again = in;
}

/// Runs that wait. One whose bench does not exist asks for nothing.
void collect_runs(Draft& d) {
  for (const auto& [name, run] : d.world.runs) {
    if (api::is_bound(run->status.phase)) ++d.slots[run->status.machine];
    if (api::is_finished(run->status.phase) || api::is_bound(run->status.phase)) continue;
    if (run->spec.cancel || run->deleting() || !d.world.benches.contains(run->spec.bench)) continue;
    d.open.push_back({run, deployments_for(d.world, *run, d.policy, d.now)});
  }
  const auto rank = [](const Draft::Open& o) {
    return std::tuple(-o.run->spec.priority, o.run->metadata.created.at,
                      std::string_view(o.run->name()));
  };
  std::sort(d.open.begin(), d.open.end(),
            [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  for (const auto& [run, servers] : d.open) {
    for (const auto* deployment : servers) {
      // It waits for all that hold a machine or that the queue made; else for the first alone.
      const bool placed = claim_of(d.world, *deployment) != nullptr;
      if (deployment != servers.front() && !placed && !is_from_queue(*deployment)) break;
      d.asked[deployment->name()].push_back(run);
    }
  }
}

const std::vector<const api::BenchRun*>& runs_of(const Draft& d, const std::string& deployment) {
  static const std::vector<const api::BenchRun*> none;
  const auto found = d.asked.find(deployment);
  return found == d.asked.end() ? none : found->second;
}

std::int64_t own_weight(const api::ModelDeployment& deployment) {
  return is_from_queue(deployment) ? kIdle : deployment.spec.priority;
}

/// How much a deployment counts: for what people wrote, at least their word; for what the queue
/// made, what its waiting runs count.
std::int64_t weight_of(const Draft& d, const api::ModelDeployment& deployment) {
  const auto& runs = runs_of(d, deployment.name());
  return std::max(own_weight(deployment), runs.empty() ? kIdle : runs.front()->spec.priority);
}

/// Does the claim's deployment still want to be on that machine, and may it?
bool belongs(const Draft& d, const api::Claim& claim) {
  const auto* deployment = d.world.deployments.find(claim.spec.deployment);
  if (deployment == nullptr || deployment->metadata.uid != claim.spec.uid) return false;
  if (!is_wanted(*deployment)) return false;
  const auto* machine = d.world.machines.find(claim.name());
  if (machine == nullptr || machine->deleting() || machine->spec.drain) return false;
  if (machine->spec.hold && machine->spec.hold->until.at > d.now.wall) return false;
  return is_asked_for(d.world, demand_of(*deployment), *machine);
}

void drop(Draft& d, const api::Claim& claim, std::string reason, std::string message) {
  because(d, std::move(reason), std::move(message));
  d.plan.changes.push_back(DropClaim{claim.name(), claim.revision});
}

/// Its machine does not speak: the claim stays and guards it, also when people deleted the Machine.
/// What runs there is not proved gone, and whatever bears the name next is held until it is.
void set_aside(Draft& d, const api::Claim& claim) {
  if (ORCH_MUTANT("claim-goes-with-machine") && !d.world.machines.contains(claim.name()))
    return drop(d, claim, "MachineDeleted", "the machine was deleted");
  if (claim.spec.abandoned) return;
  ORCH_MARK("claim.set-aside");
  auto spec = claim.spec;
  spec.abandoned = true;
  because(d, "MachineSilent", "machine \"" + claim.name() + "\" is silent; its claim is set aside");
  d.plan.changes.push_back(SetClaim{claim.name(), claim.revision, spec});
}

/// An abandoned claim of a deployment that nobody else took over; true when that is settled here.
bool take_back(Draft& d, const api::Claim& claim) {
  if (!claim.spec.abandoned || claim.spec.released || !belongs(d, claim)) return false;
  const auto* deployment = d.world.deployments.find(claim.spec.deployment);
  if (claim_of(d.world, *deployment) != nullptr || d.placed.contains(claim.spec.uid)) return false;
  if (liveness_of(d.world, claim.name(), d.policy, d.now) != Liveness::alive) return true;
  auto spec = claim.spec;
  spec.abandoned = false;
  ORCH_MARK("claim.taken-back");
  d.placed.insert(claim.spec.uid);
  because(d, "MachineBack", "machine \"" + claim.name() + "\" is back");
  d.plan.changes.push_back(SetClaim{claim.name(), claim.revision, spec});
  return true;
}

void settle_claim(Draft& d, const api::Claim& claim) {
  const auto& machine = claim.name();
  if (is_lost(d.world, machine, d.policy, d.now)) return set_aside(d, claim);
  look_again(d, silent_in(d.world, machine, d.policy, d.now));
  const bool away = claim.spec.released || claim.spec.abandoned;
  if ((!away && belongs(d, claim)) || take_back(d, claim)) return;
  d.emptying.insert(machine);
  const auto* deployment = d.world.deployments.find(claim.spec.deployment);
  const bool asked = deployment != nullptr && deployment->metadata.uid == claim.spec.uid &&
                     is_asked_hot(*deployment);
  // A move, a drain and the end of maxHot wait for the end of the run.
  if (!away && asked && is_inside_run(d.world, claim.spec.uid)) {
    ORCH_MARK("claim.waits-for-the-run");
    return;
  }
  if (!claim.spec.released) {
    auto spec = claim.spec;
    spec.released = true;
    because(d, "Released", "modeldeployment/" + claim.spec.deployment + " leaves " + machine);
    d.plan.changes.push_back(SetClaim{machine, claim.revision, spec});
    return;
  }
  if ((has_caught_up(d.world, machine, claim.revision) || ORCH_MUTANT("claim-dropped-unproved")) &&
      process_of(d.world, machine, claim.spec.uid) == nullptr)
    drop(d, claim, "Gone",
         "the server of modeldeployment/" + claim.spec.deployment + " is gone from " + machine);
}

/// One thing that wants a machine: a deployment that has none; the same for the sake of a run that
/// waits for it, which counts only where that run could go; or a run whose model has none.
struct Wish {
  std::int64_t priority = 0;
  base::Instant since;
  std::string name;
  const api::ModelDeployment* deployment = nullptr;
  const api::BenchRun* run = nullptr;
  const std::string& model() const {
    return deployment != nullptr ? deployment->spec.model : run->spec.model;
  }
};

/// Could the deployment go to a machine that is only not heard yet since the controller started?
bool is_in_doubt(const Draft& d, const api::ModelDeployment& deployment) {
  return std::any_of(d.world.machines.begin(), d.world.machines.end(), [&](const auto& entry) {
    return liveness_of(d.world, entry.first, d.policy, d.now) == Liveness::never_heard &&
           could_run(d.world, demand_of(deployment), *entry.second, d.policy, d.now);
  });
}

/// Does the run wait for a deployment, rather than wish for one? Not for one that has no machine:
/// that goes first, and if it gets none, the run finds its own.
bool is_waiting_for_one(const Draft& d, const Draft::Open& open) {
  if (open.servers.empty()) return false;
  const auto& best = *open.servers.front();
  return claim_of(d.world, best) != nullptr || is_in_doubt(d, best);
}

void add_wishes(const Draft& d, const api::ModelDeployment& deployment, std::vector<Wish>& wishes) {
  const auto own = own_weight(deployment);
  const auto& name = deployment.name();
  if (own != kIdle)
    wishes.push_back({own, deployment.metadata.created.at, name, &deployment, nullptr});
  std::vector<Demand> seen;  // of several runs that may go to the same machines, the first speaks
  for (const auto* run : runs_of(d, name)) {
    if (run->spec.priority <= own) return;
    const auto demand = demand_of(*run);
    if (std::find(seen.begin(), seen.end(), demand) != seen.end()) continue;
    seen.push_back(demand);
    wishes.push_back({run->spec.priority, run->metadata.created.at, name, &deployment, run});
  }
}

std::vector<Wish> wishes_of(const Draft& d) {
  std::vector<Wish> wishes;
  for (const auto& [name, deployment] : d.world.deployments)
    if (is_wanted(*deployment) && claim_of(d.world, *deployment) == nullptr)
      add_wishes(d, *deployment, wishes);
  for (const auto& open : d.open) {
    const auto& run = *open.run;
    if (!is_waiting_for_one(d, open))
      wishes.push_back({run.spec.priority, run.metadata.created.at, run.name(), nullptr, &run});
  }
  const auto rank = [](const Wish& w) {
    return std::tuple(-w.priority, w.since, w.deployment == nullptr, std::string_view(w.name));
  };
  std::stable_sort(wishes.begin(), wishes.end(),
                   [&](const Wish& a, const Wish& b) { return rank(a) < rank(b); });
  return wishes;
}

/// Does the machine's holder count strictly less than the wish?
bool yields(const Draft& d, const api::Claim& claim, const Wish& wish) {
  if (claim.spec.released || claim.spec.abandoned) return false;
  const auto* holder = d.world.deployments.find(claim.spec.deployment);
  return holder != nullptr && weight_of(d, *holder) < wish.priority;
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
  const auto demand = demand_of(*wish.run);
  api::ModelDeploymentSpec spec;
  spec.model = demand.model;
  spec.machine = demand.machine;
  spec.machine_group = demand.machine.empty() ? demand.machine_group : "";
  if (spec.machine.empty() && spec.machine_group.empty()) spec.selector = demand.selector;
  spec.priority = wish.priority;
  // The plain name may be taken: by one elsewhere, by one on its way out, by what people made of
  // it.
  std::string name = demand.model;
  for (int n = 1; d.world.deployments.contains(name); ++n)
    name =
        base::fitted_name(demand.model + "-" + wish.name + (n > 1 ? "-" + std::to_string(n) : ""));
  because(d, "Demand", "benchrun/" + wish.name + " needs its model");
  d.plan.changes.push_back(CreateDeployment{name, spec});
}

/// What a wish could have, each the first by name.
struct Offers {
  const std::string* free = nullptr;
  const std::string* leaving = nullptr;  // its holder is on its way out
  const std::string* room = nullptr;     // its holder must yield
  const std::string* busy = nullptr;     // its holder goes or must yield, but is inside a run
};

bool may_go(const Draft& d, const Wish& wish, const api::Machine& machine) {
  const auto fits = [&](const Demand& demand) {
    return against(d.world, demand, machine, d.policy, d.now).empty();
  };
  return (wish.deployment == nullptr || fits(demand_of(*wish.deployment))) &&
         (wish.run == nullptr || fits(demand_of(*wish.run)));
}

Offers offers_for(const Draft& d, const Wish& wish) {
  Offers offers;
  const auto offer = [](const std::string*& place, const std::string& name) {
    if (place == nullptr) place = &name;
  };
  const std::string uid = wish.deployment != nullptr ? wish.deployment->metadata.uid : "";
  for (const auto& [name, machine] : d.world.machines) {
    if (d.taken.contains(name)) continue;
    const auto* claim = d.world.claims.find(name);
    const bool goes = d.emptying.contains(name);
    if (claim != nullptr && !goes && !yields(d, *claim, wish)) continue;
    if (!may_go(d, wish, *machine)) continue;
    if (claim == nullptr) {
      offer(stranger_on(d.world, name, uid) == nullptr ? offers.free : offers.leaving, name);
      continue;
    }
    const bool busy = !claim->spec.released && is_inside_run(d.world, claim->spec.uid);
    offer(busy ? offers.busy : goes ? offers.leaving : offers.room, name);
  }
  return offers;
}

/// A wish of the same deployment came before it; or somebody was promised a machine for the same
/// model, where this run could go too.
bool is_served(const Draft& d, const Wish& wish) {
  if (wish.deployment != nullptr) return d.placed.contains(wish.deployment->metadata.uid);
  const auto granted = d.granted.find(wish.model());
  const auto* machine =
      granted == d.granted.end() ? nullptr : d.world.machines.find(granted->second);
  const auto demand = demand_of(*wish.run);
  return machine != nullptr && is_asked_for(d.world, demand, *machine) &&
         is_allowed(demand, *machine, d.now);
}

/// A free machine at once; else somebody is asked to make room, one machine for one wish.
void grant(Draft& d, const Wish& wish) {
  if (is_served(d, wish)) return;
  const auto offers = offers_for(d, wish);
  const auto* machine = offers.free != nullptr      ? offers.free
                        : offers.leaving != nullptr ? offers.leaving
                                                    : offers.room;
  if (machine == nullptr) {
    if (offers.busy != nullptr) d.reserved.insert(*offers.busy);
    return;
  }
  d.taken.insert(*machine);
  d.granted.try_emplace(wish.model(), *machine);
  if (wish.deployment != nullptr) d.placed.insert(wish.deployment->metadata.uid);
  if (machine == offers.room) make_room(d, *machine, *d.world.claims.find(*machine), wish);
  if (machine != offers.free) return;
  if (wish.deployment == nullptr) return create_for_run(d, wish);
  because(d, "Claims", "modeldeployment/" + wish.name + " takes " + *machine);
  d.plan.changes.push_back(TakeClaim{*machine, wish.name, wish.deployment->metadata.uid});
}

/// What the queue made and nobody waits for any more goes, unless it is hot already: then it stays
/// until its machine is needed.
void tidy_up(Draft& d) {
  for (const auto& [name, deployment] : d.world.deployments) {
    if (!is_from_queue(*deployment) || !is_wanted(*deployment)) continue;
    if (weight_of(d, *deployment) != kIdle || claim_of(d.world, *deployment) != nullptr) continue;
    if (d.placed.contains(deployment->metadata.uid)) continue;
    because(d, "NotNeeded", "no run waits for modeldeployment/" + name);
    d.plan.changes.push_back(AskDelete{"ModelDeployment", name, deployment->revision});
  }
}

/// Does the deployment answer on its machine, and may the machine begin a run of it?
const api::Machine* host_for(const Draft& d, const api::BenchRun& run,
                             const api::ModelDeployment& deployment) {
  const auto* claim = claim_of(d.world, deployment);
  if (claim == nullptr || deployment.status.phase != api::DeploymentPhase::hot) return nullptr;
  const auto& name = claim->name();
  const auto* machine = d.world.machines.find(name);
  if (machine == nullptr || d.emptying.contains(name) || d.reserved.contains(name)) return nullptr;
  const auto* server = process_of(d.world, name, deployment.metadata.uid);
  if (server == nullptr || server->phase != api::ServerPhase::hot) return nullptr;
  if (server->epoch != claim->spec.epoch || server->endpoint != deployment.status.endpoint ||
      server->endpoint.empty())
    return nullptr;
  const auto used = d.slots.find(name);
  if (used != d.slots.end() && used->second >= machine->spec.bench_slots) return nullptr;
  return against(d.world, demand_of(run), *machine, d.policy, d.now).empty() ? machine : nullptr;
}

void bind(Draft& d, const Draft::Open& open) {
  const auto& run = *open.run;
  const auto wait = run.status.next_retry.at - d.now.wall;
  // Longer than any back-off means that the wall clock was set back: nobody waits for that.
  if (wait.count() > 0 && wait <= retry_delay(INT64_MAX)) return look_again(d, wait);
  for (const auto* deployment : open.servers) {
    const auto* machine = host_for(d, run, *deployment);
    if (machine == nullptr) continue;
    ++d.slots[machine->name()];
    because(d, "Binds", "benchrun/" + run.name() + " runs on " + machine->name());
    d.plan.changes.push_back(BindRun{run.name(), run.revision, machine->name(), deployment->name(),
                                     deployment->metadata.uid});
    return;
  }
}

}  // namespace

Plan plan_placement(const World& world, const Policy& policy, base::Moment now) {
  Draft d{world, policy, now, {}, {}, {}, {}, {}, {}, {}, {}, {}};
  collect_runs(d);
  for (const auto& [name, claim] : world.claims)
    settle_claim(d, *claim);
  for (const auto& wish : wishes_of(d))
    grant(d, wish);
  tidy_up(d);
  for (const auto& open : d.open)
    bind(d, open);
  return std::move(d.plan);
}

}  // namespace reconcilers
