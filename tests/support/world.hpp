// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "reconcilers/plan.hpp"
#include "reconcilers/world.hpp"

#include <initializer_list>
#include <string>
#include <utility>

/// Words to write small worlds with, so that a test states only what differs from a lab in which
/// everything is well.
namespace support {

/// Whole seconds, as whatever was stored has them.
inline constexpr base::Moment kNow{{10'000'000}, {1'800'000'000'000}};
inline constexpr api::Term kTerm{1, 1};
inline constexpr std::int64_t kRevision = 100;
inline constexpr reconcilers::Policy kPolicy;

base::Moment after(base::Duration passed);

/// 96G, both roles, one bench slot.
api::Machine machine(const std::string& name);
/// Needs 8G and the runtime "rt".
api::Model model(const std::string& name);
/// A process of no known engine.
api::Runtime runtime(const std::string& name = "rt");
/// Tasks t1 to t4, one retry, two after infrastructure.
api::Bench bench(const std::string& name = "b");
api::ModelDeployment deployment(const std::string& name, const std::string& model);
/// One that the scheduler made.
api::ModelDeployment made_by_queue(const std::string& name, const std::string& model);
/// Of bench "b".
api::BenchRun run(const std::string& name, const std::string& model);

/// `edited(machine("a"), [](auto& m) { m.spec.drain = true; })`
template <class T, class Edit>
T edited(T object, Edit edit) {
  edit(object);
  return object;
}
template <class T>
T ranked(T object, std::int64_t priority) {
  object.spec.priority = priority;
  return object;
}
template <class T>
T deleted(T object) {
  object.metadata.deleted = {kNow.wall};
  return object;
}
/// Made so much before the others.
template <class T>
T older(T object, base::Duration by) {
  object.metadata.created.at = object.metadata.created.at - by;
  return object;
}

using reconcilers::World;

/// These machines, all heard this moment and up to date; runtime "rt", models "m1" to "m3", bench
/// "b".
World lab(std::initializer_list<api::Machine> machines);

World with(World world, api::Machine object);
World with(World world, api::MachineGroup object);
World with(World world, api::Model object);
World with(World world, api::Runtime object);
World with(World world, api::ModelDeployment object);
World with(World world, api::Bench object);
World with(World world, api::BenchRun object);
World with(World world, api::Claim object);
/// One after the other: `with(world, {run("r1", "m1"), run("r2", "m1")})`.
template <class T>
World with(World world, std::initializer_list<T> objects) {
  for (const auto& object : objects)
    world = with(std::move(world), object);
  return world;
}

/// Last heard so long ago.
World heard_before(World world, const std::string& machine, base::Duration silence);
/// Longer than anybody waits.
World silent(World world, const std::string& machine);
/// Not yet since the controller started.
World unheard(World world, const std::string& machine);
/// Its agent works on an assignment of before everything.
World behind(World world, const std::string& machine);

api::Claim claim(const std::string& machine, const std::string& deployment);
/// The deployment has the machine; nothing of it runs yet.
World holding(World world, const std::string& deployment, const std::string& machine);
World abandoned(World world, const std::string& machine);
World released(World world, const std::string& machine);
/// The machine's agent sees a server of the deployment, under the machine's claim.
World serving(World world, const std::string& deployment, const std::string& machine,
              api::ServerPhase phase);
/// It holds the machine, serves, and its status says so.
World hot(World world, const std::string& deployment, const std::string& machine);

/// The run is on its nth attempt there; the agent has not begun.
World bound(World world, const std::string& run, const std::string& deployment,
            const std::string& machine, std::int64_t attempt = 1);
/// What the agent of the run's machine sees of its attempt.
World seen(World world, const std::string& run, api::RunPhase phase);
/// Changes that sight.
template <class Edit>
World seen(World world, const std::string& run, api::RunPhase phase, Edit edit) {
  const auto machine = world.runs.find(run)->status.machine;
  world = seen(std::move(world), run, phase);
  edit(world.contacts.at(machine).report->runs.back());
  return world;
}
/// So many tasks of the run passed, failed, and are left with an error of its latest attempt.
World tallied(World world, const std::string& run, std::int64_t passed, std::int64_t failed,
              std::int64_t errored = 0);

/// Changes one object of the world.
template <class T, class Edit>
World changed(World world, base::Table<T> World::*table, const std::string& name, Edit edit) {
  T object = *(world.*table).find(name);
  edit(object);
  (world.*table).set(name, std::move(object));
  return world;
}

/// A plan in a line: "take a d; set-aside b; release c; drop c; create m1 on a; delete md/x; bind r
/// a d; status machine/a; let-go Machine/a"; events are left out.
std::string told(const reconcilers::Plan& plan);
/// The status of the plan's first change of that kind; null when there is none.
const api::MachineStatus* machine_status(const reconcilers::Plan& plan);
const api::ModelDeploymentStatus* deployment_status(const reconcilers::Plan& plan);
const api::BenchRunStatus* run_status(const reconcilers::Plan& plan);

/// `type=status/reason`, or "" when there is no such condition.
std::string condition(const api::Conditions& conditions, std::string_view type);

}  // namespace support
