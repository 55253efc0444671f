// SPDX-License-Identifier: Apache-2.0
#include "controller/core/picture.hpp"

#include "base/dice.hpp"
#include "reconcilers/assignment.hpp"
#include "tests/unit/controller/desk.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace controller {
namespace {

Row row_of(api::Json object, std::int64_t revision) {
  object["metadata"].set("uid", "uid-" + object["metadata"].text_at("name"));
  return {object.text_at("kind"), object["metadata"].text_at("name"),
          object["metadata"].text_at("uid"), revision, api::write_json(object)};
}

TEST(Picture, HoldsTheBytesForReadersAndTheDecodedWorldForDecisions) {
  Picture picture;
  const auto row = row_of(machine_json("a", R"({"drain":true})"), 7);
  picture.put(row);
  EXPECT_EQ(picture.revision, 7);
  EXPECT_EQ(picture.world.revision, 7);
  ASSERT_NE(picture.find("Machine", "a"), nullptr);
  EXPECT_EQ(*picture.find("Machine", "a")->bytes, row.bytes);
  EXPECT_EQ(picture.find("Machine", "a")->revision, 7);
  const auto* machine = picture.world.machines.find("a");
  ASSERT_NE(machine, nullptr);
  EXPECT_TRUE(machine->spec.drain);
  EXPECT_EQ(machine->revision, 7);
  EXPECT_EQ(machine->metadata.uid, "uid-a");
  EXPECT_EQ(picture.object("Machine", "a").text_at("kind"), "Machine");
  EXPECT_TRUE(picture.object("Machine", "z").is_null());
  EXPECT_EQ(picture.find("Nothing", "a"), nullptr);
}

TEST(Picture, ACopyIsASavePoint) {
  Picture picture;
  picture.put(row_of(machine_json("a"), 1));
  const Picture before = picture;
  picture.put(row_of(machine_json("b"), 2));
  picture.remove("Machine", "a");
  EXPECT_EQ(picture.world.machines.find("a"), nullptr);
  EXPECT_NE(before.world.machines.find("a"), nullptr);
  EXPECT_EQ(before.world.machines.find("b"), nullptr);
  EXPECT_EQ(before.revision, 1);
}

TEST(Picture, EveryKindThatDecisionsNeedIsDecoded) {
  Picture picture;
  std::int64_t revision = 0;
  for (const auto& object : {machine_json("x"), runtime_json("x"), model_json("x"), bench_json("x"),
                             deployment_json("x", "m"), run_json("x", "m")})
    picture.put(row_of(object, ++revision));
  picture.put(row_of(parsed(R"({"kind":"MachineGroup","metadata":{"name":"x"},
                                "spec":{"members":["a"]}})"),
                     ++revision));
  picture.put(row_of(parsed(R"({"kind":"Claim","metadata":{"name":"x"},
                                "spec":{"deployment":"d","uid":"u"}})"),
                     ++revision));
  picture.put(
      row_of(parsed(R"({"kind":"Event","metadata":{"name":"x"},"type":"Normal"})"), ++revision));
  const auto sizes = [&] {
    const auto& w = picture.world;
    return std::vector<std::size_t>{w.machines.size(), w.groups.size(),      w.runtimes.size(),
                                    w.models.size(),   w.deployments.size(), w.benches.size(),
                                    w.runs.size(),     w.claims.size()};
  };
  EXPECT_EQ(sizes(), std::vector<std::size_t>(8, 1));
  EXPECT_EQ(picture.world.claims.find("x")->spec.uid, "u");
  for (const auto* kind : {"Machine", "MachineGroup", "Runtime", "Model", "ModelDeployment",
                           "Bench", "BenchRun", "Claim", "Event"})
    picture.remove(kind, "x");
  EXPECT_EQ(sizes(), std::vector<std::size_t>(8, 0));
}

/// One sample of run "u", as it is stored.
struct Told {
  std::string task;
  std::int64_t attempt = 1;
  api::Outcome outcome = api::Outcome::pass;
};
SampleRow row_of(const Told& t) {
  return {"u", t.task, t.attempt, api::is_scored(t.outcome), {}};
}
api::Json body_of(const Told& t) {
  return api::Json::object({{"outcome", api::kOutcomes[static_cast<std::size_t>(t.outcome)]},
                            {"score", t.outcome == api::Outcome::pass ? 1.0 : 0.0},
                            {"tokensIn", 10},
                            {"tokensOut", 2},
                            {"wallSeconds", 0.5},
                            {"failure", t.outcome == api::Outcome::fail ? "wrongArguments" : ""}});
}

constexpr auto kPass = api::Outcome::pass;
constexpr auto kFail = api::Outcome::fail;
constexpr auto kError = api::Outcome::error;

struct Kept {
  SampleBook book;
  reconcilers::World world;
  void add(const Told& t) { book.add(row_of(t), body_of(t), world); }
  const reconcilers::Tally& tally() { return world.tallies["u"]; }
};

