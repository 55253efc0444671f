// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"
#include "tests/unit/controller/toy_agent.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace controller {
namespace {

using Fate = Desk::Fate;

/// One machine with an agent, and a catalogue.
struct Rig {
  Desk desk;
  ToyAgent agent{desk, "a"};

  void live(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      desk.pass(base::seconds(1));
      agent.step();
      desk.settle();
    }
  }
  void live_until_running(const std::string& name) {
    for (int i = 0; i < 60 && run(name) != "Running"; ++i)
      live(1);
    ASSERT_EQ(run(name), "Running");
  }
  void fill() {
    (void)desk.write({create(runtime_json()), create(model_json("m1")), create(model_json("m2")),
                      create(bench_json())});
  }
  std::string run(const std::string& name) const { return desk.status("BenchRun", name); }
  const api::BenchRunStatus& run_status(const std::string& name) const {
    return desk.world().runs.find(name)->status;
  }
  /// Nothing is written for so long, while the agent beats.
  void expect_quiet(base::Duration time) {
    const auto revision = desk.revision();
    const auto rounds = desk.rounds().size();
    const auto reports = desk.core().counters().reports;
    for (auto left = time; left.count() > 0; left -= base::seconds(1)) {
      desk.pass(base::seconds(1));
      agent.step();
    }
    desk.settle();
    EXPECT_EQ(desk.revision(), revision);
    EXPECT_EQ(desk.rounds().size(), rounds);
    EXPECT_GE(desk.core().counters().reports - reports, time / base::seconds(16)) << "it beat";
  }
};

std::string changes_after(const Desk& desk, std::int64_t revision) {
  std::string out;
  for (const auto& round : desk.rounds())
    for (const auto& c : round.changes)
      if (c.revision > revision)
        out += c.verb + " " + c.kind + "/" + c.name + " (" + c.because + ")\n";
  return out;
}

TEST(Life, OneManifestOneHotModelOneTrueResult) {
  Rig rig;
  rig.agent.answer = [](const std::string& task, int nth) {
    if (task == "t3" && nth == 1) return api::Outcome::error;
    return task == "t2" ? api::Outcome::fail : api::Outcome::pass;
  };
  rig.live(3);
  rig.fill();
  (void)rig.desk.write({create(deployment_json("d", "m1")), create(run_json("r", "m1"))});
  rig.live(40);
  EXPECT_EQ(rig.desk.status("ModelDeployment", "d"), "Hot");
  ASSERT_EQ(rig.run("r"), "Succeeded");
  const auto& status = rig.run_status("r");
  EXPECT_EQ(status.attempt, 2) << "a task was broken once";
  EXPECT_EQ(status.progress, (api::Progress{4, 4, 3, 1, 0, 0}));
  EXPECT_DOUBLE_EQ(status.result->score, 0.75);
  EXPECT_EQ(status.result->tokens_in, 40) << "of the answers that count";
  EXPECT_EQ(status.machine, "a");
  EXPECT_EQ(status.dir, "/runs/r");
  const std::map<std::string, int> executed{{"r/t1", 1}, {"r/t2", 1}, {"r/t3", 2}, {"r/t4", 1}};
  EXPECT_EQ(rig.agent.executed(), executed) << "what is scored is never run again";
  EXPECT_EQ(rig.agent.starts(), 1);
}

TEST(Life, AfterConvergenceAnHourOfBeatsWritesNothing) {
  Rig rig;
  rig.live(3);
  rig.fill();
  rig.expect_quiet(base::minutes(5));
  (void)rig.desk.write({create(deployment_json("d", "m1")), create(run_json("r", "m1"))});
  rig.live(30);
  ASSERT_EQ(rig.run("r"), "Succeeded");
  rig.expect_quiet(base::hours(1));
  // Also with what can never be: its reason stands and nobody keeps writing about it.
  (void)rig.desk.write({create(deployment_json("big", "m1", R"({"machine":"z"})")),
                        create(deployment_json("lost", "nope")),
                        create(deployment_json("second", "m2")),
                        create(run_json("other", "m2", R"({"priority":10})")),
                        create(run_json("no-bench", "m1", R"({"bench":"nope"})"))});
  rig.live(30);
  rig.expect_quiet(base::hours(1));
  EXPECT_EQ(rig.desk.status("ModelDeployment", "big"), "Pending");
  EXPECT_EQ(rig.run("other"), "Queued");
}

