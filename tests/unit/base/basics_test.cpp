// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <vector>

#include "base/check.hpp"
#include "base/clock.hpp"
#include "base/dice.hpp"
#include "base/exit_code.hpp"

namespace base {
namespace {

TEST(Exit, EveryCodeHasItsWayOut) {
  struct Case {
    Code code;
    int number;
  };
  const Case cases[] = {
      {Code::invalid, 65},   {Code::not_found, 1},    {Code::conflict, 1},  {Code::timeout, 1},
      {Code::forbidden, 77}, {Code::unavailable, 69}, {Code::internal, 70},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.number);
    EXPECT_EQ(static_cast<int>(exit_for(c.code)), c.number);
  }
}

TEST(Errors, GrowFromTheInsideOut) {
  const Error inner = not_found("no such image");
  EXPECT_EQ(Error(inner).within("pull \"vllm:1\"").within("start server").message,
            "start server: pull \"vllm:1\": no such image");
  EXPECT_EQ(Error(inner).within("x").code, Code::not_found);
  const Status good = ok();
  EXPECT_TRUE(good);
}

TEST(Check, StopsTheProcessAndNamesThePlace) {
  CHECK(1 + 1 == 2);
  EXPECT_DEATH(CHECK(1 + 1 == 3), "broken invariant: 1 \\+ 1 == 3 .*basics_test.cpp");
}

TEST(Clock, TheSteadyOneNeverGoesBack) {
  const Instant first = steady_now();
  for (int i = 0; i < 1000; ++i)
    EXPECT_LE(first, steady_now());
  EXPECT_GT(wall_now().ms, 1'700'000'000'000);  // later than 2023: milliseconds, not seconds
}

TEST(Dice, OneSeedGivesOneRow) {
  const auto row = [](Dice dice) {
    std::vector<std::int64_t> out;
    for (int i = 0; i < 5; ++i)
      out.push_back(dice.upto(1000));
    return out;
  };
  EXPECT_EQ(row(Dice(7)), row(Dice(7)));
  EXPECT_NE(row(Dice(7)), row(Dice(8)));
  EXPECT_EQ(Dice(0).roll(), 0xE220A8397B1DCDAFULL);  // the published first value of splitmix64
}

TEST(Dice, AChildDoesNotShiftItsSiblings) {
  Dice parent(1);
  Dice first = parent.child();
  Dice second = parent.child();
  const auto wanted = Dice(second).roll();
  first.roll();
  first.roll();
  EXPECT_EQ(second.roll(), wanted);
}

TEST(Dice, StaysInItsRange) {
  Dice dice(3);
  EXPECT_EQ(dice.upto(0), 0);
  EXPECT_EQ(dice.upto(-4), 0);
  for (int i = 0; i < 1000; ++i) {
    const auto n = dice.upto(3);
    EXPECT_GE(n, 0);
    EXPECT_LT(n, 3);
  }
}

}  // namespace
}  // namespace base
