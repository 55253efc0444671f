// SPDX-License-Identifier: Apache-2.0
#include "tests/support/world.hpp"

#include <gtest/gtest.h>

namespace reconcilers::world_test {
namespace {

using namespace support;  // NOLINT: the words that build worlds

TEST(World, LivenessIsAMatterOfTheSteadyClock) {
  const auto world = lab({machine("a")});
  const auto at = [&](base::Moment now) { return liveness_of(world, "a", kPolicy, now); };
  EXPECT_EQ(at(kNow), Liveness::alive);
  EXPECT_EQ(at(after(base::Duration{89'999})), Liveness::alive);
  EXPECT_EQ(at(after(base::seconds(90))), Liveness::silent);
  EXPECT_EQ(at({kNow.steady, kNow.wall + base::hours(24 * 400)}), Liveness::alive)
      << "a wall clock that jumps makes nobody silent";
  EXPECT_EQ(liveness_of(world, "z", kPolicy, kNow), Liveness::never_heard);
  EXPECT_EQ(liveness_of(unheard(world, "a"), "a", kPolicy, kNow), Liveness::never_heard);
  EXPECT_EQ(liveness_of(unheard(world, "a"), "a", kPolicy, after(base::seconds(90))),
            Liveness::silent);
}

TEST(World, LostIsSilentOrNeitherThereNorHeard) {
  const auto world = lab({machine("a")});
  EXPECT_FALSE(is_lost(world, "a", kPolicy, kNow));
  EXPECT_TRUE(is_lost(silent(world, "a"), "a", kPolicy, kNow));
  EXPECT_FALSE(is_lost(unheard(world, "a"), "a", kPolicy, kNow));
  EXPECT_FALSE(is_lost(with(world, machine("z")), "z", kPolicy, kNow)) << "it may still join";
  EXPECT_TRUE(is_lost(world, "z", kPolicy, kNow));
}

TEST(World, ACaughtUpAgentKnowsTheRevisionOfThisController) {
  auto world = lab({machine("a")});
  auto& report = *world.contacts.at("a").report;
  EXPECT_TRUE(has_caught_up(world, "a", kRevision));
  EXPECT_FALSE(has_caught_up(world, "a", kRevision + 1));
  EXPECT_FALSE(has_caught_up(world, "z", 0));
  EXPECT_FALSE(has_caught_up(unheard(world, "a"), "a", 0));
  for (const auto& other : {api::Term{1, 0}, api::Term{0, 9}, api::Term{1, 2}}) {
    report.term = other;
    EXPECT_FALSE(has_caught_up(world, "a", kRevision));
  }
}

TEST(World, TheClaimOfADeploymentIsTheOneThatCounts) {
  const auto d = deployment("d", "m1");
  const auto held = holding(lab({machine("a")}), "d", "a");
  EXPECT_EQ(claim_of(held, d)->name(), "a");
  EXPECT_EQ(claim_of(abandoned(held, "a"), d), nullptr);
  EXPECT_EQ(claim_of(released(held, "a"), d), nullptr);
  EXPECT_TRUE(has_claim(released(held, "a"), "uid-d"));
  EXPECT_FALSE(has_claim(held, "uid-e"));
}

TEST(World, WantedIsHotNotDeletedAndNotOverItsTime) {
  const auto d = deployment("d", "m1");
  EXPECT_TRUE(is_wanted(d));
  EXPECT_FALSE(is_wanted(deleted(d)));
  for (const auto state : {api::Want::stopped, api::Want::present})
    EXPECT_FALSE(is_wanted(edited(d, [&](auto& o) { o.spec.state = state; })));
  const auto over = edited(d, [](auto& o) {
    o.status.conditions = {{"MaxHotOver", "True", "", "", {}, 1}};
  });
  EXPECT_FALSE(is_wanted(over));
  EXPECT_TRUE(is_asked_hot(over));
  EXPECT_TRUE(is_wanted(edited(over, [](auto& o) { o.metadata.generation = 2; })));
}

TEST(World, ARunHoldsItsServerUnlessSomebodyEndsIt) {
  const auto world = bound(with(lab({machine("a")}), run("r", "m1")), "r", "d", "a");
  const auto with_run = [&](auto edit) {
    return is_inside_run(changed(world, &World::runs, "r", edit), "uid-d");
  };
  EXPECT_TRUE(is_inside_run(world, "uid-d"));
  EXPECT_FALSE(is_inside_run(world, "uid-e"));
  EXPECT_FALSE(with_run([](auto& r) { r.spec.cancel = true; }));
  EXPECT_FALSE(with_run([](auto& r) { r = deleted(r); }));
  EXPECT_FALSE(with_run([](auto& r) { r.status.phase = api::RunState::needs_retry; }));
}

TEST(World, AnAttemptIsTheOneThatWasGivenOut) {
  auto world = bound(with(lab({machine("a")}), run("r", "m1")), "r", "d", "a", 2);
  EXPECT_EQ(attempt_of(world, *world.runs.find("r")), nullptr);
  world = seen(std::move(world), "r", api::RunPhase::running);
  ASSERT_NE(attempt_of(world, *world.runs.find("r")), nullptr);
  world.contacts.at("a").report->runs[0].attempt = 1;
  EXPECT_EQ(attempt_of(world, *world.runs.find("r")), nullptr) << "an older attempt is no news";
}

TEST(World, TasksAreCountedFromWhatIsKnown) {
  auto world = lab({});
  auto r = run("r", "m1");
  EXPECT_EQ(task_count(world, r), 4);
  r.spec.tasks = {"t1"};
  EXPECT_EQ(task_count(world, r), 1);
  r.spec.tasks.clear();
  world = changed(std::move(world), &World::benches, "b", [](auto& b) {
    b.spec.tasks.list.clear();
    b.spec.tasks.count = 100;
  });
  EXPECT_EQ(task_count(world, r), 100);
  r.spec.bench = "gone";
  EXPECT_EQ(task_count(world, r), 0);
}

}  // namespace
}  // namespace reconcilers::world_test
