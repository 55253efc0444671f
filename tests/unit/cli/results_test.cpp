// SPDX-License-Identifier: Apache-2.0
#include "cli/results_table.hpp"

#include <gtest/gtest.h>
#include <algorithm>

namespace cli {
namespace {

using api::Outcome;
using api::Sample;

Sample sample(const std::string& task, const std::string& category, Outcome outcome,
              std::int64_t attempt = 1) {
  Sample out;
  out.task = task;
  out.category = category;
  out.outcome = outcome;
  out.attempt = attempt;
  return out;
}

Sample priced(Sample sample, std::int64_t in, std::int64_t out, double seconds) {
  sample.tokens_in = in;
  sample.tokens_out = out;
  sample.wall_seconds = seconds;
  return sample;
}

TEST(Tally, WhatCountsForATask) {
  struct Case {
    std::string name;
    std::vector<Outcome> outcomes;  // of attempts 1, 2, ...
    std::int64_t passed, failed, infra, again;
  };
  const auto pass = Outcome::pass;
  const auto fail = Outcome::fail;
  const auto error = Outcome::error;
  const Case cases[] = {
      {"a pass", {pass}, 1, 0, 0, 0},
      {"a fail", {fail}, 0, 1, 0, 0},
      {"an error alone", {error}, 0, 0, 1, 0},
      {"errors alone", {error, error, error}, 0, 0, 1, 0},
      {"an error, then a pass", {error, pass}, 1, 0, 0, 1},
      {"errors, then a fail", {error, error, fail}, 0, 1, 0, 1},
      {"the first score stays", {fail, pass}, 0, 1, 0, 0},
      {"an error after a score is nothing", {pass, error}, 1, 0, 0, 0},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    std::vector<Sample> samples;
    for (std::size_t i = 0; i < c.outcomes.size(); ++i)
      samples.push_back(sample("t", "x", c.outcomes[i], static_cast<std::int64_t>(i + 1)));
    // The order in which a store gives them must not matter.
    for (int turned = 0; turned < 2; ++turned) {
      const auto tallies = tally(samples);
      EXPECT_EQ(tallies.total.passed, c.passed);
      EXPECT_EQ(tallies.total.failed, c.failed);
      EXPECT_EQ(tallies.total.infra, c.infra);
      EXPECT_EQ(tallies.run_again, c.again);
      std::reverse(samples.begin(), samples.end());
    }
  }
}

TEST(Tally, OneAttemptMayHoldTheErrorAndTheScore) {
  const auto tallies = tally({sample("t", "x", Outcome::pass), sample("t", "x", Outcome::error)});
  EXPECT_EQ(tallies.total.passed, 1);
  EXPECT_EQ(tallies.run_again, 1);
}

TEST(Tally, TokensAreThoseOfWhatCounts) {
  const auto tallies = tally({priced(sample("t", "x", Outcome::error, 1), 5, 0, 1),
                              priced(sample("t", "x", Outcome::pass, 2), 100, 20, 2.5),
                              sample("u", "y", Outcome::fail)});
  ASSERT_EQ(tallies.categories.size(), 2U);
  EXPECT_EQ(tallies.categories[0].tokens_in, 100);
  EXPECT_EQ(tallies.categories[0].tokens_out, 20);
  EXPECT_EQ(tallies.categories[0].wall_seconds, 2.5);
  EXPECT_EQ(tallies.categories[1].tokens_in, std::nullopt);
  EXPECT_EQ(tallies.total.tokens_in, 100);
}

TEST(Wilson, HasTheKnownValues) {
  struct Case {
    std::int64_t passed, scored;
    double low, high;
  };
  // Newcombe 1998, table I, method 3.
  const Case cases[] = {{81, 263, 0.2553, 0.3662},
                        {15, 148, 0.0624, 0.1605},
                        {0, 20, 0.0000, 0.1611},
                        {1, 29, 0.0061, 0.1718},
                        {29, 29, 0.8830, 1.0000}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.passed);
    const auto [low, high] = wilson(c.passed, c.scored);
    EXPECT_NEAR(low, c.low, 5e-5);
    EXPECT_NEAR(high, c.high, 5e-5);
  }
}

RunResults results(std::vector<Sample> samples, const std::string& note = "") {
  return {*api::parse_json(R"({"metadata":{"name":"smoke"},
    "spec":{"bench":"bfcl-part","model":"smollm2"},
    "status":{"phase":"Succeeded","machine":"box1","attempt":2,
      "startedAt":"2026-01-01T00:00:00Z","finishedAt":"2026-01-01T00:03:20Z",
      "progress":{"total":24}}})"),
          note, tally(samples)};
}

