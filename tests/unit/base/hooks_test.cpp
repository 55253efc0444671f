// SPDX-License-Identifier: Apache-2.0
#include "base/hooks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <string>

#ifdef ORCH_TEST_HOOKS
namespace base {
namespace {

TEST(Hooks, AMutantIsOffUntilItIsTurnedOn) {
  EXPECT_FALSE(ORCH_MUTANT("unit-test"));
  set_mutant("unit-test");
  EXPECT_TRUE(ORCH_MUTANT("unit-test"));
  EXPECT_FALSE(ORCH_MUTANT("unit-tes"));
  set_mutant(nullptr);
}

TEST(Hooks, BuggifyWakesAQuarterOfTheSitesAndFollowsItsSeed) {
  const auto fired = [](std::uint64_t seed) {
    set_buggify(seed);
    std::string out;
    for (int site = 0; site < 200; ++site)
      for (int k = 0; k < 8; ++k)
        out += buggify(("site-" + std::to_string(site)).c_str()) ? '1' : '0';
    return out;
  };
  const auto first = fired(7);
  EXPECT_EQ(fired(7), first);
  EXPECT_NE(fired(8), first);
  const auto ones = std::count(first.begin(), first.end(), '1');
  EXPECT_GT(ones, 40);  // 100 of 1600 are due
  EXPECT_LT(ones, 180);
  EXPECT_EQ(fired(0).find('1'), std::string::npos);
}

TEST(Hooks, WhatIsMarkedIsListedOnce) {
  for (int i = 0; i < 3; ++i)
    ORCH_MARK("unit.marked");
  const auto all = marks();
  EXPECT_EQ(std::count(all.begin(), all.end(), "unit.marked"), 1);
}

TEST(Hooks, AFailpointActsAtItsHit) {
  ASSERT_EQ(set_failpoints("a.b:hit=2:action=exit"), "");
  failpoint("a.b");
  failpoint("a.c");
  EXPECT_EXIT(failpoint("a.b"), ::testing::ExitedWithCode(99), "");
  ASSERT_EQ(set_failpoints("x:action=exit,a.b:action=kill"), "");
  EXPECT_EXIT(failpoint("a.b"), ::testing::KilledBySignal(SIGKILL), "");
  EXPECT_EQ(failpoints(), "x:action=exit,a.b:action=kill");
  set_failpoints("");
}

TEST(Hooks, ATextThatSaysNoFailpointIsNamed) {
  for (const char* text : {"a", ":action=kill", "a:hit=0:action=kill", "a:action=dance",
                           "a:action=sleep=x", "a:action=sleep=0"}) {
    const auto wrong = set_failpoints(text);
    EXPECT_NE(wrong.find(text), std::string::npos) << wrong;
  }
  set_failpoints("");
}

}  // namespace
}  // namespace base
#endif
