// SPDX-License-Identifier: Apache-2.0
#include "reconcilers/bench_run.hpp"

#include "tests/support/world.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace reconcilers::bench_run_test {
namespace {

using namespace support;  // NOLINT: the words that build worlds
using api::RunPhase;
using api::RunState;

Plan judged(const World& world, base::Moment now = kNow) {
  return reconcile_bench_run(world, "r", kPolicy, now);
}

World settled(World world, base::Moment now = kNow) {
  const auto plan = judged(world, now);
  if (const auto* status = run_status(plan))
    world = changed(std::move(world), &World::runs, "r", [&](auto& r) { r.status = *status; });
  return world;
}

api::BenchRunStatus status_of(const World& world, base::Moment now = kNow) {
  return settled(world, now).runs.find("r")->status;
}

std::string shown(const api::BenchRunStatus& status) {
  const auto* why = api::find_condition(status.conditions, "Complete");
  return std::string(api::kRunStates[static_cast<std::size_t>(status.phase)]) + " " +
         (why == nullptr ? "" : why->status + "/" + why->reason);
}
std::string state(const World& world, base::Moment now = kNow) {
  return shown(status_of(world, now));
}
std::string message(const World& world) {
  return api::find_condition(status_of(world).conditions, "Complete")->message;
}

/// "r" of m1 on "a", where "d" serves m1 hot.
World lab_with_run(api::BenchRun r = run("r", "m1")) {
  return with(hot(with(lab({machine("a")}), deployment("d", "m1")), "d", "a"), std::move(r));
}
World scheduled(std::int64_t attempt = 1) {
  return bound(lab_with_run(), "r", "d", "a", attempt);
}
World finished(std::int64_t passed, std::int64_t failed, std::int64_t errored = 0) {
  return tallied(seen(scheduled(), "r", RunPhase::finished), "r", passed, failed, errored);
}
template <class Edit>
World edited_run(World world, Edit edit) {
  return changed(std::move(world), &World::runs, "r", edit);
}
/// The next attempt, which ended the same way.
World next_attempt(World world) {
  const auto attempt = world.runs.find("r")->status.attempt + 1;
  world.contacts.at("a").report->runs.clear();
  world = seen(bound(std::move(world), "r", "d", "a", attempt), "r", RunPhase::finished);
  world.tallies["uid-r"].attempt = attempt;
  return world;
}

struct Waits {
  const char* name;
  World world;
  std::string state, why;
  std::vector<api::Reason> reasons;
};
void expect_all(const std::vector<Waits>& cases) {
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(state(c.world), c.state);
    EXPECT_EQ(message(c.world), c.why);
    EXPECT_EQ(status_of(c.world).reasons, c.reasons);
    EXPECT_EQ(told(judged(settled(c.world))), "") << "said once";
  }
}

TEST(BenchRun, WaitsForAMachine) {
  const auto r = run("r", "m1");
  const auto elsewhere = hot(with(lab({machine("a")}), deployment("e", "m2")), "e", "a");
  const auto cordoned =
      changed(lab_with_run(), &World::machines, "a", [](auto& m) { m.spec.unschedulable = true; });
  const std::string no_bench = "bench \"nope\" does not exist";
  const std::string none = "no machine is free for its model", queued = "Queued False/Queued";
  expect_all({
      {"no machine at all", with(lab({}), r), queued, none, {{"", "no machine has joined"}}},
      {"no such bench",
       edited_run(lab_with_run(), [](auto& o) { o.spec.bench = "nope"; }),
       queued,
       no_bench,
       {{"", no_bench}}},
      {"a machine is free", with(lab({machine("a")}), r), queued, "its model is placed next", {}},
      {"another model holds the machine",
       with(elsewhere, r),
       queued,
       none,
       {{"a", "held by modeldeployment/e"}}},
      {"hot on a cordoned machine",
       cordoned,
       queued,
       none,
       {{"a", "it is cordoned (unschedulable: true)"}}},
  });
}

