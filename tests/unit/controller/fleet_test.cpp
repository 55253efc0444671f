// SPDX-License-Identifier: Apache-2.0
#include "controller/core/fleet.hpp"

#include "tests/support/world.hpp"
#include "tests/unit/controller/book.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace controller {
namespace {

using namespace support;  // NOLINT: the words that build worlds

/// A report that carries on from the last one of the world's "a".
api::Report next_report(const reconcilers::World& world) {
  auto report = *world.contacts.at("a").report;
  report.agent_id = "agent-1";
  ++report.sequence;
  return report;
}
reconcilers::World known() {
  auto world = bound(with(lab({machine("a"), machine("b")}), run("r", "m1")), "r", "d", "a", 2);
  auto& last = *world.contacts.at("a").report;
  last.agent_id = "agent-1";
  last.life = 3;
  last.sequence = 10;
  world.revision = 7;
  return world;
}
template <class Edit>
std::string verdict(Edit edit) {
  const auto world = known();
  auto report = next_report(world);
  edit(report);
  const auto v = judge_report(world, "a", report);
  if (v.rejection)
    return std::to_string(v.rejection->code) + " " + v.rejection->reason + ": " +
           v.rejection->message;
  return v.order == ReportVerdict::Order::fresh ? "fresh" : "stale";
}
api::RunSeen sight(const char* uid, std::int64_t attempt) {
  api::RunSeen seen;
  seen.uid = uid;
  seen.attempt = attempt;
  return seen;
}

api::ProcessSeen served(api::Epoch epoch) {
  api::ProcessSeen seen;
  seen.deployment = "d";
  seen.epoch = epoch;
  return seen;
}

TEST(Reports, AreHeldAgainstWhatIsKnown) {
  struct Case {
    const char* name;
    std::function<void(api::Report&)> edit;
    std::string verdict;
  };
  const char* second =
      "409 Conflict: a second agent with the identity of machine \"a\" reports: stop one of them, "
      "and give it an identity of its own";
  const Case cases[] = {
      {"the next one", [](auto&) {}, "fresh"},
      {"the next life begins at one", [](auto& r) { r.life = 4, r.sequence = 1, r.agent_id = "x"; },
       "fresh"},
      {"the same again", [](auto& r) { r.sequence = 10; }, "stale"},
      {"an older one", [](auto& r) { r.sequence = 9; }, "stale"},
      {"of an earlier life, which a restart ended",
       [](auto& r) { r.life = 2, r.sequence = 99, r.agent_id = "x"; }, second},
      {"a second agent of the same life", [](auto& r) { r.agent_id = "agent-2"; }, second},
      {"of another machine", [](auto& r) { r.machine = "b"; },
       "403 Forbidden: the report is of machine \"b\", the certificate of \"a\""},
      {"a future start",
       [](auto& r) {
         r.term = {1, 2};
       },
       "409 Conflict: the report obeys a later term (1.2) than this controller's: an older copy of "
       "the store is running"},
      {"a future incarnation",
       [](auto& r) {
         r.term = {2, 0};
       },
       "409 Conflict: the report obeys a later term (2.0) than this controller's: an older copy of "
       "the store is running"},
      {"an earlier term",
       [](auto& r) {
         r.term = {1, 0};
       },
       "fresh"},
      {"a claim of now",
       [](auto& r) {
         r.processes = {served({{1, 1}, 7})};
       },
       "fresh"},
      {"a claim of an earlier store",
       [](auto& r) {
         r.processes = {served({{0, 9}, 99})};
       },
       "fresh"},
      {"a claim of the future",
       [](auto& r) {
         r.processes = {served({{1, 1}, 8})};
       },
       "409 Conflict: the claim (1.1.8) under which modeldeployment \"d\" runs was never given "
       "out"},
      {"its own run", [](auto& r) { r.runs = {sight("uid-r", 2)}; }, "fresh"},
      {"an older attempt of it", [](auto& r) { r.runs = {sight("uid-r", 1)}; }, "fresh"},
      {"a future attempt", [](auto& r) { r.runs = {sight("uid-r", 3)}; },
       "409 Conflict: attempt 3 of benchrun \"r\" was never given out (the latest is 2)"},
      {"a run that nobody knows any more", [](auto& r) { r.runs = {sight("gone", 9)}; }, "fresh"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(verdict(c.edit), c.verdict);
  }
  auto elsewhere = known();
  auto report = next_report(elsewhere);
  report.machine = "b";
  report.runs = {sight("uid-r", 1)};
  EXPECT_EQ(judge_report(elsewhere, "b", report).rejection->message,
            "benchrun \"r\" is bound to machine \"a\", not to \"b\"");
}

TEST(Reports, NewsIsWhatDecisionsDependOn) {
  const auto world = known();
  const auto& contact = world.contacts.at("a");
  const auto tells = [&](auto edit) {
    auto report = next_report(world);
    edit(report);
    return tells_news(&contact, report);
  };
  EXPECT_FALSE(tells([](auto&) {})) << "a beat";
  EXPECT_FALSE(tells([](auto& r) { r.at = {kNow.wall}; }));
  EXPECT_FALSE(tells([](auto& r) { r.live = {{"uid-r", 1}}; })) << "told apart";
  EXPECT_TRUE(tells([](auto& r) { r.revision = 1; }));
  EXPECT_TRUE(tells([](auto& r) { r.term = {1, 0}; }));
  EXPECT_TRUE(tells([](auto& r) { r.boot_id = "b2"; }));
  EXPECT_TRUE(tells([](auto& r) { r.agent_version = "2"; }));
  EXPECT_TRUE(tells([](auto& r) { r.processes.emplace_back(); }));
  EXPECT_TRUE(tells([](auto& r) { r.runs = {sight("uid-r", 2)}; }));
  EXPECT_TRUE(tells([](auto& r) { r.facts.cores = 9; }));
  EXPECT_TRUE(tells_news(nullptr, next_report(world)));
  const reconcilers::Contact unheard{kNow.steady, std::nullopt};
  EXPECT_TRUE(tells_news(&unheard, next_report(world)));
}

TEST(Reports, AJoinedAgentProposesItsMachine) {
  struct Case {
    const char* name;
    api::Facts facts;
    std::string machine_class, memory;
  };
  api::Facts plain, pro, spark, mac;
  plain.memory_bytes = 10LL << 30;
  pro.memory_bytes = 64LL << 30;
  pro.gpus = {{"NVIDIA RTX PRO 6000 Blackwell", "u1", 48LL << 30},
              {"NVIDIA RTX PRO 6000 Blackwell", "u2", 48LL << 30}};
  spark.gpus = {{"NVIDIA GB10", "u", 0}};
  spark.memory_bytes = 128LL << 30;
  mac.os = "darwin";
  mac.memory_bytes = 5LL << 20;
  const Case cases[] = {{"80 % of main memory", plain, "", "8192Mi"},
                        {"the sum of VRAM", pro, "pro6000", "98304Mi"},
                        {"a GPU without memory of its own", spark, "dgx-spark", "104857Mi"},
                        {"a Mac", mac, "mac-mlx", "4Mi"}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    Book book;
    propose_machine(book.draft, "a", c.facts, {{"rig", "dell"}}, book.uids, kWall);
    const auto* machine = book.draft.picture().world.machines.find("a");
    ASSERT_NE(machine, nullptr);
    EXPECT_EQ(machine->spec.machine_class, c.machine_class);
    EXPECT_EQ(machine->spec.memory.text, c.memory);
    EXPECT_EQ(machine->spec.roles.size(), 2u);
    EXPECT_EQ(machine->spec.bench_slots, 1);
    EXPECT_EQ(machine->metadata.labels, (std::map<std::string, std::string>{{"rig", "dell"}}));
    EXPECT_EQ(book.draft.round().changes.at(0).who, "agent");
    const auto revision = book.revision();
    propose_machine(book.draft, "a", {}, {}, book.uids, kWall);
    EXPECT_EQ(book.revision(), revision) << "what is there is people's";
  }
}

api::Sample sample(const std::string& task, api::Outcome outcome = api::Outcome::pass,
                   std::int64_t attempt = 2) {
  api::Sample s;
  s.run = "uid-r";
  s.task = task;
  s.attempt = attempt;
  s.outcome = outcome;
  s.score = outcome == api::Outcome::pass ? 1 : 0;
  return s;
}
template <class Edit>
api::Sample odd(Edit edit) {
  auto s = sample("t1");
  edit(s);
  return s;
}

TEST(Samples, AreHeldAgainstTheirRun) {
  const auto nan = std::nan("");
  const auto infinite = HUGE_VAL;
  struct Case {
    const char* name;
    api::Sample sample;
    int code;  // 0: accepted
  };
  const Case cases[] = {
      {"scored", sample("t1"), 0},
      {"an error", sample("t4", api::Outcome::error), 0},
      {"of an earlier attempt", sample("t1", api::Outcome::fail, 1), 0},
      {"of a future attempt", sample("t1", api::Outcome::pass, 3), 409},
      {"of no attempt", sample("t1", api::Outcome::pass, 0), 409},
      {"an unknown task", sample("t5"), 422},
      {"a task id without end", sample(std::string(201, 'x')), 422},
      {"of another run", odd([](auto& s) { s.run = "uid-x"; }), 422},
      {"a score that is none", odd([&](auto& s) { s.score = nan; }), 422},
      {"a score above one", odd([](auto& s) { s.score = 1.5; }), 422},
      {"a score below zero", odd([](auto& s) { s.score = -0.1; }), 422},
      {"a time without end", odd([&](auto& s) { s.wall_seconds = infinite; }), 422},
      {"a negative time", odd([](auto& s) { s.ttft_ms = -1; }), 422},
      {"negative tokens", odd([](auto& s) { s.tokens_out = -1; }), 422},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    std::vector<SampleRow> fresh;
    const auto no = judge_samples(known(), {}, "a", "uid-r", {sample("t2"), c.sample}, fresh);
    EXPECT_EQ(no ? no->code : 0, c.code);
    EXPECT_TRUE(no || fresh.size() == 2u);
  }
  std::vector<SampleRow> fresh;
  EXPECT_EQ(judge_samples(known(), {}, "b", "uid-r", {sample("t1")}, fresh)->code, 403);
  EXPECT_EQ(judge_samples(known(), {}, "a", "uid-x", {sample("t1")}, fresh)->code, 404);
  EXPECT_TRUE(fresh.empty());
}

TEST(Samples, AnyTaskCountsWhereNobodyKnowsTheTasks) {
  auto world = changed(known(), &reconcilers::World::benches, "b", [](auto& b) {
    b.spec.tasks.list.clear();
    b.spec.tasks.count = 4;
  });
  std::vector<SampleRow> fresh;
  EXPECT_FALSE(judge_samples(world, {}, "a", "uid-r", {sample("anything")}, fresh));
  world = changed(std::move(world), &reconcilers::World::runs, "r",
                  [](auto& r) { r.spec.tasks = {"t2"}; });
  EXPECT_FALSE(judge_samples(world, {}, "a", "uid-r", {sample("t2")}, fresh));
  EXPECT_TRUE(judge_samples(world, {}, "a", "uid-r", {sample("t1")}, fresh)) << "not its subset";
}

TEST(Samples, WhatIsKnownIsAcceptedOnceMoreAndWhatCameTooLateIsRefused) {
  SampleBook book;
  reconcilers::World counted;
  book.add({"uid-r", "t1", 2, true, {}}, parsed(R"({"outcome":"pass"})"), counted);
  std::vector<SampleRow> fresh;
  EXPECT_FALSE(judge_samples(known(), book, "a", "uid-r", {sample("t1"), sample("t2")}, fresh));
  ASSERT_EQ(fresh.size(), 1u);
  EXPECT_EQ(fresh[0].task, "t2");
  const auto done = changed(known(), &reconcilers::World::runs, "r",
                            [](auto& r) { r.status.phase = api::RunState::succeeded; });
  fresh.clear();
  EXPECT_FALSE(judge_samples(done, book, "a", "uid-r", {sample("t1")}, fresh)) << "it is stored";
  const auto late = judge_samples(done, book, "a", "uid-r", {sample("t1"), sample("t3")}, fresh);
  ASSERT_TRUE(late) << "to say yes would be to say that it is stored";
  EXPECT_EQ(late->code, 409);
  EXPECT_NE(late->message.find("task \"t3\" came too late"), std::string::npos) << late->message;
  EXPECT_TRUE(fresh.empty()) << "results are final";
}

TEST(Samples, WhatAHarnessWroteIsCutAndCleaned) {
  auto s = sample("t1", api::Outcome::fail);
  s.message = std::string(5'000, 'x') + '\0' + "\xff";
  std::vector<SampleRow> fresh;
  ASSERT_FALSE(judge_samples(known(), {}, "a", "uid-r", {s}, fresh));
  const auto body = parsed(fresh.at(0).bytes);
  EXPECT_LE(body.text_at("message").size(), 1'024u + 3u);
  EXPECT_EQ(fresh[0].scored, true);
  EXPECT_EQ(fresh[0].attempt, 2);
}

}  // namespace
}  // namespace controller
