// SPDX-License-Identifier: Apache-2.0
#include "reconcilers/machine.hpp"

#include "base/hooks.hpp"
#include "base/units.hpp"
#include "reconcilers/scheduling/feasible.hpp"

#include <algorithm>

namespace reconcilers {
namespace {

void fold_report(const World& world, const std::string& name, api::MachineStatus& status) {
  const auto contact = world.contacts.find(name);
  if (contact != world.contacts.end() && contact->second.report) {
    const auto& report = *contact->second.report;
    status.agent_version = report.agent_version;
    status.boot_id = report.boot_id;
    status.facts = report.facts;
    status.processes = report.processes;
    status.runs = report.runs;
  }
  status.claims.clear();
  if (const auto* claim = world.claims.find(name))
    status.claims.push_back({"ModelDeployment", claim->spec.deployment, claim->spec.uid,
                             claim->spec.epoch, claim->spec.since});
}

/// Nothing where the controller has just started and may not judge yet.
std::optional<api::Condition> ready(const World& world, const api::Machine& machine,
                                    const Policy& policy, base::Moment now) {
  api::Condition c{"Ready",     "Unknown",
                   "NotJoined", "no agent has joined as this machine",
                   {},          machine.metadata.generation};
  const auto contact = world.contacts.find(machine.name());
  if (contact == world.contacts.end()) return c;
  auto liveness = liveness_of(world, machine.name(), policy, now);
  if (liveness == Liveness::silent && ORCH_MUTANT("silent-machine-stays-ready"))
    liveness = Liveness::alive;
  switch (liveness) {
    case Liveness::alive:
      c.status = "True";
      c.reason = "AgentReports";
      c.message = "the agent reports";
      return c;
    case Liveness::silent:
      c.reason = "AgentSilent";
      c.message = "no report for " + base::age_text(policy.stale_after) + " or longer";
      return c;
    case Liveness::never_heard: return std::nullopt;
  }
  return c;
}

void judge_driver(const api::Machine& machine, api::MachineStatus& status, base::Moment now) {
  const bool judged = api::find_condition(status.conditions, "DriverSupported") != nullptr;
  if (status.facts.driver.empty() || (!machine.spec.drivers && !judged)) return;
  api::Condition c{
      "DriverSupported",          "True", "Allowed", "driver " + status.facts.driver, {},
      machine.metadata.generation};
  const auto avoid =
      machine.spec.drivers ? machine.spec.drivers->avoid : std::vector<std::string>{};
  for (const auto& pattern : avoid) {
    if (!version_matches(status.facts.driver, pattern)) continue;
    c.status = "False";
    c.reason = "Refused";
    c.message = "driver " + status.facts.driver + " is refused (" + pattern + ")";
  }
  api::set_condition(status.conditions, c, now.wall);
}

void judge_draining(const api::Machine& machine, api::MachineStatus& status, base::Moment now) {
  const bool held = machine.spec.hold && machine.spec.hold->until.at > now.wall;
  const bool draining = machine.spec.drain || held;
  if (!draining && api::find_condition(status.conditions, "Draining") == nullptr) return;
  const bool empty = status.claims.empty();
  api::Condition c{"Draining",
                   draining ? "True" : "False",
                   draining ? "Asked" : "NotAsked",
                   !draining ? ""
                   : empty   ? "nothing runs here"
                             : "waits for what runs here",
                   {},
                   machine.metadata.generation};
  api::set_condition(status.conditions, c, now.wall);
}

std::optional<base::Duration> next_look(const World& world, const api::Machine& machine,
                                        const Policy& policy, base::Moment now) {
  std::optional<base::Duration> next;
  const auto sooner = [&](base::Duration d) {
    if (d.count() > 0 && (!next || d < *next)) next = d;
  };
  next = silent_in(world, machine.name(), policy, now);
  if (machine.spec.hold) sooner(machine.spec.hold->until.at - now.wall);
  return next;
}

/// A claim keeps the object only while the agent speaks: else its end would never come. The claim
/// itself stays.
bool may_go(const World& world, const std::string& name, const Policy& policy, base::Moment now) {
  return !world.claims.contains(name) || is_lost(world, name, policy, now);
}

}  // namespace

Plan reconcile_machine(const World& world, const std::string& name, const Policy& policy,
                       base::Moment now) {
  Plan plan;
  const auto* machine = world.machines.find(name);
  if (machine == nullptr) return plan;
  if (machine->deleting() && may_go(world, name, policy, now)) {
    plan.changes.push_back(LetGo{"Machine", name, machine->revision});
    plan.because = {"Deleted", "nothing holds the machine any more"};
    return plan;
  }
  api::MachineStatus status = machine->status;
  status.observed_generation = machine->metadata.generation;
  fold_report(world, name, status);
  const auto judged = ready(world, *machine, policy, now);
  const auto* before = api::find_condition(machine->status.conditions, "Ready");
  if (judged) api::set_condition(status.conditions, *judged, now.wall);
  judge_driver(*machine, status, now);
  judge_draining(*machine, status, now);
  plan.look_again = next_look(world, *machine, policy, now);
  if (status == machine->status) return plan;

  plan.changes.push_back(SetMachineStatus{name, machine->revision, status});
  plan.because = {"Observed", "what the agent reports changed"};
  if (judged && (before == nullptr || before->status != judged->status)) {
    plan.because = {judged->reason, judged->message};
    plan.changes.push_back(RecordEvent{
        "Machine", name, machine->metadata.uid, judged->status == "True" ? "Normal" : "Warning",
        judged->status == "True" ? "Ready" : "NotReady", judged->message});
  }
  return plan;
}

}  // namespace reconcilers