TEST(BenchRun, WaitsForItsModelAndItsSlot) {
  const auto warming = changed(lab_with_run(), &World::deployments, "d",
                               [](auto& d) { d.status.phase = api::DeploymentPhase::warming; });
  const auto pending = with(with(lab({machine("a")}), deployment("d", "m1")), run("r", "m1"));
  const auto second = bound(with(lab_with_run(), run("s", "m1")), "s", "d", "a");
  const auto two_slots =
      changed(second, &World::machines, "a", [](auto& m) { m.spec.bench_slots = 2; });
  const std::string taken = "the bench slots are taken (benchrun/s)", next = "it is bound next";
  const std::string is_warming = "modeldeployment/d is Warming", queued = "Queued False/Queued";
  expect_all({
      {"its model is placed",
       warming,
       "WaitingForModel False/WaitingForModel",
       is_warming,
       {{"a", is_warming}}},
      {"its model waits for a machine itself",
       pending,
       queued,
       "modeldeployment/d is Pending",
       {{"", "modeldeployment/d is Pending"}}},
      {"hot and free", lab_with_run(), queued, next, {{"a", next}}},
      {"hot, the one slot taken", second, queued, taken, {{"a", taken}}},
      {"hot, one of two slots taken", two_slots, queued, next, {{"a", next}}},
  });
}