const std::string kHead =
    "run/smoke  bench bfcl-part  model smollm2  machine box1  Succeeded  attempt 2  took 3m20s";

/// 14 right, 10 wrong, two of the right ones only after an error.
std::vector<Sample> demo_samples() {
  std::vector<Sample> out;
  for (int i = 0; i < 24; ++i) {
    const std::string category = i < 8 ? "simple" : i < 16 ? "multiple" : "irrelevance";
    const auto task = category + "_" + std::to_string(i);
    const bool again = i == 0 || i == 9;
    if (again) out.push_back(sample(task, category, Outcome::error, 1));
    out.push_back(
        priced(sample(task, category, i % 12 < 7 ? Outcome::pass : Outcome::fail, again ? 2 : 1),
               1000, 30, 4.5));
  }
  return out;
}

TEST(ResultsText, IsATableByCategoryWithoutOneScoreForAll) {
  EXPECT_EQ(results_text(results(demo_samples(), "a part of BFCL; no leaderboard figure")),
            kHead + R"(
CATEGORY     TASKS  PASSED  FAILED  INFRA   SCORE         95 %  TOKENS-IN  TOKENS-OUT   WALL
simple           8       7       1      0  87.5 %  52.9-97.8 %       8000         240  36.0s
multiple         8       4       4      0  50.0 %  21.5-78.5 %       8000         240  36.0s
irrelevance      8       3       5      0  37.5 %  13.7-69.4 %       8000         240  36.0s
total           24      14      10      0                           24000         720  1m48s
2 run again
note: a part of BFCL; no leaderboard figure
)");
}

TEST(ResultsText, AnErrorIsNoFailureAndNothingUnknownIsZero) {
  EXPECT_EQ(
      results_text(results({sample("a", "", Outcome::error), sample("b", "", Outcome::error)})),
      kHead + R"(
CATEGORY  TASKS  PASSED  FAILED  INFRA  SCORE  95 %  TOKENS-IN  TOKENS-OUT  WALL
all           2       0       0      2      -     -          -           -     -
2 without a score: infrastructure broke them, 22 not run yet
)");
}

TEST(ResultsText, SaysWhenThereIsNothingYet) {
  RunResults none;
  none.run =
      *api::parse_json(R"({"metadata":{"name":"x"},"status":{"phase":"Queued","attempt":0}})");
  EXPECT_EQ(results_text(none), "run/x  Queued\nno task has a result yet\n");
}

TEST(ResultsText, TextOfAHarnessCannotActOnTheTerminal) {
  auto odd = results({sample("a", "x\x1b[2J\ny", Outcome::pass)}, "n\x1b]0;t\x07ote");
  const auto text = results_text(odd);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("x y "), std::string::npos) << text;
  EXPECT_NE(text.find("note: note\n"), std::string::npos);
}

TEST(ResultsJson, HasScoresByCategoryAndNoneForAll) {
  const auto json = results_json(results(demo_samples()));
  const auto& categories = json.find("categories")->items();
  ASSERT_EQ(categories.size(), 3U);
  EXPECT_EQ(categories[0].text_at("category"), "simple");
  EXPECT_EQ(categories[0].find("score")->number(), 0.875);
  EXPECT_EQ(categories[0].find("ci95")->items().size(), 2U);
  EXPECT_EQ(json.find("total")->find("score"), nullptr);
  EXPECT_EQ(json.find("total")->integer_at("passed"), 14);
  EXPECT_EQ(json.integer_at("runAgain"), 2);
  EXPECT_EQ(json.integer_at("notRun"), 0);
  EXPECT_EQ(json.find("seconds")->number(), 200);
}

TEST(Samples, AreLinesOfJson) {
  const auto samples = read_samples(
      "{\"task\":\"a\",\"outcome\":\"pass\",\"category\":\"c\",\"tokensIn\":7,\"attempt\":1}\n\n"
      "{\"task\":\"b\",\"outcome\":\"error\",\"attempt\":2}");
  ASSERT_TRUE(samples);
  ASSERT_EQ(samples->size(), 2U);
  EXPECT_EQ((*samples)[0].outcome, Outcome::pass);
  EXPECT_EQ((*samples)[0].tokens_in, 7);
  EXPECT_EQ((*samples)[1].attempt, 2);
  EXPECT_FALSE(read_samples("{\"task\":\"a\"}\n{\"task"));
}

}  // namespace
}  // namespace cli
