// SPDX-License-Identifier: Apache-2.0
#include "tests/support/world.hpp"

#include "base/result.hpp"

namespace support {
namespace {

template <class T>
T named(const std::string& name) {
  T object;
  object.metadata.name = name;
  object.metadata.uid = "uid-" + name;
  object.metadata.generation = 1;
  object.metadata.created = {kNow.wall - base::hours(1)};
  object.revision = 10;
  return object;
}

template <class T>
World set(World world, base::Table<T> World::*table, T object) {
  const auto name = object.name();
  (world.*table).set(name, std::move(object));
  return world;
}

api::Report& report_of(World& world, const std::string& machine) {
  return *world.contacts.at(machine).report;
}

}  // namespace

base::Moment after(base::Duration passed) {
  return {kNow.steady + passed, kNow.wall + passed};
}

api::Machine machine(const std::string& name) {
  auto object = named<api::Machine>(name);
  object.spec.memory = {"96G"};
  object.spec.roles = {api::Role::model_server, api::Role::bench_host};
  object.status.boot_id = "boot-" + name;
  return object;
}

api::Model model(const std::string& name) {
  auto object = named<api::Model>(name);
  object.spec.source.file = "/models/" + name + ".gguf";
  object.spec.min_memory = {"8G"};
  object.spec.runtimes = {{"rt", {}, {}, {}}};
  return object;
}

api::Runtime runtime(const std::string& name) {
  auto object = named<api::Runtime>(name);
  object.spec.command = {"serve", "$(model.source)", "--port", "$(port)"};
  return object;
}

api::Bench bench(const std::string& name) {
  auto object = named<api::Bench>(name);
  object.spec.command = {"harness", "$(endpoint)"};
  object.spec.parser.builtin = "jsonl";
  object.spec.tasks.list = {"t1", "t2", "t3", "t4"};
  object.spec.retries = 1;
  object.spec.infra_retries = 2;
  return object;
}

api::ModelDeployment deployment(const std::string& name, const std::string& model) {
  auto object = named<api::ModelDeployment>(name);
  object.spec.model = model;
  return object;
}

api::ModelDeployment made_by_queue(const std::string& name, const std::string& model) {
  auto object = deployment(name, model);
  object.metadata.labels[std::string(api::kOriginLabel)] = "queue";
  return object;
}

api::BenchRun run(const std::string& name, const std::string& model) {
  auto object = named<api::BenchRun>(name);
  object.spec.bench = "b";
  object.spec.model = model;
  return object;
}

World lab(std::initializer_list<api::Machine> machines) {
  World world;
  world.cluster = "lab";
  world.term = kTerm;
  world.revision = kRevision;
  world = with(std::move(world), runtime());
  world = with(std::move(world), {model("m1"), model("m2"), model("m3")});
  world = with(std::move(world), bench());
  for (const auto& m : machines) {
    world = with(std::move(world), m);
    api::Report report;
    report.machine = m.name();
    report.boot_id = m.status.boot_id;
    report.term = kTerm;
    report.revision = kRevision;
    world.contacts[m.name()] = {kNow.steady, std::move(report)};
  }
  return world;
}

World with(World world, api::Machine object) {
  return set(std::move(world), &World::machines, std::move(object));
}
World with(World world, api::MachineGroup object) {
  return set(std::move(world), &World::groups, std::move(object));
}
World with(World world, api::Model object) {
  return set(std::move(world), &World::models, std::move(object));
}
World with(World world, api::Runtime object) {
  return set(std::move(world), &World::runtimes, std::move(object));
}
World with(World world, api::ModelDeployment object) {
  return set(std::move(world), &World::deployments, std::move(object));
}
World with(World world, api::Bench object) {
  return set(std::move(world), &World::benches, std::move(object));
}
World with(World world, api::BenchRun object) {
  return set(std::move(world), &World::runs, std::move(object));
}
World with(World world, api::Claim object) {
  return set(std::move(world), &World::claims, std::move(object));
}

World heard_before(World world, const std::string& machine, base::Duration silence) {
  world.contacts.at(machine).heard = kNow.steady - silence;
  return world;
}

World silent(World world, const std::string& machine) {
  return heard_before(std::move(world), machine, base::hours(1));
}

World unheard(World world, const std::string& machine) {
  world.contacts.at(machine).report.reset();
  return world;
}

World behind(World world, const std::string& machine) {
  report_of(world, machine).revision = 0;
  return world;
}

api::Claim claim(const std::string& machine, const std::string& deployment) {
  auto object = named<api::Claim>(machine);
  object.revision = 50;
  object.spec.deployment = deployment;
  object.spec.uid = "uid-" + deployment;
  object.spec.epoch = {kTerm, 50};
  return object;
}

World holding(World world, const std::string& deployment, const std::string& machine) {
  return with(std::move(world), claim(machine, deployment));
}

World abandoned(World world, const std::string& machine) {
  return changed(std::move(world), &World::claims, machine,
                 [](auto& c) { c.spec.abandoned = true; });
}

World released(World world, const std::string& machine) {
  return changed(std::move(world), &World::claims, machine,
                 [](auto& c) { c.spec.released = true; });
}

World serving(World world, const std::string& deployment, const std::string& machine,
              api::ServerPhase phase) {
  api::ProcessSeen process;
  process.deployment = deployment;
  process.uid = "uid-" + deployment;
  if (const auto* held = world.claims.find(machine)) process.epoch = held->spec.epoch;
  process.phase = phase;
  process.pid = 4242;
  if (phase == api::ServerPhase::hot) {
    process.endpoint = "http://127.0.0.1:8000/v1";
    process.hot_since = {kNow.wall - base::minutes(1)};
  }
  report_of(world, machine).processes.push_back(std::move(process));
  return world;
}

World hot(World world, const std::string& deployment, const std::string& machine) {
  world = holding(std::move(world), deployment, machine);
  world = serving(std::move(world), deployment, machine, api::ServerPhase::hot);
  return changed(std::move(world), &World::deployments, deployment, [&](auto& d) {
    d.status.phase = api::DeploymentPhase::hot;
    d.status.machines = {machine};
    d.status.epoch = 50;
    d.status.endpoint = "http://127.0.0.1:8000/v1";
    d.status.hot_since = {kNow.wall - base::minutes(1)};
    d.status.observed_generation = 1;
  });
}

World bound(World world, const std::string& run, const std::string& deployment,
            const std::string& machine, std::int64_t attempt) {
  return changed(std::move(world), &World::runs, run, [&](auto& r) {
    r.status.phase = api::RunState::scheduled;
    r.status.attempt = attempt;
    r.status.machine = machine;
    r.status.deployment = deployment;
    r.status.deployment_uid = "uid-" + deployment;
  });
}

World seen(World world, const std::string& run, api::RunPhase phase) {
  const auto& object = *world.runs.find(run);
  api::RunSeen sight;
  sight.run = run;
  sight.uid = object.metadata.uid;
  sight.attempt = object.status.attempt;
  sight.phase = phase;
  if (phase == api::RunPhase::finished) sight.exit_code = 0;
  report_of(world, object.status.machine).runs.push_back(std::move(sight));
  return world;
}

World tallied(World world, const std::string& run, std::int64_t passed, std::int64_t failed,
              std::int64_t errored) {
  auto& tally = world.tallies["uid-" + run];
  tally.passed = passed;
  tally.failed = failed;
  tally.errored = errored;
  tally.score_sum = static_cast<double>(passed);
  if (errored > 0) {
    tally.attempt = world.runs.find(run)->status.attempt;
    tally.attempt_errors = errored;
  }
  return world;
}

std::string told(const reconcilers::Plan& plan) {
  namespace r = reconcilers;
  std::string out;
  for (const auto& change : plan.changes) {
    const auto text = std::visit(
        base::Match{[](const r::SetMachineStatus& c) { return "status machine/" + c.name; },
                    [](const r::SetDeploymentStatus& c) { return "status deployment/" + c.name; },
                    [](const r::SetRunStatus& c) { return "status run/" + c.name; },
                    [](const r::TakeClaim& c) { return "take " + c.machine + " " + c.deployment; },
                    [](const r::SetClaim& c) {
                      return (c.spec.released    ? "release "
                              : c.spec.abandoned ? "set-aside "
                                                 : "take-back ") +
                             c.machine;
                    },
                    [](const r::DropClaim& c) { return "drop " + c.machine; },
                    [](const r::CreateDeployment& c) {
                      return "create " + c.name +
                             (c.spec.machine.empty() ? "" : " on " + c.spec.machine);
                    },
                    [](const r::AskDelete& c) { return "delete " + c.name; },
                    [](const r::LetGo& c) { return "let-go " + c.kind + "/" + c.name; },
                    [](const r::BindRun& c) {
                      return "bind " + c.run + " " + c.machine + " " + c.deployment;
                    },
                    [](const r::RecordEvent&) { return std::string(); }},
        change);
    if (!text.empty()) out += (out.empty() ? "" : "; ") + text;
  }
  return out;
}

const api::MachineStatus* machine_status(const reconcilers::Plan& plan) {
  for (const auto& change : plan.changes)
    if (const auto* c = std::get_if<reconcilers::SetMachineStatus>(&change)) return &c->status;
  return nullptr;
}
const api::ModelDeploymentStatus* deployment_status(const reconcilers::Plan& plan) {
  for (const auto& change : plan.changes)
    if (const auto* c = std::get_if<reconcilers::SetDeploymentStatus>(&change)) return &c->status;
  return nullptr;
}
const api::BenchRunStatus* run_status(const reconcilers::Plan& plan) {
  for (const auto& change : plan.changes)
    if (const auto* c = std::get_if<reconcilers::SetRunStatus>(&change)) return &c->status;
  return nullptr;
}

std::string condition(const api::Conditions& conditions, std::string_view type) {
  const auto* found = api::find_condition(conditions, type);
  return found == nullptr ? "" : found->status + "/" + found->reason;
}

}  // namespace support
