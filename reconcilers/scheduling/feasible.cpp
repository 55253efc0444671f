// SPDX-License-Identifier: Apache-2.0
#include "reconcilers/scheduling/feasible.hpp"

#include "base/units.hpp"

#include <algorithm>

namespace reconcilers {
namespace {

using Reasons = std::vector<std::string>;

bool has_role(const api::Machine& machine, api::Role role) {
  const auto& roles = machine.spec.roles;
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

bool reads(api::Engine engine, api::Format format) {
  if (format == api::Format::unset || engine == api::Engine::custom) return true;
  switch (engine) {
    case api::Engine::vllm:
    case api::Engine::sglang: return format != api::Format::mlx;
    case api::Engine::mlx_openai_server:
    case api::Engine::vllm_mlx:
    case api::Engine::mlx_lm: return format != api::Format::gguf;
    case api::Engine::llama_cpp: return format == api::Format::gguf;
    case api::Engine::custom: break;
  }
  return true;
}

/// Rule 0: is it one of the machines that were asked for?
void where(const World& world, const Demand& demand, const api::Machine& machine, Reasons& out) {
  if (!demand.machine.empty() && demand.machine != machine.name())
    out.push_back("not the machine that was asked for (\"" + demand.machine + "\")");
  if (demand.selector && !matches(*demand.selector, machine))
    out.push_back("the selector does not match its class or labels");
  if (demand.machine_group.empty()) return;
  const auto* group = world.groups.find(demand.machine_group);
  const bool member =
      group != nullptr && std::find(group->spec.members.begin(), group->spec.members.end(),
                                    machine.name()) != group->spec.members.end();
  if (!member) out.push_back("not a member of machine group \"" + demand.machine_group + "\"");
}

/// Rule 1 as far as people say: role, cordon, drain. Rule 8: not held by a person.
void allowed(const Demand& demand, const api::Machine& machine, base::Moment now, Reasons& out) {
  if (!has_role(machine, api::Role::model_server)) out.push_back("it has no role \"model-server\"");
  if (demand.purpose == Demand::For::benching && !has_role(machine, api::Role::bench_host))
    out.push_back("it has no role \"bench-host\", and a run goes where its model is served");
  if (demand.purpose == Demand::For::benching && machine.spec.bench_slots < 1)
    out.push_back("benchSlots is 0");
  if (machine.deleting()) out.push_back("it is being deleted");
  if (machine.spec.unschedulable) out.push_back("it is cordoned (unschedulable: true)");
  if (machine.spec.drain) out.push_back("it is draining (drain: true)");
  if (machine.spec.hold && machine.spec.hold->until.at > now.wall)
    out.push_back("it is on hold until " + base::rfc3339(machine.spec.hold->until.at) +
                  (machine.spec.hold->reason.empty() ? "" : ": " + machine.spec.hold->reason));
}

/// Rule 1 as far as it answers.
void heard(const World& world, const api::Machine& machine, const Policy& policy, base::Moment now,
           Reasons& out) {
  const auto liveness = liveness_of(world, machine.name(), policy, now);
  if (liveness == Liveness::never_heard)
    out.push_back("its agent has not been heard of since the controller started");
  if (liveness == Liveness::silent) out.push_back("its agent is silent");
}

/// Rules 2 and 3: kernels and memory. A list that is not set matches everything.
void fits(const api::Model& model, const api::Machine& machine, Reasons& out) {
  if (!machine.spec.kernels.empty()) {
    for (const auto& kernel : model.spec.needs_kernels) {
      const auto& have = machine.spec.kernels;
      if (std::find(have.begin(), have.end(), kernel) == have.end())
        out.push_back("it has no kernel \"" + kernel + "\"");
    }
  }
  if (!machine.spec.memory.set()) {
    out.push_back("its memory is not known (set spec.memory)");
    return;
  }
  const auto nodes = std::max<std::int64_t>(1, model.spec.nodes);
  const auto need = model.spec.min_memory.value() / nodes;
  if (need > machine.spec.memory.value())
    out.push_back("the model needs " + model.spec.min_memory.text +
                  (nodes > 1 ? " on " + std::to_string(nodes) + " nodes" : "") + ", it has " +
                  machine.spec.memory.text);
}

/// Rule 4: a runtime that matches, is there, and reads the format.
void runs(const World& world, const api::Model& model, const api::Machine& machine, Reasons& out) {
  const auto* entry = runtime_for(model, machine);
  if (entry == nullptr) {
    out.push_back("no runtime of the model matches its class or labels");
    return;
  }
  const auto* runtime = world.runtimes.find(entry->runtime);
  if (runtime == nullptr) {
    out.push_back("runtime \"" + entry->runtime + "\" does not exist");
    return;
  }
  if (runtime->spec.driver == api::Driver::docker)
    out.push_back("driver docker is not available in this version (runtime \"" + entry->runtime +
                  "\")");
  if (!reads(runtime->spec.engine, model.spec.format))
    out.push_back("engine \"" +
                  std::string(api::kEngines[static_cast<std::size_t>(runtime->spec.engine)]) +
                  "\" does not read " +
                  std::string(api::kFormats[static_cast<std::size_t>(model.spec.format)]));
}

/// Rule 5: the driver that the agent found is not refused.
void driver(const api::Machine& machine, Reasons& out) {
  if (!machine.spec.drivers) return;
  for (const auto& pattern : machine.spec.drivers->avoid)
    if (!machine.status.facts.driver.empty() &&
        version_matches(machine.status.facts.driver, pattern))
      out.push_back("driver " + machine.status.facts.driver + " is refused (" + pattern + ")");
}

/// Rules 2 to 5 and 7: what the model needs and the machine has.
void suits(const World& world, const Demand& demand, const api::Machine& machine, Reasons& out) {
  const auto* model = world.models.find(demand.model);
  if (model == nullptr) {
    out.push_back("model \"" + demand.model + "\" does not exist");
    return;
  }
  fits(*model, machine, out);
  runs(world, *model, machine, out);
  driver(machine, out);
  if (model->spec.nodes > 1)
    out.push_back("models on several nodes are not placed in this version (nodes: " +
                  std::to_string(model->spec.nodes) + ")");
}

}  // namespace

bool matches(const api::Selector& selector, const api::Machine& machine) {
  const auto& classes = selector.classes;
  if (!classes.empty() &&
      std::find(classes.begin(), classes.end(), machine.spec.machine_class) == classes.end())
    return false;
  return std::all_of(selector.labels.begin(), selector.labels.end(), [&](const auto& wanted) {
    const auto found = machine.metadata.labels.find(wanted.first);
    return found != machine.metadata.labels.end() && found->second == wanted.second;
  });
}

const api::ModelRuntime* runtime_for(const api::Model& model, const api::Machine& machine) {
  for (const auto& entry : model.spec.runtimes)
    if (matches(entry.machines, machine)) return &entry;
  return nullptr;
}

bool version_matches(std::string_view version, std::string_view pattern) {
  if (!pattern.ends_with("*")) return version == pattern;
  return version.starts_with(pattern.substr(0, pattern.size() - 1));
}

bool is_asked_for(const World& world, const Demand& demand, const api::Machine& machine) {
  Reasons out;
  where(world, demand, machine, out);
  return out.empty();
}

bool is_allowed(const Demand& demand, const api::Machine& machine, base::Moment now) {
  Reasons out;
  allowed(demand, machine, now, out);
  return out.empty();
}

bool could_run(const World& world, const Demand& demand, const api::Machine& machine,
               const Policy& policy, base::Moment now) {
  if (!world.contacts.contains(machine.name())) return false;
  if (liveness_of(world, machine.name(), policy, now) == Liveness::silent) return false;
  Reasons out;
  where(world, demand, machine, out);
  allowed(demand, machine, now, out);
  suits(world, demand, machine, out);
  return out.empty();
}

std::vector<std::string> against(const World& world, const Demand& demand,
                                 const api::Machine& machine, const Policy& policy,
                                 base::Moment now) {
  Reasons out;
  where(world, demand, machine, out);
  allowed(demand, machine, now, out);
  heard(world, machine, policy, now, out);
  suits(world, demand, machine, out);
  return out;
}

std::vector<api::Reason> reasons_for(const World& world, const Demand& demand, const Policy& policy,
                                     base::Moment now) {
  if (!world.models.contains(demand.model))
    return {{"", "model \"" + demand.model + "\" does not exist"}};
  if (world.machines.empty()) return {{"", "no machine has joined"}};
  std::vector<api::Reason> reasons;
  if (!demand.machine.empty() && !world.machines.contains(demand.machine))
    reasons.push_back({demand.machine, "machine \"" + demand.machine + "\" does not exist"});
  for (const auto& [name, machine] : world.machines) {
    std::string sentence;
    for (const auto& why : against(world, demand, *machine, policy, now))
      sentence += (sentence.empty() ? "" : "; ") + why;
    if (!sentence.empty()) reasons.push_back({name, sentence});
  }
  return reasons;
}

}  // namespace reconcilers
