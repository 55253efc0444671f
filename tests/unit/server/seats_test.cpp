// SPDX-License-Identifier: Apache-2.0
#include "controller/server/seats.hpp"

#include "base/limits.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace controller {
namespace {

TEST(Seats, EachIdentityHasItsOwnAndGetsThemBack) {
  Seats seats;
  std::vector<std::shared_ptr<void>> held;
  for (std::size_t i = 0; i < base::limits::kStreams; ++i) {
    held.push_back(seats.take("olga"));
    ASSERT_NE(held.back(), nullptr);
  }
  EXPECT_EQ(seats.take("olga"), nullptr);
  EXPECT_NE(seats.take("machine/box1"), nullptr);
  held.pop_back();
  const auto again = seats.take("olga");
  EXPECT_NE(again, nullptr);
  EXPECT_EQ(seats.take("olga"), nullptr);
}

TEST(Seats, APlaceMayOutliveTheTable) {
  std::shared_ptr<void> place;
  {
    Seats seats;
    place = seats.take("olga");
  }
  place.reset();
}

TEST(Seats, WhoHasTooManyIsToldTheWayOut) {
  const auto refused = too_many_streams("olga");
  EXPECT_EQ(refused.code, 429);
  EXPECT_EQ(refused.reason, "TooManyRequests");
  EXPECT_NE(refused.message.find("\"olga\" has 64 streams open already"), std::string::npos);
}

}  // namespace
}  // namespace controller
