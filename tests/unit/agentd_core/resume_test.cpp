// SPDX-License-Identifier: Apache-2.0
#include "agentd/core/resume.hpp"

#include "agentd/core/settings.hpp"

#include <gtest/gtest.h>

namespace agentd {
namespace {

constexpr base::Instant kBegan{1'000'000};
constexpr base::Instant kNow{1'060'000};

api::RunWanted wanted(std::vector<std::string> tasks) {
  api::RunWanted w;
  w.name = "r";
  w.uid = "u";
  w.attempt = 2;
  w.steps = {{"generate", {"h", "$(run.dir)/out", "--model", "$(model.name)", "$$(x)"}},
             {"evaluate", {"e"}}};
  w.model_name = "m";
  w.tasks.list = std::move(tasks);
  w.parser.command = {"p"};
  return w;
}

api::Sample sample(const std::string& task, api::Outcome outcome, std::int64_t attempt = 0,
                   base::Instant finished = {}) {
  api::Sample s;
  s.task = task;
  s.outcome = outcome;
  s.attempt = attempt;
  s.finished = {finished};
  return s;
}

std::string names(const std::vector<api::Sample>& samples) {
  std::string text;
  for (const auto& s : samples)
    text += s.task + (api::is_scored(s.outcome) ? "+" : "!") + std::to_string(s.attempt) + " ";
  return text;
}

constexpr auto kPass = api::Outcome::pass;
constexpr auto kFail = api::Outcome::fail;
constexpr auto kError = api::Outcome::error;

TEST(Resume, RunsExactlyWhatIsNotScoredForEverySubsetOfTenTasks) {
  const std::vector<std::string> all{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
  const auto w = wanted(all);
  for (unsigned mask = 0; mask < 1024; ++mask) {
    std::set<std::string> scored;
    std::vector<std::string> left;
    for (unsigned i = 0; i < 10; ++i) {
      if ((mask >> i & 1U) != 0)
        scored.insert(all[i]);
      else
        left.push_back(all[i]);
    }
    const auto remaining = remaining_tasks(w, scored);
    ASSERT_EQ(remaining.tasks, left);
    ASSERT_EQ(remaining.work, left.empty() ? Remaining::Work::nothing : Remaining::Work::some);
  }
}

TEST(Resume, ASubsetOfARunIsAllThatItHas) {
  auto w = wanted({"a", "b", "c"});
  w.subset = {"b"};
  EXPECT_EQ(remaining_tasks(w, {"a", "c"}).tasks, std::vector<std::string>{"b"});
  EXPECT_EQ(remaining_tasks(w, {"b"}).work, Remaining::Work::nothing);
}

TEST(Resume, ACountAloneIsNothingLeftOnlyWhenThatManyAreScored) {
  auto w = wanted({});
  w.tasks.count = 2;
  EXPECT_EQ(remaining_tasks(w, {"x"}).work, Remaining::Work::unknown);
  EXPECT_EQ(remaining_tasks(w, {"x", "y"}).work, Remaining::Work::nothing);
  w.tasks.count = 0;
  EXPECT_EQ(remaining_tasks(w, {"x", "y"}).work, Remaining::Work::unknown);
}

TEST(Resume, AStepIsExpandedInsideEachArgument) {
  const auto command = step_command(wanted({"a"}), 0, {}, "/runs/r");
  ASSERT_TRUE(command);
  EXPECT_EQ(*command, (std::vector<std::string>{"h", "/runs/r/out", "--model", "m", "$(x)"}));
}

TEST(Resume, AFlagTakesTheCompletedOrTheRemainingIdsOnTheFirstStepOnly) {
  auto w = wanted({"a", "b", "c"});
  w.resume.mode = api::ResumeMode::task_filter;
  w.resume.flag = "--skip";
  const auto last_two = [&](const std::set<std::string>& scored, std::size_t step) {
    const auto c = step_command(w, step, scored, "/r");
    return (*c)[c->size() - 2] + " " + c->back();
  };
  EXPECT_EQ(last_two({"a", "c"}, 0), "--skip a,c");
  w.resume.tasks = api::FilterTasks::remaining;
  w.resume.flag = "--only";
  EXPECT_EQ(last_two({"a", "c"}, 0), "--only b");
  EXPECT_EQ(step_command(w, 1, {"a"}, "/r")->size(), 1U) << "the second step evaluates everything";
}

TEST(Resume, NothingCompletedLeavesTheFlagOut) {
  auto w = wanted({"a"});
  w.resume.mode = api::ResumeMode::task_filter;
  w.resume.flag = "--skip";
  EXPECT_EQ(step_command(w, 0, {}, "/r")->size(), 5U) << "an empty filter could mean everything";
}

TEST(Resume, IdsThatFitNoArgumentAreRefused) {
  auto w = wanted({});
  w.resume.mode = api::ResumeMode::task_filter;
  w.resume.flag = "--skip";
  std::set<std::string> many;
  for (int i = 0; i < 20'000; ++i)
    many.insert("task-" + std::to_string(i));
  const auto command = step_command(w, 0, many, "/r");
  ASSERT_FALSE(command);
  EXPECT_EQ(command.error().code, base::Code::invalid);
}

TEST(FreshSamples, CountOnceAndErrorsOnlyOfThisAttempt) {
  struct Case {
    const char* name;
    std::vector<api::Sample> printed, earlier;
    const char* fresh;
  };
  const Case cases[] = {
      {"the first scored outcome", {sample("a", kPass), sample("a", kFail)}, {}, "a+2 "},
      {"one that is on disk is not new", {sample("a", kPass)}, {sample("a", kFail, 1)}, ""},
      {"an error is recorded", {sample("a", kError)}, {}, "a!2 "},
      {"an error once an attempt",
       {sample("a", kError), sample("a", kError)},
       {sample("a", kError, 2)},
       ""},
      {"an error of an earlier attempt is printed again",
       {sample("a", kError)},
       {sample("a", kError, 1)},
       ""},
      {"a second error line is this attempt's",
       {sample("a", kError), sample("a", kError)},
       {sample("a", kError, 1)},
       "a!2 "},
      {"dated before this attempt", {sample("a", kError, 0, {kBegan.ms - 1})}, {}, ""},
      {"dated in this attempt", {sample("a", kError, 0, kBegan)}, {sample("a", kError, 1)}, "a!2 "},
      {"an error behind which a scored line follows",
       {sample("a", kError), sample("a", kPass)},
       {},
       "a+2 "},
      {"an error after a scored one", {sample("a", kError)}, {sample("a", kPass, 1)}, ""},
      {"a task that the run does not have", {sample("z", kPass)}, {}, ""},
      {"an error, then scored by the next attempt",
       {sample("a", kPass)},
       {sample("a", kError, 1)},
       "a+2 "},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto fresh = fresh_samples(c.printed, c.earlier, wanted({"a", "b"}), kBegan, kNow);
    EXPECT_EQ(names(fresh), c.fresh);
    for (const auto& s : fresh) {
      EXPECT_EQ(s.run, "u");
      EXPECT_TRUE(s.finished.set());
    }
  }
}

TEST(FreshSamples, WhatTheStoreKnowsAsScoredIsNotNew) {
  auto w = wanted({"a", "b"});
  w.completed = {"a"};
  EXPECT_EQ(names(fresh_samples({sample("a", kPass), sample("b", kPass)}, {}, w, kBegan, kNow)),
            "b+2 ");
}

TEST(FreshSamples, ABuiltinParsersErrorsAreAlwaysThisAttempts) {
  auto w = wanted({"a"});
  w.parser = {"bfcl", {}};
  EXPECT_EQ(names(fresh_samples({sample("a", kError)}, {sample("a", kError, 1)}, w, kBegan, kNow)),
            "a!2 ");
}

TEST(Backoff, TheFirstAtOnceThenDoublingToFiveMinutes) {
  const std::vector<std::int64_t> seconds{0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
  for (std::size_t n = 0; n < seconds.size(); ++n)
    EXPECT_EQ(restart_delay(static_cast<int>(n)), base::seconds(seconds[n])) << n;
}

}  // namespace
}  // namespace agentd
