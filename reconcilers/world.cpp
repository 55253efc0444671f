// SPDX-License-Identifier: Apache-2.0
#include "reconcilers/world.hpp"

namespace reconcilers {

World::World() = default;
World::~World() = default;
World::World(const World& other) = default;
World::World(World&& other) noexcept = default;
World& World::operator=(const World& other) = default;
World& World::operator=(World&& other) noexcept = default;

Liveness liveness_of(const World& world, const std::string& machine, const Policy& policy,
                     base::Moment now) {
  const auto found = world.contacts.find(machine);
  if (found == world.contacts.end()) return Liveness::never_heard;
  if (now.steady - found->second.heard >= policy.stale_after) return Liveness::silent;
  return found->second.report ? Liveness::alive : Liveness::never_heard;
}

bool is_lost(const World& world, const std::string& machine, const Policy& policy,
             base::Moment now) {
  switch (liveness_of(world, machine, policy, now)) {
    case Liveness::alive: return false;
    case Liveness::silent: return true;
    case Liveness::never_heard: break;
  }
  return !world.machines.contains(machine) && !world.contacts.contains(machine);
}

std::optional<base::Duration> silent_in(const World& world, const std::string& machine,
                                        const Policy& policy, base::Moment now) {
  const auto found = world.contacts.find(machine);
  if (found == world.contacts.end()) return std::nullopt;
  const auto left = found->second.heard + policy.stale_after - now.steady;
  return left.count() > 0 ? std::optional(left) : std::nullopt;
}

const api::Claim* claim_of(const World& world, const api::ModelDeployment& deployment) {
  for (const auto& [machine, claim] : world.claims)
    if (claim->spec.uid == deployment.metadata.uid && !claim->spec.abandoned &&
        !claim->spec.released)
      return claim;
  return nullptr;
}

bool has_claim(const World& world, const std::string& deployment_uid) {
  for (const auto& [machine, claim] : world.claims)
    if (claim->spec.uid == deployment_uid) return true;
  return false;
}

bool is_asked_hot(const api::ModelDeployment& deployment) {
  return !deployment.deleting() && deployment.spec.state == api::Want::hot;
}

bool is_wanted(const api::ModelDeployment& deployment) {
  if (!is_asked_hot(deployment)) return false;
  const auto* over = api::find_condition(deployment.status.conditions, "MaxHotOver");
  return over == nullptr || over->status != "True" ||
         over->observed_generation != deployment.metadata.generation;
}

bool is_inside_run(const World& world, const std::string& deployment_uid) {
  for (const auto& [name, run] : world.runs)
    if (run->status.deployment_uid == deployment_uid && api::is_bound(run->status.phase) &&
        !run->spec.cancel && !run->deleting())
      return true;
  return false;
}

bool is_from_queue(const api::ModelDeployment& deployment) {
  const auto label = deployment.metadata.labels.find(std::string(api::kOriginLabel));
  return label != deployment.metadata.labels.end() && label->second == "queue";
}

const api::ProcessSeen* process_of(const World& world, const std::string& machine,
                                   const std::string& uid) {
  const auto contact = world.contacts.find(machine);
  if (contact == world.contacts.end() || !contact->second.report) return nullptr;
  for (const auto& p : contact->second.report->processes)
    if (p.uid == uid) return &p;
  return nullptr;
}

const api::ProcessSeen* stranger_on(const World& world, const std::string& machine,
                                    const std::string& uid) {
  const auto contact = world.contacts.find(machine);
  if (contact == world.contacts.end() || !contact->second.report) return nullptr;
  for (const auto& p : contact->second.report->processes)
    if (p.uid != uid) return &p;
  return nullptr;
}

const api::RunSeen* attempt_of(const World& world, const api::BenchRun& run) {
  const auto contact = world.contacts.find(run.status.machine);
  if (contact == world.contacts.end() || !contact->second.report) return nullptr;
  for (const auto& r : contact->second.report->runs)
    if (r.uid == run.metadata.uid && r.attempt == run.status.attempt) return &r;
  return nullptr;
}

bool has_caught_up(const World& world, const std::string& machine, std::int64_t revision) {
  const auto contact = world.contacts.find(machine);
  if (contact == world.contacts.end() || !contact->second.report) return false;
  const auto& report = *contact->second.report;
  return report.term == world.term && report.revision >= revision;
}

std::int64_t task_count(const World& world, const api::BenchRun& run) {
  if (!run.spec.tasks.empty()) return static_cast<std::int64_t>(run.spec.tasks.size());
  const auto* bench = world.benches.find(run.spec.bench);
  if (bench == nullptr) return 0;
  if (!bench->spec.tasks.list.empty())
    return static_cast<std::int64_t>(bench->spec.tasks.list.size());
  return bench->spec.tasks.count;
}

}  // namespace reconcilers
