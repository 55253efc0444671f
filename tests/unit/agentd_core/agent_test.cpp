// SPDX-License-Identifier: Apache-2.0
#include "agentd/core/agent.hpp"

#include "tests/sim/host.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <tuple>

namespace agentd {
namespace {

api::ServerWanted server(const std::string& uid, std::int64_t revision,
                         const std::string& digest = "d1") {
  api::ServerWanted s;
  s.name = "dep-" + uid;
  s.uid = uid;
  s.epoch = {{0, 1}, revision};
  s.command = {"server", "$(port)"};
  s.model_name = "m";
  s.digest = digest;
  s.stop.grace.text = "2s";
  return s;
}

api::RunWanted run(std::int64_t attempt, const std::string& endpoint) {
  api::RunWanted r;
  r.name = "r";
  r.uid = "run-uid-1";
  r.attempt = attempt;
  r.steps = {{"run", {"harness", "t1,t2,t3"}}};
  r.env = {{"ENDPOINT", "$(endpoint)", ""}};
  r.endpoint = endpoint;
  r.tasks.list = {"t1", "t2", "t3"};
  r.parser.builtin = "jsonl";
  return r;
}

/// A machine of the simulator with one agent; `settle` lets virtual time pass.
class Rig {
 public:
  Rig() : host_("box", stage_, faults_, base::Dice(7), ghost_) {
    host_.on_probe = [this](const std::string& ticket, const ProbeAnswer& answer) {
      agent_->probed(ticket, answer, stage_.moment());
      step();
    };
    host_.on_change = [this] { step(); };
    start();
  }

  void start() {
    Settings settings;
    settings.machine = "box";
    settings.cluster = "c";
    settings.agent_id = "agent-" + std::to_string(++starts_);
    settings.boot_id = "boot";
    settings.runs_folder = "runs";
    settings.logs_folder = "logs";
    auto opened = Agent::open({host_.processes_port(), host_.notes_port(), host_.prober_port(),
                               host_.folders_port(), host_.parsers_port(), host_.tasks_port()},
                              settings);
    ASSERT_TRUE(opened) << opened.error().message;
    agent_ = std::make_unique<Agent>(std::move(*opened));
    step();
  }

  base::Status assign(std::vector<api::ServerWanted> servers, std::vector<api::RunWanted> runs = {},
                      std::int64_t revision = 0, api::Term term = {0, 1}) {
    api::Assignment a;
    a.cluster = "c";
    a.machine = "box";
    a.term = term;
    a.revision = revision > 0 ? revision : ++revision_;
    a.servers = std::move(servers);
    a.runs = std::move(runs);
    auto taken = agent_->assigned(a, stage_.moment());
    step();
    return taken;
  }

  void settle(base::Duration time = base::minutes(2)) {
    const auto end = stage_.now() + time;
    while (stage_.step(end)) {
    }
  }

  void acknowledge() {
    while (const auto batch = agent_->batch(100)) {
      for (const auto& s : batch->samples)
        stored_.insert({s.task, s.attempt, api::is_scored(s.outcome)});  // the store's key
      agent_->batch_done(*batch, Agent::Taken::stored);
    }
    step();
  }

  void step() {
    if (stepping_ || !agent_) return;
    stepping_ = true;
    agent_->step(stage_.moment());
    stepping_ = false;
    const auto wake = agent_->wake().value_or(stage_.now() + base::seconds(5));
    if (planned_ > stage_.now() && planned_ <= wake) return;
    planned_ = std::max(wake, stage_.now() + base::Duration{10});
    stage_.at(planned_, [this] { step(); });
  }

  api::Report report() { return *agent_->report(stage_.moment()); }
  std::optional<api::Report> tried_report() { return agent_->report(stage_.moment()); }
  std::string phase() {
    const auto r = report();
    if (r.processes.empty()) return "none";
    return std::string(api::kServerPhases[static_cast<std::size_t>(r.processes.front().phase)]);
  }
  api::RunSeen attempt() { return report().runs.front(); }
  Agent& agent() { return *agent_; }
  sim::Host& host() { return host_; }
  sim::Ghost& ghost() { return ghost_; }
  std::size_t stored() const { return stored_.size(); }
  base::Moment now() const { return stage_.moment(); }

