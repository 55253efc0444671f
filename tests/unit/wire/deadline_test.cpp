// SPDX-License-Identifier: Apache-2.0
#include "wire/deadline.hpp"

#include "tests/unit/wire/lab.hpp"

namespace wire {
namespace {

using namespace test;  // NOLINT: the lab is made for this file

struct DeadlineTest : ::testing::Test {
  Loop loop;
  int late = 0;
  base::Instant when;
  Deadline deadline{loop, [this] {
                      ++late;
                      when = base::steady_now();
                    }};
};

TEST_F(DeadlineTest, IsLateOnce) {
  deadline.set(base::Duration{5});
  EXPECT_TRUE(run_until(loop, [&] { return late == 1; }));
  for (int i = 0; i < 5; ++i)
    loop.run_once(base::Duration{5});
  EXPECT_EQ(late, 1);
}

TEST_F(DeadlineTest, MovedLaterIsLateThenAndNotBefore) {
  const auto begin = base::steady_now();
  deadline.set(base::Duration{5});
  deadline.set(base::Duration{60});
  EXPECT_TRUE(run_until(loop, [&] { return late == 1; }));
  EXPECT_GE(when - begin, base::Duration{60});
}

TEST_F(DeadlineTest, MovedEarlierDoesNotWaitForTheOldTime) {
  deadline.set(base::hours(1));
  deadline.set(base::Duration{5});
  EXPECT_TRUE(run_until(loop, [&] { return late == 1; }));
}

TEST_F(DeadlineTest, ClearedIsNeverLateAndCanBeSetAgain) {
  deadline.set(base::Duration{1});
  deadline.clear();
  for (int i = 0; i < 5; ++i)
    loop.run_once(base::Duration{2});
  EXPECT_EQ(late, 0);
  deadline.set(base::Duration{1});
  EXPECT_TRUE(run_until(loop, [&] { return late == 1; }));
}

TEST(Deadline, MayBeDestroyedByWhatItCalls) {
  Loop loop;
  bool late = false;
  std::unique_ptr<Deadline> deadline;
  deadline = std::make_unique<Deadline>(loop, [&] {
    deadline.reset();
    late = true;
  });
  deadline->set(base::Duration{1});
  EXPECT_TRUE(run_until(loop, [&] { return late; }));
}

}  // namespace
}  // namespace wire