TEST(BenchRun, Bound) {
  const auto running = seen(scheduled(), "r", RunPhase::running);
  const auto with_d = [](World world, auto edit) {
    return changed(std::move(world), &World::deployments, "d", edit);
  };
  const auto gone = edited(running, [](auto& w) { w.machines.erase("a"), w.contacts.erase("a"); });
  struct Case {
    const char* name;
    World world;
    std::string state;
  };
  const Case cases[] = {
      {"the agent has not begun", scheduled(), "Scheduled "},
      {"the agent prepares", seen(scheduled(), "r", RunPhase::preparing), "Running False/Running"},
      {"the harness runs", running, "Running False/Running"},
      {"its agent waits for something",
       edited(seen(scheduled(), "r", RunPhase::preparing),
              [](auto& w) { w.contacts.at("a").report->runs[0].reason = "CannotStart"; }),
       "Running False/CannotStart"},
      {"an older attempt is no news",
       edited(seen(scheduled(2), "r", RunPhase::finished),
              [](auto& w) { w.contacts.at("a").report->runs[0].attempt = 1; }),
       "Scheduled "},
      {"its machine is silent", silent(running, "a"), "NeedsRetry False/MachineLost"},
      {"not heard since the start", unheard(running, "a"), "Scheduled "},
      {"its machine is neither there nor heard of", gone, "NeedsRetry False/MachineLost"},
      {"its model was deleted", with_d(running, [](auto& d) { d = deleted(d); }),
       "NeedsRetry False/ModelLost"},
      {"its model was stopped", with_d(running, [](auto& d) { d.spec.state = api::Want::stopped; }),
       "NeedsRetry False/ModelLost"},
      {"another life of the deployment", with_d(running, [](auto& d) { d.metadata.uid = "new"; }),
       "NeedsRetry False/ModelLost"},
      {"maxHot is over: the run ends first",
       with_d(running,
              [](auto& d) {
                d.status.conditions = {{"MaxHotOver", "True", "", "", {}, 1}};
              }),
       "Running False/Running"},
      {"its model starts again: the agent holds it up",
       with_d(running, [](auto& d) { d.status.phase = api::DeploymentPhase::failed; }),
       "Running False/Running"},
      {"stuck", seen(scheduled(), "r", RunPhase::stuck), "Failed False/Stuck"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(state(c.world), c.state);
    // A run that lost its place says next why it waits, and then no more.
    EXPECT_EQ(told(judged(settled(settled(c.world)))), "");
  }
}

TEST(BenchRun, AFinishedAttemptIsJudgedByItsSamples) {
  const auto exit = [](World world, std::int64_t code) {
    world.contacts.at("a").report->runs[0].exit_code = code;
    return world;
  };
  const auto uncounted = [](World world) {
    return changed(std::move(world), &World::benches, "b", [](auto& b) { b.spec.tasks = {}; });
  };
  struct Case {
    const char* name;
    World world;
    std::string state;
  };
  const Case cases[] = {
      {"every task is scored", finished(3, 1), "Succeeded True/Scored"},
      {"also when all of them failed", finished(0, 4), "Succeeded True/Scored"},
      {"whatever the harness's exit says", exit(finished(4, 0), 1), "Succeeded True/Scored"},
      {"a task is left and infrastructure broke it", finished(3, 0, 1),
       "NeedsRetry False/Infrastructure"},
      {"a task is left and nobody knows why", finished(3, 0), "NeedsRetry False/HarnessFailed"},
      {"no sample at all, exit 0", finished(0, 0), "NeedsRetry False/HarnessFailed"},
      {"errors of an earlier attempt alone are the harness's fault now",
       edited(finished(3, 0, 1), [](auto& w) { w.tallies["uid-r"].attempt = 0; }),
       "NeedsRetry False/HarnessFailed"},
      {"an error that was scored later in the same attempt is none",
       edited(finished(3, 0), [](auto& w) { w.tallies["uid-r"].attempt = 1; }),
       "NeedsRetry False/HarnessFailed"},
      {"nobody knows how many: exit 0 and no error is all", uncounted(finished(3, 2)),
       "Succeeded True/Scored"},
      {"nobody knows how many, and the harness broke", uncounted(exit(finished(3, 2), 1)),
       "NeedsRetry False/HarnessFailed"},
      {"nobody knows how many, with an error", uncounted(finished(3, 2, 1)),
       "NeedsRetry False/Infrastructure"},
      {"nobody knows how many, and none came", uncounted(finished(0, 0)),
       "NeedsRetry False/HarnessFailed"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(state(c.world), c.state);
  }
}

TEST(BenchRun, InfrastructureIsRetriedAtOnceThenBackedOffThenUnscored) {
  auto world = finished(2, 1, 1);
  std::vector<std::string> story;
  for (int i = 0; i < 3; ++i) {
    world = settled(std::move(world));
    const auto& status = world.runs.find("r")->status;
    story.push_back(shown(status) + " " +
                    std::to_string((status.next_retry.at - kNow.wall).count()));
    if (!api::is_finished(status.phase)) world = next_attempt(std::move(world));
  }
  EXPECT_EQ(story[0], "NeedsRetry False/Infrastructure 0");
  EXPECT_EQ(story[1], "NeedsRetry False/Infrastructure 1000");
  EXPECT_TRUE(story[2].starts_with("Failed False/Unscored")) << story[2];
  const auto& last = world.runs.find("r")->status;
  ASSERT_TRUE(last.result) << "what was scored stays beside it";
  EXPECT_DOUBLE_EQ(last.result->score, 2.0 / 3);
  EXPECT_EQ(last.progress.errored, 1);
  EXPECT_EQ(last.infra, 3);
  EXPECT_EQ(last.broken, 0);
  EXPECT_EQ(api::find_condition(last.conditions, "Complete")->message,
            "1 tasks are not scored after 3 attempts that infrastructure broke");
}

TEST(BenchRun, ABrokenHarnessIsRetriedAndThenFails) {
  auto world = finished(0, 0);
  world.contacts.at("a").report->runs[0].exit_code = 2;
  world = settled(std::move(world));
  EXPECT_EQ(shown(world.runs.find("r")->status), "NeedsRetry False/HarnessFailed");
  EXPECT_EQ(world.runs.find("r")->status.next_retry.at, kNow.wall) << "the first retry at once";
  world = settled(next_attempt(std::move(world)));
  EXPECT_EQ(shown(world.runs.find("r")->status), "Failed False/HarnessFailed");
  EXPECT_FALSE(world.runs.find("r")->status.result) << "no score of nothing";
  EXPECT_EQ(world.runs.find("r")->status.broken, 2);
}

TEST(BenchRun, HowTheHarnessEndedIsSaid) {
  const auto ended = [](auto edit) {
    return message(seen(scheduled(), "r", RunPhase::finished, edit));
  };
  EXPECT_EQ(ended([](auto& r) { r.exit_code = 2; }), "the harness ended with 2; 4 tasks are left");
  EXPECT_EQ(ended([](auto& r) { r.exit_code.reset(); }),
            "nobody saw how the harness ended; 4 tasks are left");
  EXPECT_EQ(ended([](auto& r) { r.reason = "SpawnFailed", r.message = "no such file"; }),
            "SpawnFailed: no such file; 4 tasks are left");
  const auto failed = seen(scheduled(), "r", RunPhase::finished, [](auto& r) { r.exit_code = 2; });
  const auto uncounted = changed(failed, &World::benches, "b", [](auto& b) { b.spec.tasks = {}; });
  EXPECT_EQ(message(uncounted), "the harness ended with 2") << "nobody knows how many are left";
}

TEST(BenchRun, TheBackOffDoublesToFiveMinutes) {
  EXPECT_EQ(retry_delay(0), base::Duration{0});
  EXPECT_EQ(retry_delay(1), base::Duration{0});
  EXPECT_EQ(retry_delay(2), base::seconds(1));
  EXPECT_EQ(retry_delay(3), base::seconds(2));
  EXPECT_EQ(retry_delay(10), base::seconds(256));
  EXPECT_EQ(retry_delay(11), base::minutes(5));
  EXPECT_EQ(retry_delay(INT64_MAX), base::minutes(5));
}

TEST(BenchRun, ALostMachineOrModelCostsNoRetry) {
  auto world = seen(scheduled(), "r", RunPhase::running);
  for (int i = 0; i < 20; ++i) {
    world = settled(silent(std::move(world), "a"));
    ASSERT_EQ(shown(world.runs.find("r")->status), "NeedsRetry False/MachineLost");
    world.contacts.at("a").heard = kNow.steady;
    world = bound(std::move(world), "r", "d", "a", i + 2);
  }
  EXPECT_EQ(world.runs.find("r")->status.infra, 0);
  EXPECT_EQ(world.runs.find("r")->status.broken, 0);
}

TEST(BenchRun, WhatIsScoredAlreadyIsNotLaunchedAgain) {
  auto world = tallied(
      edited_run(scheduled(), [](auto& r) { r.status.phase = RunState::needs_retry; }), "r", 3, 1);
  EXPECT_EQ(state(world), "Succeeded True/Scored");
  world.tallies["uid-r"].failed = 0;
  EXPECT_EQ(state(world), "NeedsRetry ") << "a task is left";
  EXPECT_EQ(state(tallied(lab_with_run(), "r", 0, 0)), "Queued False/Queued");
}

TEST(BenchRun, ProgressCountsScoredAndErroredTasks) {
  auto world = tallied(seen(scheduled(), "r", RunPhase::running), "r", 1, 1, 1);
  world.tallies["uid-r"].failures["timeout"] = 1;
  world.contacts.at("a").report->live = {{"uid-r", 3}, {"uid-other", 9}};
  const auto status = status_of(world);
  EXPECT_EQ(status.progress, (api::Progress{4, 2, 1, 1, 1, 3}));
  EXPECT_EQ(status.failures, (std::map<std::string, std::int64_t>{{"timeout", 1}}));
  EXPECT_EQ(status.started.at, kNow.wall);
  EXPECT_EQ(status_of(settled(world), after(base::seconds(5))).started.at, kNow.wall);

  const auto started_again = unheard(settled(world), "a");
  EXPECT_EQ(status_of(started_again).progress.answered, 3) << "the last word stands";

  const auto unknown = changed(world, &World::benches, "b", [](auto& b) { b.spec.tasks = {}; });
  EXPECT_EQ(status_of(unknown).progress.total, 0) << "nothing that nobody knows";
  auto told_by_agent = unknown;
  told_by_agent.contacts.at("a").report->runs[0].total = 24;
  EXPECT_EQ(status_of(told_by_agent).progress.total, 24);
}

TEST(BenchRun, TheResultIsOfWhatWasScored) {
  auto world = finished(3, 1);
  auto& tally = world.tallies["uid-r"];
  tally.tokens_in = 400;
  tally.tokens_out = 80;
  tally.wall_seconds = 12.5;
  tally.score_sum = 3.5;
  world.contacts.at("a").report->runs[0].metrics = {{"accuracy", 0.75}};
  const auto status = status_of(world);
  ASSERT_TRUE(status.result);
  const auto& result = *status.result;
  EXPECT_DOUBLE_EQ(result.score, 0.75);
  EXPECT_DOUBLE_EQ(result.std_error, std::sqrt(0.75 * 0.25 / 4));
  ASSERT_EQ(result.ci95.size(), 2u);
  EXPECT_EQ(result.tokens_in, 400);
  EXPECT_EQ(result.tokens_out, 80);
  EXPECT_DOUBLE_EQ(result.wall_seconds, 12.5);
  EXPECT_DOUBLE_EQ(*result.partial_credit, 3.5 / 4);
  EXPECT_EQ(result.metrics, (std::map<std::string, double>{{"accuracy", 0.75}}));
  EXPECT_EQ(status.finished.at, kNow.wall);
  EXPECT_FALSE(status_of(finished(3, 1)).result->partial_credit) << "whole scores need none";
}

TEST(BenchRun, TheFingerprintSaysWhatTheFiguresWereMadeWith) {
  auto world = finished(4, 0);
  world = changed(std::move(world), &World::models, "m1", [](auto& m) {
    m.spec.source = {"org/model", "abc", "", ""};
    m.spec.parsers = api::Parsers{"hermes", ""};
    m.spec.runtimes = {{"rt", {}, {"--ctx", "4096"}, {}}};
  });
  auto& report = *world.contacts.at("a").report;
  report.processes[0].identity = {{"build", "b4000"}};
  report.runs[0].fingerprint = {{"harness", "bfcl 1.2"}, {"args", "from the agent"}, {"empty", ""}};
  const std::map<std::string, std::string> expected{
      {"weights", "org/model@abc"},
      {"parsers", "hermes"},
      {"engine", "custom"},
      {"args", "from the agent"},
      {"harness", "bfcl 1.2"},
      {"server.build", "b4000"},
      {"runtime", "serve $(model.source) --port $(port)"}};
  EXPECT_EQ(status_of(world).fingerprint, expected);
}

TEST(BenchRun, Wilson) {
  struct Case {
    std::int64_t passed, scored;
    double low, high;
  };
  // Computed apart from this code, from Wilson's formula with z = 1.959964.
  const Case cases[] = {
      {14, 24, 0.388347, 0.755324}, {0, 8, 0.0, 0.324408}, {8, 8, 0.675592, 1.0},
      {1, 2, 0.094531, 0.905469},   {0, 0, 0.0, 1.0},      {50, 100, 0.403832, 0.596168},
      {1, 1, 0.206549, 1.0}};
  for (const auto& c : cases) {
    SCOPED_TRACE(std::to_string(c.passed) + "/" + std::to_string(c.scored));
    const auto [low, high] = wilson(c.passed, c.scored);
    EXPECT_NEAR(low, c.low, 1e-6);
    EXPECT_NEAR(high, c.high, 1e-6);
    EXPECT_GE(low, 0.0);
    EXPECT_LE(high, 1.0);
  }
}

TEST(BenchRun, CancelWaitsForProofThatNothingRuns) {
  const auto cancel = [](World world) {
    return edited_run(std::move(world), [](auto& r) { r.spec.cancel = true; });
  };
  const auto running = seen(scheduled(), "r", RunPhase::running);
  struct Case {
    const char* name;
    World world;
    std::string state;
  };
  const Case cases[] = {
      {"not bound: at once", cancel(lab_with_run()), "Cancelled False/Cancelled"},
      {"its attempt is still seen", cancel(running), "Scheduled False/Cancelling"},
      {"the agent has not heard of it", behind(cancel(scheduled()), "a"),
       "Scheduled False/Cancelling"},
      {"the agent was not heard since the start", unheard(cancel(running), "a"),
       "Scheduled False/Cancelling"},
      {"caught up, and nothing seen", cancel(scheduled()), "Cancelled False/Cancelled"},
      {"its machine is silent: nobody waits for it", silent(cancel(running), "a"),
       "Cancelled False/Cancelled"},
      {"its machine is gone",
       edited(cancel(running), [](auto& w) { w.machines.erase("a"), w.contacts.erase("a"); }),
       "Cancelled False/Cancelled"},
      {"a finished attempt is cancelled all the same", cancel(finished(2, 0)),
       "Scheduled False/Cancelling"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(state(c.world), c.state);
  }
  const auto partly = status_of(cancel(tallied(scheduled(), "r", 2, 0)));
  ASSERT_TRUE(partly.result) << "what was scored stays";
  EXPECT_DOUBLE_EQ(partly.result->score, 1);
}

TEST(BenchRun, ADeletedOneGoesOnceNothingOfItRuns) {
  const auto gone = [](World world) {
    return edited_run(std::move(world), [](auto& r) { r = deleted(r); });
  };
  const auto running = gone(seen(scheduled(), "r", RunPhase::running));
  EXPECT_EQ(told(judged(gone(lab_with_run()))), "let-go BenchRun/r");
  EXPECT_EQ(state(running), "Scheduled False/Cancelling");
  EXPECT_EQ(told(judged(gone(scheduled()))), "let-go BenchRun/r");
  EXPECT_EQ(told(judged(silent(running, "a"))), "let-go BenchRun/r");
  const auto done = edited_run(finished(4, 0), [](auto& r) {
    r.status.phase = RunState::succeeded;
    r = deleted(r);
  });
  EXPECT_EQ(told(judged(done)), "let-go BenchRun/r") << "its samples outlive it";
  EXPECT_EQ(told(judged(lab({}))), "");
}

TEST(BenchRun, WhatIsFinishedIsFinal) {
  for (const auto phase : {RunState::succeeded, RunState::failed, RunState::cancelled}) {
    const auto world = edited_run(finished(1, 1, 1), [phase](auto& r) {
      r.status.phase = phase;
      r.spec.cancel = true;
    });
    EXPECT_EQ(told(judged(world)), "");
    EXPECT_EQ(told(judged(silent(world, "a"))), "");
  }
}

TEST(BenchRun, ItLooksAgainWhenItsBenchHostWouldBeSilent) {
  EXPECT_EQ(judged(heard_before(scheduled(), "a", base::seconds(80))).look_again,
            base::seconds(10));
  EXPECT_FALSE(judged(lab_with_run()).look_again);
}

TEST(BenchRun, ItResumesOnItsBenchHostAndNowhereElse) {
  auto r = run("r", "m1");
  r.spec.placement = api::Placement{"b", "", api::Selector{{"x"}, {}}};
  EXPECT_EQ(demand_of(r).machine, "b");
  EXPECT_EQ(demand_of(r).selector, r.spec.placement->selector);
  r.status.attempt = 1;
  r.status.machine = "a";
  EXPECT_EQ(demand_of(r).machine, "a");
}

TEST(BenchRun, TheDeploymentsThatServeItComeHotFirst) {
  auto world = lab({machine("a"), machine("b"), machine("c"), machine("e")});
  world = holding(with(std::move(world), deployment("placed", "m1")), "placed", "a");
  world = hot(with(std::move(world), deployment("warm", "m1")), "warm", "b");
  world = hot(with(std::move(world), deployment("hot", "m1")), "hot", "c");
  world = with(std::move(world), {deployment("mine", "m1"), made_by_queue("queued", "m1")});
  world = hot(with(std::move(world), deployment("another", "m2")), "another", "e");
  world = with(std::move(world), deleted(deployment("dying", "m1")));
  const auto names = [&](const api::BenchRun& r) {
    std::string out;
    for (const auto* d : deployments_for(world, r, kPolicy, kNow))
      out += d->name() + " ";
    return out;
  };
  EXPECT_EQ(names(run("r", "m1")), "hot warm placed queued mine ");
  const auto on_a = edited(run("r", "m1"), [](auto& r) {
    r.spec.placement = api::Placement{"a", "", {}};
  });
  EXPECT_EQ(names(on_a), "placed queued mine ");
  EXPECT_EQ(names(run("r", "m3")), "");
}

}  // namespace
}  // namespace reconcilers::bench_run_test