TEST(Life, AControllerThatStartsAgainWritesNothing) {
  Rig rig;
  rig.live(3);
  rig.fill();
  (void)rig.desk.write({create(deployment_json("d", "m1")), create(run_json("r", "m1"))});
  rig.live(30);
  ASSERT_EQ(rig.run("r"), "Succeeded");
  const auto revision = rig.desk.revision();
  for (int i = 0; i < 3; ++i) {
    rig.desk.restart();
    rig.live(20);
  }
  EXPECT_EQ(rig.desk.revision(), revision) << changes_after(rig.desk, revision);
  EXPECT_EQ(rig.agent.starts(), 1);
}

TEST(Life, AReasonIsTrueAgainOnceTheMachineIsHeardAfterAStart) {
  Rig rig;
  rig.live(3);
  rig.fill();
  (void)rig.desk.write({create(deployment_json("d", "m1")), create(deployment_json("e", "m2"))});
  rig.live(30);
  const auto reasons = [&] { return rig.desk.world().deployments.find("e")->status.reasons; };
  const std::vector<api::Reason> held{{"a", "held by modeldeployment/d"}};
  ASSERT_EQ(reasons(), held);
  rig.desk.restart();
  rig.desk.settle();
  EXPECT_NE(reasons(), held) << "nobody has been heard of yet";
  rig.live(3);
  EXPECT_EQ(reasons(), held);
}

TEST(Life, AWriteThatChangesNothingMovesNothing) {
  Rig rig;
  rig.live(3);
  rig.fill();
  (void)rig.desk.write(apply(deployment_json("d", "m1")));
  rig.live(10);
  const auto revision = rig.desk.revision();
  const auto starts = rig.agent.starts();
  EXPECT_EQ(said(rig.desk.write({apply(deployment_json("d", "m1"))})), "unchanged");
  rig.live(60);
  EXPECT_EQ(rig.desk.revision(), revision) << changes_after(rig.desk, revision);
  EXPECT_EQ(rig.agent.starts(), starts);
}

TEST(Life, TwoModelsTakeTurnsOnOneMachine) {
  Rig rig;
  rig.live(3);
  rig.fill();
  (void)rig.desk.write(
      {create(run_json("r1", "m1")), create(run_json("r2", "m2")), create(run_json("r3", "m1"))});
  rig.live(60);
  for (const auto* name : {"r1", "r2", "r3"})
    EXPECT_EQ(rig.run(name), "Succeeded") << name;
  EXPECT_EQ(rig.agent.starts(), 2) << "m1's runs go back to back, then m2 gets the machine";
  EXPECT_TRUE(rig.desk.object("ModelDeployment", "m1").is_null());
  EXPECT_EQ(rig.desk.status("ModelDeployment", "m2"), "Hot") << "it stays until somebody needs it";
  rig.expect_quiet(base::minutes(10));
}

TEST(Life, ASilentMachinesRunGoesOnWhereItWas) {
  Rig rig;
  rig.live(3);
  rig.fill();
  (void)rig.desk.write({create(deployment_json("d", "m1")), create(run_json("r", "m1"))});
  while (rig.desk.world().tallies.empty())
    rig.live(1);
  rig.agent.link = ToyAgent::Link::cut;
  rig.live(85);
  EXPECT_EQ(rig.run("r"), "Running");
  rig.live(10);
  EXPECT_EQ(rig.run("r"), "NeedsRetry");
  EXPECT_EQ(rig.desk.status("ModelDeployment", "d"), "Pending");
  EXPECT_TRUE(rig.desk.world().claims.find("a")->spec.abandoned);
  rig.agent.link = ToyAgent::Link::up;
  rig.live(40);
  EXPECT_EQ(rig.run("r"), "Succeeded");
  EXPECT_EQ(rig.run_status("r").progress.done, 4);
  EXPECT_EQ(rig.desk.status("ModelDeployment", "d"), "Hot");
  EXPECT_FALSE(rig.desk.world().claims.find("a")->spec.abandoned);
  EXPECT_EQ(rig.agent.starts(), 1) << "a healthy server is not started again";
  rig.expect_quiet(base::minutes(10));
}

