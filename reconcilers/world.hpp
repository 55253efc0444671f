// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/bench.hpp"
#include "api/bench_run.hpp"
#include "api/claim.hpp"
#include "api/machine.hpp"
#include "api/machine_group.hpp"
#include "api/model.hpp"
#include "api/model_deployment.hpp"
#include "api/report.hpp"
#include "api/runtime.hpp"
#include "base/table.hpp"
#include "base/time.hpp"

#include <map>
#include <optional>
#include <string>

/// Pure decisions: a picture of the whole cluster in, a plan with its reasons out.
namespace reconcilers {

/// What the controller has heard of a machine since it started. Never stored: after a start every
/// machine's silence counts from that start.
struct Contact {
  base::Instant heard;                // steady clock
  std::optional<api::Report> report;  // the latest accepted one of this controller's life
};

/// The samples of one run, counted: what is scored is scored for ever.
struct Tally {
  std::int64_t passed = 0, failed = 0, errored = 0;  // errored: unscored, the last outcome an error
  std::int64_t attempt = 0;                          // the latest attempt that has an error
  std::int64_t attempt_errors = 0;                   // tasks that it broke and that are not scored
  std::int64_t tokens_in = 0, tokens_out = 0;
  double wall_seconds = 0, score_sum = 0;
  std::map<std::string, std::int64_t> failures;
  std::int64_t scored() const { return passed + failed; }
  bool operator==(const Tally&) const = default;
};

/// An immutable picture of the store at one revision, and of what was heard.
struct World {
  // Compiled once (world.cpp): every decision's file and every test copies worlds.
  World();
  ~World();
  World(const World& other);
  World(World&& other) noexcept;
  World& operator=(const World& other);
  World& operator=(World&& other) noexcept;

  std::string cluster;
  api::Term term;
  std::int64_t revision = 0;

  base::Table<api::Machine> machines;
  base::Table<api::MachineGroup> groups;
  base::Table<api::Runtime> runtimes;
  base::Table<api::Model> models;
  base::Table<api::ModelDeployment> deployments;
  base::Table<api::Bench> benches;
  base::Table<api::BenchRun> runs;
  base::Table<api::Claim> claims;  // by machine: a machine has at most one

  std::map<std::string, Contact> contacts;                 // by machine
  std::map<std::string, Tally> tallies;                    // by uid of the run
  std::map<std::string, std::vector<std::string>> scored;  // by uid: scored tasks, sorted
};

/// Settings of the controller that decisions depend on.
struct Policy {
  base::Duration beat{15'000};
  base::Duration stale_after{90'000};
};

/// Whether a machine answers, from its silence alone.
enum class Liveness : std::uint8_t { alive, silent, never_heard };
Liveness liveness_of(const World& world, const std::string& machine, const Policy& policy,
                     base::Moment now);

/// Nothing of the machine will be heard by itself: silent for too long, or neither an object nor
/// ever heard of.
bool is_lost(const World& world, const std::string& machine, const Policy& policy,
             base::Moment now);
/// Until the machine counts as silent if nothing is heard; nothing when it does or was never heard.
std::optional<base::Duration> silent_in(const World& world, const std::string& machine,
                                        const Policy& policy, base::Moment now);

/// The claim of a deployment that is neither abandoned nor being released; null when it has none.
const api::Claim* claim_of(const World& world, const api::ModelDeployment& deployment);
/// Any claim with its uid.
bool has_claim(const World& world, const std::string& deployment_uid);

/// Somebody asks for it: state Hot and not deleted, whatever its maxHot says.
bool is_asked_hot(const api::ModelDeployment& deployment);
/// Should its model be hot at all: asked for, and not over its maxHot.
bool is_wanted(const api::ModelDeployment& deployment);
/// A run that nobody cancelled is bound to it: its server stays until that run ends.
bool is_inside_run(const World& world, const std::string& deployment_uid);
/// Made by the scheduler for queued runs, not by a person.
bool is_from_queue(const api::ModelDeployment& deployment);

/// What the machine's agent sees of a deployment's server; null when it sees none or was not heard.
const api::ProcessSeen* process_of(const World& world, const std::string& machine,
                                   const std::string& uid);
/// A server on the machine that is not this deployment's: until it is gone, nothing starts there.
const api::ProcessSeen* stranger_on(const World& world, const std::string& machine,
                                    const std::string& uid);
/// What the machine's agent sees of an attempt; null when it sees none or was not heard.
const api::RunSeen* attempt_of(const World& world, const api::BenchRun& run);

/// The agent works on an assignment of at least `revision` of this term, so that what it does not
/// list is gone and will not come.
bool has_caught_up(const World& world, const std::string& machine, std::int64_t revision);

/// Tasks of a run where the bench or the run says how many; 0: not known.
std::int64_t task_count(const World& world, const api::BenchRun& run);

}  // namespace reconcilers
