// SPDX-License-Identifier: Apache-2.0
#include "controller/core/work_queue.hpp"

#include "base/dice.hpp"

#include <gtest/gtest.h>

namespace controller {
namespace {

using base::Duration;
using base::Instant;

TEST(WorkQueue, AKeyIsQueuedOnceAndTheEarlierWishWins) {
  WorkQueue queue;
  queue.add("a", Instant{50});
  queue.add("a", Instant{20});
  queue.add("a", Instant{90});
  EXPECT_FALSE(queue.take(Instant{19}));
  EXPECT_EQ(queue.take(Instant{20}), "a");
  EXPECT_FALSE(queue.take(Instant{1'000}));
}

TEST(WorkQueue, KeysComeByTimeThenByName) {
  WorkQueue queue;
  queue.add("c", Instant{10});
  queue.add("b", Instant{20});
  queue.add("a", Instant{20});
  std::string order;
  while (const auto key = queue.take(Instant{20}))
    order += *key;
  EXPECT_EQ(order, "cab");
}

TEST(WorkQueue, AKeyAddedWhileInHandComesBackAfterDone) {
  WorkQueue queue;
  queue.add("a", Instant{0});
  ASSERT_EQ(queue.take(Instant{0}), "a");
  queue.add("a", Instant{9});
  queue.add("a", Instant{5});
  EXPECT_FALSE(queue.take(Instant{10})) << "never twice in hand";
  EXPECT_FALSE(queue.next_due());
  queue.done("a", true, Instant{10});
  EXPECT_EQ(queue.next_due(), Instant{5}) << "the earlier of the two wishes";
  EXPECT_EQ(queue.take(Instant{10}), "a");
}

TEST(WorkQueue, FailuresBackOffAndASuccessForgetsThem) {
  WorkQueue queue;
  queue.add("a", Instant{0});
  Instant now{0};
  for (const int wait : {100, 200, 400, 800}) {
    ASSERT_EQ(queue.take(now), "a");
    queue.done("a", false, now);
    EXPECT_EQ(queue.next_due(), now + Duration{wait});
    now = *queue.next_due();
  }
  ASSERT_EQ(queue.take(now), "a");
  queue.done("a", true, now);
  EXPECT_FALSE(queue.next_due());
  queue.add("a", now);
  ASSERT_EQ(queue.take(now), "a");
  queue.done("a", false, now);
  EXPECT_EQ(queue.next_due(), now + Duration{100});
}

TEST(WorkQueue, TheBackOffEndsAtFiveMinutes) {
  WorkQueue queue;
  queue.add("a", Instant{0});
  Instant now{0};
  Duration last{0};
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(queue.take(now), "a");
    queue.done("a", false, now);
    last = *queue.next_due() - now;
    now = *queue.next_due();
  }
  EXPECT_EQ(last, base::minutes(5));
}

TEST(WorkQueue, AWishThatIsSoonerThanTheRetryWins) {
  WorkQueue queue;
  queue.add("a", Instant{0});
  ASSERT_EQ(queue.take(Instant{0}), "a");
  queue.add("a", Instant{30});
  queue.done("a", false, Instant{0});
  EXPECT_EQ(queue.next_due(), Instant{30});
}

TEST(WorkQueue, TheNextDueIsTheEarliest) {
  WorkQueue queue;
  EXPECT_FALSE(queue.next_due());
  queue.add("b", Instant{70});
  queue.add("a", Instant{30});
  EXPECT_EQ(queue.next_due(), Instant{30});
  (void)queue.take(Instant{30});
  EXPECT_EQ(queue.next_due(), Instant{70});
}

// Against the simplest thing that could be right: a map from key to time.
TEST(WorkQueue, BehavesAsAMapOfTimes) {
  base::Dice dice(7);
  WorkQueue queue;
  std::map<std::string, Instant> model;
  Instant now{0};
  for (int step = 0; step < 20'000; ++step) {
    const std::string key(1, static_cast<char>('a' + dice.upto(6)));
    const Instant at{now.ms + dice.upto(50)};
    if (dice.one_in(2)) {
      queue.add(key, at);
      const auto [entry, fresh] = model.try_emplace(key, at);
      if (!fresh) entry->second = std::min(entry->second, at);
      continue;
    }
    now.ms += dice.upto(20);
    const auto taken = queue.take(now);
    auto first = model.end();
    for (auto it = model.begin(); it != model.end(); ++it)
      if (first == model.end() || it->second < first->second) first = it;
    if (first == model.end() || first->second > now) {
      ASSERT_FALSE(taken);
      continue;
    }
    ASSERT_EQ(taken, first->first);
    model.erase(first);
    queue.done(*taken, true, now);
  }
}

}  // namespace
}  // namespace controller