TEST(Life, WhatIsDeletedEndsAndLeavesNothing) {
  Rig rig;
  rig.live(3);
  rig.fill();
  (void)rig.desk.write({create(deployment_json("d", "m1")), create(run_json("r", "m1"))});
  rig.live_until_running("r");
  EXPECT_EQ(
      said(rig.desk.write({remove("BenchRun", "r"), remove("ModelDeployment", "d"),
                           remove("Model", "m1"), remove("Bench", "b"), remove("Runtime", "rt")})),
      "marked, marked, removed, removed, removed");
  rig.live(20);
  EXPECT_TRUE(rig.desk.world().runs.empty());
  EXPECT_TRUE(rig.desk.world().deployments.empty());
  EXPECT_TRUE(rig.desk.world().claims.empty());
  EXPECT_EQ(rig.agent.processes(), 0u);
  EXPECT_EQ(rig.desk.status("Machine", "a", "bootId"), "boot-1") << "the machine stays";
}

TEST(Life, ADeletionEndsAlsoWhenTheMachineNeverComesBack) {
  Rig rig;
  rig.live(3);
  rig.fill();
  (void)rig.desk.write({create(deployment_json("d", "m1")), create(run_json("r", "m1"))});
  rig.live_until_running("r");
  rig.agent.link = ToyAgent::Link::cut;
  (void)rig.desk.write({remove("BenchRun", "r"), remove("ModelDeployment", "d")});
  rig.live(100);
  EXPECT_TRUE(rig.desk.world().runs.empty());
  EXPECT_TRUE(rig.desk.world().deployments.empty());
  EXPECT_FALSE(rig.desk.world().claims.empty()) << "it guards the machine that nobody hears";
  (void)rig.desk.write(remove("Machine", "a"));
  rig.live(5);
  EXPECT_TRUE(rig.desk.world().machines.empty());
  EXPECT_FALSE(rig.desk.world().claims.empty()) << "it guards the name, too";
  // Back after all, it is proposed again, and its old server goes before anything else comes.
  (void)rig.desk.write(create(deployment_json("e", "m2")));
  rig.agent.link = ToyAgent::Link::up;
  rig.live(15);
  EXPECT_EQ(rig.desk.status("ModelDeployment", "e"), "Hot");
  EXPECT_EQ(rig.agent.processes(), 1u);
}

TEST(Life, CancelStopsTheHarnessAndKeepsWhatWasScored) {
  Rig rig;
  rig.live(3);
  rig.fill();
  (void)rig.desk.write({create(deployment_json("d", "m1")), create(run_json("r", "m1"))});
  while (rig.desk.world().tallies.empty())
    rig.live(1);
  (void)rig.desk.write(merge("BenchRun", "r", R"({"spec":{"cancel":true}})"));
  rig.live(10);
  EXPECT_EQ(rig.run("r"), "Cancelled");
  EXPECT_GT(rig.run_status("r").progress.done, 0);
  EXPECT_LT(rig.run_status("r").progress.done, 4);
  EXPECT_TRUE(rig.run_status("r").result);
  rig.expect_quiet(base::minutes(5));
}

TEST(Life, ProgressIsWrittenAtMostOnceASecond) {
  Rig rig;
  rig.live(3);
  rig.fill();
  (void)rig.desk.write({create(deployment_json("d", "m1")), create(run_json("r", "m1"))});
  rig.live_until_running("r");
  const auto revision = rig.desk.revision();
  auto report = *rig.desk.world().contacts.at("a").report;
  const auto uid = rig.desk.world().runs.find("r")->metadata.uid;
  for (int i = 1; i <= 100; ++i) {  // ten a second, for ten seconds
    report.sequence += 1;
    report.live = {{uid, i}};
    (void)rig.desk.report(report);
    rig.desk.pass(base::Duration{100});
  }
  int writes = 0;
  for (const auto& round : rig.desk.rounds())
    for (const auto& c : round.changes)
      writes += c.revision > revision && c.kind == "BenchRun" ? 1 : 0;
  EXPECT_GE(writes, 8);
  EXPECT_LE(writes, 11);
}