 private:
  sim::Stage stage_;
  sim::Ghost ghost_;
  sim::Faults faults_{stage_};
  sim::Host host_;
  std::unique_ptr<Agent> agent_;
  bool stepping_ = false;
  int starts_ = 0;
  std::int64_t revision_ = 10;
  std::set<std::tuple<std::string, std::int64_t, bool>> stored_;
  base::Instant planned_{-1};
};

TEST(AgentServers, BecomeHotOnlyAfterARealGeneration) {
  Rig rig;
  ASSERT_TRUE(rig.assign({server("a", 5)}));
  EXPECT_EQ(rig.phase(), "Starting");
  rig.settle();
  EXPECT_EQ(rig.phase(), "Hot");
  const auto seen = rig.report().processes.front();
  EXPECT_TRUE(seen.endpoint.starts_with("http://127.0.0.1:"));
  EXPECT_GT(seen.pid, 0);
  EXPECT_EQ(seen.restarts, 0);
  EXPECT_EQ(rig.host().processes().size(), 1U);
}

TEST(AgentServers, AreStoppedWhenTheyAreNotWantedAndLeaveTheReportOnlyThen) {
  Rig rig;
  ASSERT_TRUE(rig.assign({server("a", 5)}));
  rig.settle();
  ASSERT_TRUE(rig.assign({}));
  EXPECT_EQ(rig.phase(), "Stopping");
  rig.settle();
  EXPECT_EQ(rig.phase(), "none");
  EXPECT_TRUE(rig.host().processes().empty());
  EXPECT_TRUE(rig.agent().is_empty());
}

TEST(AgentServers, AnotherDigestOrEpochIsAnotherProcessAfterTheFirstIsGone) {
  for (const bool epoch : {true, false}) {
    Rig rig;
    ASSERT_TRUE(rig.assign({server("a", 5)}));
    rig.settle();
    const auto before = rig.host().processes().begin()->first;
    ASSERT_TRUE(rig.assign({epoch ? server("a", 9) : server("a", 5, "d2")}));
    rig.settle();
    EXPECT_EQ(rig.phase(), "Hot");
    ASSERT_EQ(rig.host().processes().size(), 1U);
    EXPECT_NE(rig.host().processes().begin()->first, before);
    EXPECT_TRUE(rig.ghost().violations.empty()) << rig.ghost().violations.front();
  }
}

TEST(AgentServers, ThatDieAreStartedAgainAtOnceAndThenLater) {
  Rig rig;
  ASSERT_TRUE(rig.assign({server("a", 5)}));
  rig.settle();
  const auto port = rig.report().processes.front().port;
  for (int i = 0; i < 3; ++i) {
    rig.host().kill_some("server");
    rig.settle();
  }
  EXPECT_EQ(rig.phase(), "Hot");
  EXPECT_EQ(rig.report().processes.front().restarts, 3);
  EXPECT_EQ(rig.report().processes.front().port, port) << "who talks to it need not look for it";
}

TEST(AgentServers, OnAPortThatSomebodyElseHoldsSayWhoAndAreNeverAnEndpoint) {
  constexpr std::int64_t kFirst = 20'000;  // the first that the machine gives
  Rig fixed;
  fixed.host().hold_port(kFirst);
  auto wanted = server("a", 5);
  wanted.port = kFirst;
  ASSERT_TRUE(fixed.assign({wanted}));
  fixed.settle();
  EXPECT_EQ(fixed.phase(), "Waiting");
  EXPECT_EQ(fixed.report().processes.front().reason, "PortHeld");
  EXPECT_EQ(fixed.report().processes.front().message, "port 20000 is held by somebody hidden");
  EXPECT_TRUE(fixed.host().processes().empty());
  // Somebody who comes between the choice of a port and the server's listening.
  Rig picked;
  picked.host().hold_port(kFirst);
  ASSERT_TRUE(picked.assign({server("a", 5)}));
  picked.settle();
  EXPECT_EQ(picked.phase(), "Hot");
  EXPECT_EQ(picked.report().processes.front().restarts, 1);
  EXPECT_NE(picked.report().processes.front().port, kFirst);
}

TEST(AgentServers, AreAdoptedByTheNextLifeOfTheAgent) {
  Rig rig;
  ASSERT_TRUE(rig.assign({server("a", 5)}));
  rig.settle();
  const auto before = rig.report().processes.front();
  const auto life = rig.agent().life();
  rig.start();
  EXPECT_EQ(rig.agent().life(), life + 1);
  const auto after = rig.report().processes.front();
  EXPECT_EQ(after.phase, api::ServerPhase::hot) << "what was proved of this child stays proved";
  EXPECT_EQ(after.pid, before.pid);
  EXPECT_EQ(after.hot_since, before.hot_since);
  EXPECT_EQ(after.endpoint, before.endpoint);
}

TEST(AgentServers, AfterABootEverythingIsStartedAnew) {
  Rig rig;
  ASSERT_TRUE(rig.assign({server("a", 5)}));
  rig.settle();
  rig.host().reboot();
  rig.start();
  rig.settle();
  EXPECT_EQ(rig.phase(), "Hot");
  EXPECT_EQ(rig.host().processes().size(), 1U);
}

constexpr api::Term kFirst{1, 1}, kRestored{2, 2};

api::ServerWanted claimed(const std::string& uid, const api::Term& term) {
  auto wanted = server(uid, 5);
  wanted.epoch.term = term;
  return wanted;
}

TEST(AgentServers, ThatARestoredStoreDoesNotKnowGoOnUntilSomebodyEndsThem) {
  Rig rig;
  ASSERT_TRUE(rig.assign({claimed("a", kFirst)}, {}, 0, kFirst));
  rig.settle();
  const auto before = rig.report().processes.front();
  ASSERT_TRUE(rig.assign({}, {}, 0, kRestored));
  rig.settle();
  rig.start();  // also the next life of the agent
  rig.settle();
  const auto after = rig.report().processes.front();
  EXPECT_EQ(after.pid, before.pid);
  EXPECT_EQ(after.reason, "NotAssigned");
  EXPECT_NE(after.message.find("orch-agentd down"), std::string::npos) << after.message;
  rig.agent().go_down();
  rig.settle();
  EXPECT_TRUE(rig.host().processes().empty());
}

TEST(AgentServers, ThatARestoredStoreClaimsOnceMoreAreTheSameProcessUnderTheNewFence) {
  Rig rig;
  ASSERT_TRUE(rig.assign({claimed("a", kFirst)}, {}, 0, kFirst));
  rig.settle();
  const auto before = rig.report().processes.front();
  ASSERT_TRUE(rig.assign({}, {}, 0, kRestored));
  rig.settle();
  ASSERT_TRUE(rig.assign({claimed("a", kRestored)}, {}, 0, kRestored));
  rig.settle();
  const auto after = rig.report().processes.front();
  EXPECT_EQ(after.pid, before.pid);
  EXPECT_EQ(after.epoch.term, kRestored);
  EXPECT_EQ(rig.phase(), "Hot");
  // What the restored store has named is its own to end, also in the agent's next life.
  rig.start();
  ASSERT_TRUE(rig.assign({}, {}, 0, kRestored));
  rig.settle();
  EXPECT_EQ(rig.phase(), "none");
}

TEST(AgentServers, OfAnOlderDigestAreReplacedAlsoByARestoredStore) {
  Rig rig;
  ASSERT_TRUE(rig.assign({claimed("a", kFirst)}, {}, 0, kFirst));
  rig.settle();
  const auto before = rig.report().processes.front().pid;
  auto other = claimed("a", kRestored);
  other.digest = "d2";
  ASSERT_TRUE(rig.assign({other}, {}, 0, kRestored));
  rig.settle();
  EXPECT_EQ(rig.phase(), "Hot");
  EXPECT_NE(rig.report().processes.front().pid, before);
}

TEST(AgentRuns, ThatARestoredStoreDoesNotKnowGoOn) {
  Rig rig;
  ASSERT_TRUE(rig.assign({}, {run(1, "http://x/v1")}, 0, kFirst));
  rig.settle(base::Duration{600});
  ASSERT_EQ(rig.host().processes().size(), 1U);
  const auto before = rig.host().processes().begin()->first;
  ASSERT_TRUE(rig.assign({}, {}, 0, kRestored));
  rig.step();
  ASSERT_EQ(rig.host().processes().size(), 1U);
  EXPECT_EQ(rig.host().processes().begin()->first, before);
  EXPECT_EQ(rig.attempt().reason, "NotAssigned");
}

TEST(Agent, ObeysNoAssignmentOfThePastOrForOthers) {
  Rig rig;
  ASSERT_TRUE(rig.assign({server("a", 5)}, {}, 20, {0, 2}));
  EXPECT_FALSE(rig.assign({}, {}, 19, {0, 2})) << "an older revision";
  EXPECT_FALSE(rig.assign({}, {}, 99, {0, 1})) << "an older start of the controller";
  EXPECT_TRUE(rig.assign({server("a", 5)}, {}, 1, {1, 1})) << "a restored store is a later life";
  api::Assignment foreign;
  foreign.cluster = "other";
  foreign.machine = "box";
  EXPECT_EQ(rig.agent().assigned(foreign, rig.now()).error().code, base::Code::forbidden);
  rig.start();
  EXPECT_FALSE(rig.assign({}, {}, 50, {0, 9})) << "also after a restart of the agent";
}

TEST(AgentRuns, ScoreEveryTaskAndAreFinishedOnlyWhenAllIsAcknowledged) {
  Rig rig;
  ASSERT_TRUE(rig.assign({server("a", 5)}));
  rig.settle();
  const auto endpoint = rig.report().processes.front().endpoint;
  ASSERT_TRUE(rig.assign({server("a", 5)}, {run(1, endpoint)}));
  rig.settle();
  EXPECT_EQ(rig.attempt().phase, api::RunPhase::running) << "samples are on their way";
  rig.acknowledge();
  EXPECT_EQ(rig.attempt().phase, api::RunPhase::finished);
  EXPECT_EQ(rig.attempt().exit_code, 0);
  EXPECT_EQ(rig.stored(), 3U);
}

TEST(AgentRuns, ResumeWithWhatInfrastructureBrokeAndNothingElse) {
  Rig rig;
  ASSERT_TRUE(rig.assign({}, {run(1, "http://127.0.0.1:1/v1")}));  // nobody answers there
  rig.settle();
  rig.acknowledge();
  EXPECT_EQ(rig.attempt().phase, api::RunPhase::finished);
  EXPECT_TRUE(rig.ghost().executions.empty());
  ASSERT_TRUE(rig.assign({server("a", 5)}));
  rig.settle();
  const auto endpoint = rig.report().processes.front().endpoint;
  ASSERT_TRUE(rig.assign({server("a", 5)}, {run(2, endpoint)}));
  rig.settle();
  rig.acknowledge();
  EXPECT_EQ(rig.attempt().phase, api::RunPhase::finished);
  EXPECT_EQ(rig.ghost().executions.size(), 3U);
  EXPECT_EQ(rig.stored(), 6U) << "three errors, then three scored";
}

TEST(AgentRuns, WithNothingLeftLaunchNothing) {
  Rig rig;
  auto wanted = run(4, "http://127.0.0.1:1/v1");
  wanted.completed = {"t1", "t2", "t3"};
  ASSERT_TRUE(rig.assign({}, {wanted}));
  rig.settle();
  EXPECT_EQ(rig.attempt().phase, api::RunPhase::finished);
  EXPECT_TRUE(rig.ghost().executions.empty());
  EXPECT_TRUE(rig.ghost().violations.empty());
}

/// A run whose bench tells its tasks by a command.
api::RunWanted listed(std::int64_t attempt, const std::string& lister = "lister",
                      const std::string& tasks = "t1,t2,t3") {
  auto r = run(attempt, "http://127.0.0.1:1/v1");
  r.tasks.list.clear();
  r.tasks.command = {lister, tasks};
  return r;
}

TEST(AgentRuns, AskForTheTasksOnceAndThenKnowThem) {
  Rig rig;
  ASSERT_TRUE(rig.assign({}, {listed(1)}));
  rig.start();
  ASSERT_TRUE(rig.assign({}, {listed(1)}));  // the next life adopts what asks
  rig.settle();
  rig.acknowledge();
  EXPECT_EQ(rig.attempt().phase, api::RunPhase::finished);
  EXPECT_EQ(rig.attempt().total, 3);
  EXPECT_EQ(rig.stored(), 3U) << "nobody answers: three errors";
  rig.start();
  ASSERT_TRUE(rig.assign({}, {listed(2)}));
  rig.settle();
  rig.acknowledge();
  EXPECT_EQ(rig.attempt().phase, api::RunPhase::finished);
  EXPECT_EQ(rig.stored(), 6U);
  auto done = listed(3);
  done.completed = {"t1", "t2", "t3"};
  ASSERT_TRUE(rig.assign({}, {done}));
  rig.settle();
  EXPECT_EQ(rig.attempt().message, "every task is scored; nothing was launched");
  EXPECT_TRUE(rig.ghost().violations.empty()) << rig.ghost().violations.front();
}

TEST(AgentRuns, ASubsetNeedsNoListOfTheBench) {
  Rig rig;
  auto wanted = listed(1, "endless-lister");
  wanted.subset = {"t2"};
  wanted.steps = {{"run", {"harness", "t2"}}};
  ASSERT_TRUE(rig.assign({}, {wanted}));
  rig.settle();
  rig.acknowledge();
  EXPECT_EQ(rig.attempt().phase, api::RunPhase::finished);
  EXPECT_EQ(rig.stored(), 1U);
}

TEST(AgentRuns, WithoutTheirTasksEndTheAttemptAndSayWhy) {
  struct Case {
    const char *name, *lister, *tasks, *message;
    bool killed;
  };
  const Case cases[] = {
      {"a command that fails", "endless-lister", "t1",
       "the command that lists the tasks ended with 137; the run's log has what it said", true},
      {"a command that takes too long", "endless-lister", "t1",
       "the command that lists the tasks took longer than 5 minutes", false},
      {"a list that is none, while it is printed", "endless-lister", "", "line 1 is empty", false},
      {"a list that is none, at the end", "lister", "", "line 1 is empty", false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    Rig rig;
    ASSERT_TRUE(rig.assign({}, {listed(1, c.lister, c.tasks)}));
    rig.settle(base::seconds(30));
    if (c.killed) rig.host().kill_some("run");
    rig.settle(base::minutes(6));
    EXPECT_EQ(rig.attempt().phase, api::RunPhase::finished);
    EXPECT_EQ(rig.attempt().reason, "TaskList");
    EXPECT_EQ(rig.attempt().message, c.message);
    EXPECT_TRUE(rig.host().processes().empty());
    EXPECT_EQ(rig.stored(), 0U);
    rig.start();
    EXPECT_EQ(rig.attempt().message, c.message) << "also after a restart of the agent";
    ASSERT_TRUE(rig.assign({}, {listed(2)}));
    rig.settle();
    rig.acknowledge();
    EXPECT_EQ(rig.stored(), 3U) << "the next attempt asks again";
  }
}

TEST(AgentRuns, AreStoppedWhileTheyAskForTheirTasks) {
  Rig rig;
  ASSERT_TRUE(rig.assign({}, {listed(1, "endless-lister")}));
  rig.settle(base::seconds(5));
  EXPECT_EQ(rig.host().processes().size(), 1U);
  ASSERT_TRUE(rig.assign({}));
  rig.settle();
  EXPECT_TRUE(rig.host().processes().empty());
  EXPECT_TRUE(rig.report().runs.empty());
}

TEST(AgentRuns, AreStoppedWhenTheyAreNotAssignedAnyMore) {
  Rig rig;
  ASSERT_TRUE(rig.assign({}, {run(1, "http://127.0.0.1:1/v1")}));
  rig.settle(base::Duration{600});
  EXPECT_EQ(rig.host().processes().size(), 1U);
  ASSERT_TRUE(rig.assign({}));
  rig.settle();
  EXPECT_TRUE(rig.host().processes().empty());
  EXPECT_TRUE(rig.report().runs.empty());
}

TEST(Agent, GoesDownByItsOwnRulesAndIsEmptyOnlyWhenThatIsKnown) {
  Rig rig;
  ASSERT_TRUE(rig.assign({server("a", 5)}, {run(1, "http://127.0.0.1:1/v1")}));
  rig.settle(base::seconds(1));
  EXPECT_FALSE(rig.agent().is_empty());
  rig.agent().go_down();
  rig.step();
  rig.settle();
  EXPECT_TRUE(rig.agent().is_empty());
  EXPECT_TRUE(rig.host().processes().empty());
}

TEST(Agent, GoesDownPastAHelperThatWasOnlyMeantToStart) {
  Rig rig;
  Launch helper;
  helper.id = "parser-1";
  helper.command = {"parse"};
  helper.labels = {{"role", "parser"}};
  ASSERT_TRUE(rig.host().processes_port().start(helper));
  rig.host().reboot();  // its shim is gone before it did anything; the intent is on disk
  rig.agent().go_down();
  rig.step();
  rig.settle();
  EXPECT_TRUE(rig.agent().is_empty());
}

}  // namespace
}  // namespace agentd
