// SPDX-License-Identifier: Apache-2.0
#include "controller/core/core.hpp"

#include "tests/unit/controller/desk.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace controller {
namespace {

using api::Json;

api::Report report_of(const std::string& machine, std::int64_t sequence = 1) {
  api::Report report;
  report.machine = machine;
  report.boot_id = "boot-1";
  report.agent_id = "agent-1";
  report.life = 1;
  report.sequence = sequence;
  report.term = {1, 1};
  report.facts.memory_bytes = 10LL << 30;
  return report;
}

TEST(Rounds, NothingLeavesBeforeItIsDurable) {
  Desk desk;
  desk.settle();
  const auto revision = desk.revision();
  (void)desk.ask({create(machine_json("a"))});
  desk.core().report(900, "b", report_of("b"), {});
  const auto round = desk.begin();
  ASSERT_TRUE(round);
  EXPECT_TRUE(desk.core().is_committing());
  EXPECT_TRUE(desk.take_answers().empty());
  EXPECT_EQ(desk.revision(), revision);
  EXPECT_TRUE(desk.object("Machine", "a").is_null());
  EXPECT_TRUE(desk.core().events_after(revision, 100)->empty());
  EXPECT_EQ(desk.core().assignment("a").revision, revision);

  desk.commit(*round);
  EXPECT_EQ(desk.take_answers().size(), 2u);
  EXPECT_EQ(desk.revision(), round->revision);
  EXPECT_FALSE(desk.object("Machine", "a").is_null());
  EXPECT_FALSE(desk.core().events_after(revision, 100)->empty());
  EXPECT_EQ(desk.core().assignment("a").revision, round->revision);
}

TEST(Rounds, WhatComesWhileOneIsOnItsWayIsInTheNext) {
  Desk desk;
  desk.settle();
  (void)desk.ask({create(machine_json("a"))});
  const auto first = desk.begin();
  const auto second_ticket = desk.ask({create(machine_json("a"))});
  EXPECT_FALSE(desk.begin()) << "one at a time";
  EXPECT_FALSE(desk.core().has_work(desk.now()));
  desk.commit(*first);
  (void)desk.take_answers();
  desk.settle();
  EXPECT_EQ(desk.core().counters().writes_refused, 1) << "it saw the first";
  EXPECT_EQ(second_ticket, 2u);
}

TEST(Rounds, WhatChangesNothingIsAnsweredWithoutACommit) {
  Desk desk;
  (void)desk.write(apply(machine_json("a")));
  const auto rounds = desk.rounds().size();
  EXPECT_EQ(said(desk.write(apply(machine_json("a")))), "unchanged");
  EXPECT_EQ(said(desk.write(create(machine_json("Bad")))), "422 Invalid");
  EXPECT_EQ(said(desk.write({apply(machine_json("b"))}, WriteRequest::Run::dry)), "created");
  EXPECT_EQ(desk.rounds().size(), rounds);
}

TEST(Rounds, AFailedOneGivesErrorsAndChangesNothingAndALaterOneSucceeds) {
  Desk desk;
  desk.settle();
  const auto revision = desk.revision();
  const auto ticket = desk.ask({create(machine_json("a"))});
  desk.core().report(900, "b", report_of("b"), {});
  ASSERT_TRUE(desk.begin());
  desk.fail();
  const auto answers = desk.take_answers();
  ASSERT_EQ(answers.size(), 2u);
  for (const auto& answer : answers) {
    const auto* lost = std::get_if<NotStored>(&answer.what);
    ASSERT_NE(lost, nullptr);
    EXPECT_EQ(lost->rejection.code, 507);
    EXPECT_EQ(lost->rejection.message, "the controller cannot store anything now: no space left");
  }
  EXPECT_EQ(answers[0].ticket, ticket);
  EXPECT_EQ(desk.revision(), revision);
  EXPECT_TRUE(desk.object("Machine", "a").is_null());
  EXPECT_TRUE(desk.core().events_after(revision, 100)->empty());
  EXPECT_EQ(desk.core().counters().rounds_failed, 1);
  EXPECT_EQ(said(desk.write(create(machine_json("a")))), "created");
}

TEST(Rounds, ADecisionThatWasNotStoredIsTakenAgain) {
  Desk desk;
  (void)desk.report(report_of("a"));
  (void)desk.write({create(runtime_json()), create(model_json("m"))});
  (void)desk.ask({create(deployment_json("d", "m"))});
  // The deployment is stored, what follows from it is not.
  auto round = desk.begin();
  ASSERT_TRUE(round);
  desk.commit(*round);
  desk.skip(base::Duration{50});
  round = desk.begin();
  ASSERT_TRUE(round);
  desk.fail();
  EXPECT_EQ(desk.world().claims.find("a"), nullptr);
  EXPECT_FALSE(desk.core().has_work(desk.now())) << "a full disk is not asked at once again";
  desk.pass(base::seconds(2));
  ASSERT_NE(desk.world().claims.find("a"), nullptr);
  EXPECT_EQ(desk.status("ModelDeployment", "d"), "Claimed");
}

TEST(Rounds, AMachineWhoseProposalWasNotStoredIsProposedByTheSameReportAgain) {
  Desk desk;
  desk.settle();
  desk.core().report(900, "a", report_of("a"), {});
  ASSERT_TRUE(desk.begin());
  desk.fail();
  EXPECT_TRUE(desk.object("Machine", "a").is_null());
  EXPECT_FALSE(desk.report(report_of("a")).rejection);
  EXPECT_FALSE(desk.object("Machine", "a").is_null());
}

TEST(Rounds, SamplesOfARoundThatWasNotStoredAreNew) {
  Desk desk;
  (void)desk.report(report_of("a"));
  (void)desk.write({create(bench_json()), create(run_json("r", "m"))});
  auto op =
      merge_status("BenchRun", "r", R"({"status":{"phase":"Running","attempt":1,"machine":"a"}})");
  (void)desk.write(op);
  const auto uid = desk.object("BenchRun", "r").at({"metadata", "uid"})->string();
  api::Sample sample;
  sample.run = uid;
  sample.task = "t1";
  sample.attempt = 1;
  sample.outcome = api::Outcome::pass;
  sample.score = 1;
  desk.core().samples(900, "a", uid, {sample, sample});
  const auto round = desk.begin();
  ASSERT_TRUE(round);
  EXPECT_EQ(round->samples.size(), 1u);
  desk.fail();
  EXPECT_FALSE(desk.world().tallies.contains(uid));
  const auto before = desk.core().counters().samples;
  EXPECT_FALSE(desk.samples("a", uid, {sample}).rejection);
  EXPECT_FALSE(desk.samples("a", uid, {sample}).rejection);
  EXPECT_EQ(desk.core().counters().samples, before + 1);
  EXPECT_EQ(desk.world().tallies.at(uid).passed, 1);
  EXPECT_EQ(desk.world().scored.at(uid), std::vector<std::string>{"t1"});
}

TEST(Rounds, TheirRevisionsRiseByOneAChange) {
  Desk desk;
  (void)desk.report(report_of("a"));
  (void)desk.write({create(runtime_json()), create(model_json("m")), create(bench_json()),
                    create(deployment_json("d", "m")), create(run_json("r", "m"))});
  desk.pass(base::seconds(5));
  std::int64_t last = 0;
  for (const auto& round : desk.rounds()) {
    for (const auto& change : round.changes)
      EXPECT_EQ(change.revision, ++last);
    EXPECT_EQ(round.revision, last);
  }
  EXPECT_GT(last, 5);
}

TEST(Watch, EventsComeInOrderOnceAndFromAnyPoint) {
  Desk desk;
  (void)desk.write(create(machine_json("a")));
  (void)desk.write(merge("Machine", "a", R"({"spec":{"drain":true}})"));
  (void)desk.write(remove("Machine", "a"));
  const auto all = *desk.core().events_after(0, 1'000);
  ASSERT_GT(all.size(), 3u);
  for (std::size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(all[i].revision, static_cast<std::int64_t>(i + 1)) << "each once, none left out";
  for (std::int64_t from = 0; from <= desk.revision(); ++from) {
    const auto rest = *desk.core().events_after(from, 1'000);
    ASSERT_EQ(rest.size(), all.size() - static_cast<std::size_t>(from));
    EXPECT_TRUE(rest.empty() || rest.front().revision == from + 1);
  }
  EXPECT_EQ(desk.core().events_after(0, 2)->size(), 2u);
  // Following the events gives what a list gives.
  std::map<std::pair<std::string, std::string>, std::string> followed;
  for (const auto& event : all) {
    if (event.type == WatchEvent::Type::deleted)
      followed.erase({event.kind, event.name});
    else
      followed[{event.kind, event.name}] = *event.after;
  }
  std::size_t listed = 0;
  for (const auto& [kind, table] : desk.durable().records)
    for (const auto& [name, record] : table) {
      ++listed;
      EXPECT_EQ(followed.at({kind, name}), *record->bytes);
    }
  EXPECT_EQ(followed.size(), listed);
}

TEST(Watch, BeforeAStartOrTheRingThereIsNothing) {
  Desk desk;
  (void)desk.write(create(machine_json("a")));
  const auto before = desk.revision();
  desk.restart();
  desk.settle();
  EXPECT_FALSE(desk.core().events_after(before - 1, 10)) << "the client must list anew";
  ASSERT_TRUE(desk.core().events_after(before, 10));

  // 70 MiB of events do not fit in 64.
  const std::string big(250'000, 'x');
  for (int i = 0; i < 145; ++i)
    (void)desk.write(
        merge("Machine", "a",
              R"({"metadata":{"annotations":{"x":")" + big + std::to_string(i) + R"("}}})"));
  EXPECT_FALSE(desk.core().events_after(before, 10));
  const auto now = desk.revision();
  EXPECT_TRUE(desk.core().events_after(now, 10)->empty());
  ASSERT_TRUE(desk.core().events_after(now - 5, 10));
  EXPECT_EQ(desk.core().events_after(now - 5, 10)->size(), 5u);
}

TEST(Starts, ARestartServesWhatWasDurable) {
  Desk desk;
  (void)desk.report(report_of("a"));
  (void)desk.write(
      {create(runtime_json()), create(model_json("m")), create(deployment_json("d", "m"))});
  desk.pass(base::seconds(1));
  const auto claim = *desk.world().claims.find("a");
  const auto machine = desk.object("Machine", "a");
  const auto revision = desk.revision();
  desk.restart();
  desk.settle();
  EXPECT_EQ(*desk.world().claims.find("a"), claim);
  EXPECT_EQ(desk.object("Machine", "a"), machine) << "the last word stands";
  EXPECT_GE(desk.revision(), revision);
  EXPECT_GT(desk.world().term, claim.spec.epoch.term);
}

TEST(Starts, SilenceCountsFromTheStart) {
  Desk desk;
  (void)desk.report(report_of("a"));
  desk.pass(base::seconds(80));
  desk.restart();
  const auto ready = [&] {
    return desk.object("Machine", "a")
        .at({"status", "conditions"})
        ->items()
        .at(0)
        .text_at("status");
  };
  desk.pass(base::seconds(89));
  EXPECT_EQ(ready(), "True");
  desk.pass(base::seconds(2));
  EXPECT_EQ(ready(), "Unknown");
}

TEST(Starts, SilenceCountsAlsoForAMachineThatOnlyHoldsSomething) {
  // An object that people wrote anew while the machine was away says nothing of its agent.
  const auto row = [](std::int64_t revision, const char* text) {
    const auto object = parsed(text);
    const auto& metadata = *object.find("metadata");
    return Row{object.text_at("kind"), metadata.text_at("name"), metadata.text_at("uid"), revision,
               api::write_json(object)};
  };
  Loaded loaded{"lab", {1, 2}, 3, {}};
  loaded.rows = {row(1, R"({"kind":"Machine","metadata":{"name":"a","uid":"u1"},"spec":{}})"),
                 row(2, R"({"kind":"ModelDeployment","metadata":{"name":"d","uid":"u2"},
                            "spec":{"model":"m"}})"),
                 row(3, R"({"kind":"Claim","metadata":{"name":"a","uid":"u3"},
                            "spec":{"deployment":"d","uid":"u2"}})")};
  CountedUids uids;
  base::Moment now{{1'000'000}, {1'800'000'000'000}};
  Core core(loaded, {}, {}, uids, now);
  for (int second = 0; second <= 92; ++second) {
    while (core.has_work(now))
      if (core.begin(now)) core.committed(std::nullopt, now);
    EXPECT_EQ(core.durable().world.claims.find("a")->spec.abandoned, second >= 90) << second;
    now = {now.steady + base::seconds(1), now.wall + base::seconds(1)};
  }
}

TEST(Silence, OfAnOtherwiseIdleControllerIsNoticedAlsoByATimerThatIsLate) {
  Desk desk;
  (void)desk.report(report_of("a"));
  const auto ready = [&] {
    return desk.object("Machine", "a")
        .at({"status", "conditions"})
        ->items()
        .at(0)
        .text_at("status");
  };
  const auto end = desk.now().steady + base::seconds(95);
  while (desk.now().steady < end) {
    const auto due = desk.core().next_due();
    ASSERT_TRUE(due);
    desk.skip(std::max(base::Duration{0}, *due - desk.now().steady) + base::Duration{3});
    desk.settle();
  }
  EXPECT_EQ(ready(), "Unknown");
}

TEST(Silence, OfTheControllerItselfIsNobodyElses) {
  Desk desk;
  (void)desk.report(report_of("a"));
  (void)desk.write(
      {create(runtime_json()), create(model_json("m")), create(deployment_json("d", "m"))});
  desk.pass(base::seconds(1));
  ASSERT_NE(desk.world().claims.find("a"), nullptr);
  desk.skip(base::minutes(10));  // stopped, or the lid was closed
  desk.settle();
  EXPECT_FALSE(desk.world().claims.find("a")->spec.abandoned);
  desk.pass(base::seconds(91));
  EXPECT_TRUE(desk.world().claims.find("a")->spec.abandoned);
}

TEST(Silence, ThatWasStoredBeforeACrashIsActedUponAfterIt) {
  Desk desk;
  (void)desk.report(report_of("a"));
  (void)desk.write(
      {create(runtime_json()), create(model_json("m")), create(deployment_json("d", "m"))});
  desk.pass(base::seconds(1));
  // Only the machine's status was stored; the claim was not set aside yet.
  (void)desk.write(merge_status("Machine", "a",
                                R"({"status":{"conditions":[{"type":"Ready","status":"Unknown",
                                    "reason":"AgentSilent","message":"no report for 90s or longer",
                                    "observedGeneration":1}]}})"));
  desk.restart();
  desk.pass(base::seconds(100));
  EXPECT_TRUE(desk.world().claims.find("a")->spec.abandoned);
}

TEST(Core, AReportOfAnUnknownMachineProposesIt) {
  Desk desk;
  const auto answer = desk.report(report_of("a"), {{"rig", "dell"}});
  EXPECT_FALSE(answer.rejection);
  const auto machine = desk.object("Machine", "a");
  EXPECT_EQ(machine.at({"spec", "memory"})->string(), "8192Mi");
  EXPECT_EQ(machine.at({"metadata", "labels", "rig"})->string(), "dell");
  EXPECT_EQ(desk.status("Machine", "a", "bootId"), "boot-1");
  // Deleted while its agent lives, it is proposed again.
  (void)desk.write(remove("Machine", "a"));
  EXPECT_TRUE(desk.object("Machine", "a").is_null());
  (void)desk.report(report_of("a", 2));
  EXPECT_FALSE(desk.object("Machine", "a").is_null());
}

TEST(Core, RefusedReportsChangeNothingAndAreCounted) {
  Desk desk;
  (void)desk.report(report_of("a"));
  const auto revision = desk.revision();
  auto second = report_of("a", 2), future = report_of("a", 2), old = report_of("a", 0);
  second.agent_id = "agent-2";
  second.boot_id = "boot-2";
  future.term = {9, 9};
  EXPECT_EQ(desk.report(second).rejection->code, 409);
  EXPECT_EQ(desk.report(future).rejection->code, 409);
  EXPECT_FALSE(desk.report(old).rejection) << "dropped without harm";
  EXPECT_EQ(desk.core().counters().reports_refused, 2);
  EXPECT_EQ(desk.core().counters().reports_stale, 1);
  EXPECT_EQ(desk.revision(), revision);
  EXPECT_EQ(desk.status("Machine", "a", "bootId"), "boot-1");
}

TEST(Core, ANewIdentityBeginsItsCountAnew) {
  Desk desk;
  auto first = report_of("a", 50);
  first.life = 9;
  (void)desk.report(first);
  desk.core().joined("a");
  auto fresh = report_of("a", 1);
  fresh.boot_id = "boot-2";
  fresh.agent_id = "agent-2";
  EXPECT_FALSE(desk.report(fresh).rejection);
  EXPECT_EQ(desk.core().counters().reports_stale, 0);
  EXPECT_EQ(desk.status("Machine", "a", "bootId"), "boot-2");
}

TEST(Core, ReportsInAnyOrderAndTwiceEndInTheSameState) {
  std::vector<api::Report> reports;
  for (int i = 1; i <= 5; ++i) {
    auto r = report_of("a", i);
    r.boot_id = "boot-" + std::to_string(i);
    r.facts.cores = i;
    reports.push_back(r);
  }
  std::vector<std::size_t> order{0, 1, 2, 3, 4};
  do {
    Desk desk;
    for (const auto i : order) {
      (void)desk.report(reports[i]);
      (void)desk.report(reports[(i + 1) % 5]);
    }
    ASSERT_EQ(desk.status("Machine", "a", "bootId"), "boot-5");
    ASSERT_EQ(desk.world().machines.find("a")->status.facts.cores, 5);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Core, AWaitThatOnlyAGroupEndsEndsWithIt) {
  Desk desk;
  (void)desk.report(report_of("a"));
  (void)desk.write({create(runtime_json()), create(model_json("m", R"({"minMemory":"1G"})")),
                    create(deployment_json("d", "m", R"({"machineGroup":"g"})"))});
  desk.pass(base::seconds(1));
  EXPECT_EQ(desk.status("ModelDeployment", "d"), "Pending");
  (void)desk.write(create(
      parsed(R"({"kind":"MachineGroup","metadata":{"name":"g"},"spec":{"members":["a"]}})")));
  desk.pass(base::Duration{100});
  EXPECT_EQ(desk.status("ModelDeployment", "d"), "Claimed");
}

TEST(Core, ManyQueuedRunsAreDecidedInTheirOwnNumber) {
  Desk desk;
  (void)desk.report(report_of("a"));
  (void)desk.write(create(bench_json()));
  std::vector<WriteOp> ops;
  for (int i = 0; i < 300; ++i)
    ops.push_back(create(run_json("r" + std::to_string(i), "m")));
  (void)desk.write(std::move(ops));
  desk.settle();
  EXPECT_LT(desk.core().counters().decisions, 2'000) << "not each of them for each of them";
}

}  // namespace
}  // namespace controller