/// The demo in short: two models, two runs, one machine, one task that infrastructure broke.
std::string play(Rig& rig) {
  rig.agent.answer = [](const std::string& task, int nth) {
    return task == "t3" && nth == 1 ? api::Outcome::error : api::Outcome::pass;
  };
  const std::vector<WriteOp> manifests{apply(runtime_json()),       apply(model_json("m1")),
                                       apply(model_json("m2")),     apply(bench_json()),
                                       apply(run_json("r1", "m1")), apply(run_json("r2", "m2"))};
  for (int i = 0; i < 150; ++i) {
    // Whoever gets no answer asks again; the same again is nothing.
    if (rig.desk.world().runs.size() < 2) (void)rig.desk.ask(manifests);
    rig.live(1);
    const auto& runs = rig.desk.world().runs;
    const bool done = runs.size() == 2 && std::all_of(runs.begin(), runs.end(), [](const auto& r) {
                        return api::is_finished(r.second->status.phase);
                      });
    if (done) break;
  }
  rig.live(5);
  const auto told = [&](const char* name) {
    const auto* run = rig.desk.world().runs.find(name);
    if (run == nullptr) return std::string("none");
    const auto& s = run->status;
    return std::string(api::kRunStates[static_cast<std::size_t>(s.phase)]) + " " +
           std::to_string(s.progress.done) + "/" + std::to_string(s.progress.total) + " errors " +
           std::to_string(s.progress.errored);
  };
  return told("r1") + ", " + told("r2");
}

// Whatever becomes of one round, and wherever the controller dies, the end is the same, and no task
// that was scored is executed again.
TEST(Life, EveryRoundMayFailOrBeTheLastOfItsController) {
  std::size_t rounds = 0;
  {
    Rig rig;
    rig.desk.fate = [&](std::size_t n) {
      rounds = n;
      return Fate::commit;
    };
    ASSERT_EQ(play(rig), "Succeeded 4/4 errors 0, Succeeded 4/4 errors 0");
    ASSERT_GT(rounds, 20u);
  }
  for (const auto what : {Fate::fail, Fate::crash_before, Fate::crash_after}) {
    for (std::size_t nth = 1; nth <= rounds; ++nth) {
      SCOPED_TRACE("fate " + std::to_string(static_cast<int>(what)) + " of round " +
                   std::to_string(nth));
      Rig rig;
      rig.desk.fate = [&](std::size_t n) { return n == nth ? what : Fate::commit; };
      ASSERT_EQ(play(rig), "Succeeded 4/4 errors 0, Succeeded 4/4 errors 0");
      for (const auto& [task, times] : rig.agent.executed())
        ASSERT_LE(times, task.ends_with("t3") ? 2 : 1) << task;
      ASSERT_EQ(rig.agent.starts(), 2) << "nothing is started twice";
      for (const auto* run : {"r1", "r2"})
        ASSERT_EQ(rig.run_status(run).attempt, 2) << run;
      rig.expect_quiet(base::minutes(2));
    }
  }
}

TEST(Life, ADiskThatIsFullForAWhileDelaysAndLosesNothing) {
  Rig rig;
  rig.desk.fate = [&](std::size_t n) { return n > 12 && n < 60 ? Fate::fail : Fate::commit; };
  EXPECT_EQ(play(rig), "Succeeded 4/4 errors 0, Succeeded 4/4 errors 0");
  EXPECT_GT(rig.desk.core().counters().rounds_failed, 40);
  EXPECT_EQ(rig.run_status("r1").attempt, 2) << "nobody was lost because we could not write";
}

}  // namespace
}  // namespace controller