TEST(SampleBook, WhatCountsForATaskIsItsFirstScoredOutcome) {
  struct Case {
    const char* name;
    std::vector<Told> samples;
    std::int64_t passed, failed, errored, attempt_errors;
  };
  const Case cases[] = {
      {"nothing", {}, 0, 0, 0, 0},
      {"a pass", {{"t", 1, kPass}}, 1, 0, 0, 0},
      {"a fail", {{"t", 1, kFail}}, 0, 1, 0, 0},
      {"an error", {{"t", 1, kError}}, 0, 0, 1, 1},
      {"the same twice", {{"t", 1, kPass}, {"t", 1, kPass}}, 1, 0, 0, 0},
      {"the same error twice", {{"t", 1, kError}, {"t", 1, kError}}, 0, 0, 1, 1},
      {"two scored in one attempt: the first", {{"t", 1, kFail}, {"t", 1, kPass}}, 0, 1, 0, 0},
      {"two scored in two attempts: the first", {{"t", 1, kFail}, {"t", 2, kPass}}, 0, 1, 0, 0},
      {"an error, then scored in the same attempt",
       {{"t", 1, kError}, {"t", 1, kPass}},
       1,
       0,
       0,
       0},
      {"an error, then scored by the next attempt",
       {{"t", 1, kError}, {"t", 2, kFail}},
       0,
       1,
       0,
       0},
      {"scored, then an error", {{"t", 1, kPass}, {"t", 1, kError}}, 1, 0, 0, 0},
      {"scored, then an error of the next attempt",
       {{"t", 1, kPass}, {"t", 2, kError}},
       1,
       0,
       0,
       0},
      {"an error in each of two attempts", {{"t", 1, kError}, {"t", 2, kError}}, 0, 0, 1, 1},
      {"two tasks broke, one of them again",
       {{"t", 1, kError}, {"s", 1, kError}, {"t", 2, kError}},
       0,
       0,
       2,
       1},
      {"an error of an earlier attempt comes late",
       {{"t", 2, kError}, {"s", 1, kError}},
       0,
       0,
       2,
       1},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    Kept kept;
    for (const auto& t : c.samples)
      kept.add(t);
    EXPECT_EQ(kept.tally().passed, c.passed);
    EXPECT_EQ(kept.tally().failed, c.failed);
    EXPECT_EQ(kept.tally().errored, c.errored);
    EXPECT_EQ(kept.tally().attempt_errors, c.attempt_errors);
    EXPECT_EQ(kept.tally().tokens_in, 10 * (c.passed + c.failed)) << "only what counts is summed";
    EXPECT_EQ(kept.tally().tokens_out, 2 * (c.passed + c.failed));
    EXPECT_DOUBLE_EQ(kept.tally().wall_seconds, 0.5 * static_cast<double>(c.passed + c.failed));
    const auto wrong = kept.tally().failures.find("wrongArguments");
    EXPECT_EQ(wrong == kept.tally().failures.end() ? 0 : wrong->second, c.failed);
  }
}

TEST(SampleBook, ARepeatedSampleIsKnownByItsKey) {
  Kept kept;
  const auto fresh = SampleBook::Verdict::fresh, repeated = SampleBook::Verdict::repeated;
  EXPECT_EQ(kept.book.look(row_of(Told{"t", 1, kError})), fresh);
  kept.add({"t", 1, kError});
  EXPECT_EQ(kept.book.look(row_of(Told{"t", 1, kError})), repeated);
  EXPECT_EQ(kept.book.look(row_of(Told{"t", 1, kPass})), fresh);
  EXPECT_EQ(kept.book.look(row_of(Told{"t", 2, kError})), fresh);
  EXPECT_EQ(kept.book.look(row_of(Told{"s", 1, kError})), fresh);
  kept.add({"t", 1, kFail});
  EXPECT_EQ(kept.book.look(row_of(Told{"t", 1, kPass})), repeated) << "a scored one is one row";
}

// All subsets of ten tasks as the scored ones, each told in some order, twice, with errors between:
// the next attempt gets exactly these, sorted, and nothing else.
TEST(SampleBook, AnAttemptIsToldExactlyWhatIsScored) {
  base::Dice dice(3);
  for (unsigned subset = 0; subset < 1024; ++subset) {
    SCOPED_TRACE(subset);
    std::vector<Told> told;
    std::vector<std::string> expected;
    for (unsigned i = 0; i < 10; ++i) {
      const auto task = "t" + std::to_string(i);
      const bool scored = (subset >> i & 1U) != 0;
      if (scored) expected.push_back(task);
      for (int n = 0; n < 2; ++n) {
        if (scored) told.push_back({task, 1, dice.one_in(2) ? kPass : kFail});
        told.push_back({task, 1, kError});
      }
    }
    for (std::size_t i = told.size(); i > 1; --i)
      std::swap(told[i - 1], told[static_cast<std::size_t>(dice.upto(static_cast<int>(i)))]);
    Kept kept;
    for (const auto& t : told)
      kept.add(t);
    ASSERT_EQ(kept.world.scored["u"], expected);
    ASSERT_EQ(kept.tally().scored(), static_cast<std::int64_t>(expected.size()));
    ASSERT_EQ(kept.tally().errored, 10 - kept.tally().scored());
    ASSERT_EQ(kept.tally().attempt_errors, kept.tally().errored);
  }
}

}  // namespace
}  // namespace controller
