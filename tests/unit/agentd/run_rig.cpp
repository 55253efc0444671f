// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/agentd/run_rig.hpp"

#include "base/check.hpp"
#include "base/clock.hpp"
#include "base/file.hpp"

namespace agentd::tests {
namespace {

constexpr const char* kPath = "/usr/bin:/bin";

base::Moment moment() {
  return {base::steady_now(), base::wall_now()};
}

/// Runs alone need no server, so nobody asks.
class NoProber : public Prober {
 public:
  void ask(const std::string&, const ProbeRequest&) override {}
  void drop(const std::string&) override {}
  base::Result<PortState> port_state(std::int64_t) override { return PortState{}; }
  base::Result<std::int64_t> free_port(const std::vector<std::int64_t>&) override {
    return base::unavailable("no port here");
  }
};
NoProber no_prober;

}  // namespace

RunRig::Doors::Doors(Bench& bench)
    : processes(bench.folder.path(), shim_program()),
      notes(bench.folder.at("state.json")),
      parsers(processes, {{"PATH", kPath}}) {}

RunRig::RunRig() {
  CHECK(base::make_folder(bench.folder.at("runs"), 0700));
  restart();
}

void RunRig::restart() {
  agent_.reset();
  doors_ = std::make_unique<Doors>(bench);
  Settings settings;
  settings.machine = "box";
  settings.cluster = "c";
  settings.boot_id = "boot";
  settings.runs_folder = bench.folder.at("runs");
  settings.logs_folder = bench.folder.at("logs");
  settings.base_env = {{"PATH", kPath}};
  auto opened = Agent::open({doors_->processes, doors_->notes, no_prober, doors_->folders,
                             doors_->parsers, doors_->tasks},
                            settings);
  CHECK(opened);
  agent_.emplace(std::move(*opened));
  agent_->heard(moment());
}

api::RunWanted RunRig::run(std::int64_t attempt, const std::string& script) {
  api::RunWanted r;
  r.name = "r";
  r.uid = "run-uid-1";
  r.attempt = attempt;
  r.steps = {{"run", {"/bin/sh", "-c", script}}};
  r.parser.builtin = "jsonl";
  r.model_name = "m";
  return r;
}

void RunRig::assign(const api::RunWanted& wanted) {
  api::Assignment a;
  a.cluster = "c";
  a.machine = "box";
  a.term = {0, 1};
  a.revision = ++revision_;
  a.runs = {wanted};
  CHECK(agent_->assigned(a, moment()));
}

bool RunRig::until(const std::function<bool(const api::RunSeen&)>& holds) {
  return eventually([&] {
    agent_->heard(moment());
    agent_->step(moment());
    while (const auto batch = agent_->batch(100)) {
      for (const auto& s : batch->samples)
        sent_ +=
            s.task + " " + std::string(api::kOutcomes[static_cast<std::size_t>(s.outcome)]) + "; ";
      agent_->batch_done(*batch, Agent::Taken::stored);
    }
    return holds(seen());
  });
}

std::string RunRig::ended() {
  (void)until([](const api::RunSeen& seen) {
    return seen.phase == api::RunPhase::finished || seen.phase == api::RunPhase::stuck;
  });
  return std::string(api::kRunPhases[static_cast<std::size_t>(seen().phase)]);
}

api::Report RunRig::report() {
  return *agent_->report(moment());
}

api::RunSeen RunRig::seen() {
  const auto all = report();
  return all.runs.empty() ? api::RunSeen{} : all.runs.front();
}

}  // namespace agentd::tests
