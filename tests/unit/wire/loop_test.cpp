// SPDX-License-Identifier: Apache-2.0
#include "wire/loop.hpp"

#include "tests/unit/wire/lab.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <csignal>
#include <future>
#include <thread>

namespace wire {
namespace {

using namespace test;  // NOLINT: the lab is made for this file

constexpr base::Duration kLong{60'000};  // A test that waits this out has failed.

struct Pipe {
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) ADD_FAILURE() << "no pipe";
    reading = ends[0];
    writing = ends[1];
  }
  ~Pipe() {
    ::close(reading);
    ::close(writing);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int reading = -1, writing = -1;
};

TEST(Loop, RunOnceReturnsAsSoonAsSomethingHappened) {
  Loop loop;
  const auto begin = base::steady_now();
  int ran = 0;
  loop.post([&] { ++ran; });
  loop.run_once(kLong);
  EXPECT_EQ(ran, 1);
  const auto timer = loop.after(base::Duration{1}, [&] { ++ran; });
  loop.run_once(kLong);
  EXPECT_EQ(ran, 2);
  EXPECT_LT(base::steady_now() - begin, base::seconds(30));
}

TEST(Loop, RunOnceWithoutWaitingReturnsWhenNothingIsReady) {
  Loop loop;
  loop.run_once(base::Duration{0});
  loop.run_once(base::Duration{1});
}

TEST(Loop, APostFromAnotherThreadWakesIt) {
  Loop loop;
  bool ran = false;
  auto other = std::async(std::launch::async, [&] { loop.post([&] { ran = true; }); });
  EXPECT_TRUE(run_until(loop, [&] { return ran; }));
}

TEST(Loop, StopFromAnotherThreadEndsRun) {
  Loop loop;
  auto other = std::async(std::launch::async, [&] { loop.stop(); });
  loop.run();
  other.wait();
  bool ran = false;
  loop.post([&] { ran = true; });
  loop.run_once(kLong);  // And it runs again.
  EXPECT_TRUE(ran);
}

TEST(Loop, ATimerWhoseHandleIsDroppedNeverRuns) {
  Loop loop;
  bool dropped_ran = false, later_ran = false;
  auto dropped = loop.after(base::Duration{1}, [&] { dropped_ran = true; });
  const auto later = loop.after(base::Duration{5}, [&] { later_ran = true; });
  dropped.cancel();
  EXPECT_TRUE(run_until(loop, [&] { return later_ran; }));
  EXPECT_FALSE(dropped_ran);
}

TEST(Loop, ATimerMayReplaceItselfFromWithin) {
  Loop loop;
  int ran = 0;
  Loop::Timer timer;
  std::function<void()> again = [&] {
    if (++ran < 3) timer = loop.after(base::Duration{1}, again);
  };
  timer = loop.after(base::Duration{1}, again);
  EXPECT_TRUE(run_until(loop, [&] { return ran == 3; }));
}

TEST(Loop, TellsOnceWhenADescriptorCanBeReadAndLeavesItsFlagsAlone) {
  Loop loop;
  Pipe pipe;
  int told = 0;
  const auto watch = loop.when_readable(pipe.reading, [&] { ++told; });
  loop.run_once(base::Duration{0});
  EXPECT_EQ(told, 0);
  ASSERT_EQ(::write(pipe.writing, "ab", 2), 2);
  EXPECT_TRUE(run_until(loop, [&] { return told == 1; }));
  loop.run_once(base::Duration{0});
  EXPECT_EQ(told, 1);
  EXPECT_EQ(::fcntl(pipe.reading, F_GETFL) & O_NONBLOCK, 0);
}

TEST(Loop, ADroppedWatchIsNotTold) {
  Loop loop;
  Pipe pipe;
  bool told = false;
  auto watch = loop.when_readable(pipe.reading, [&] { told = true; });
  watch.cancel();
  ASSERT_EQ(::write(pipe.writing, "a", 1), 1);
  for (int i = 0; i < 3; ++i)
    loop.run_once(base::Duration{0});
  EXPECT_FALSE(told);
}

TEST(Loop, EachSignalIsToldByItsNumber) {
  Loop loop;
  std::vector<int> told;
  loop.on_signals({SIGUSR1, SIGUSR2}, [&](int number) { told.push_back(number); });
  ::raise(SIGUSR1);
  EXPECT_TRUE(run_until(loop, [&] { return told.size() == 1; }));
  ::raise(SIGUSR2);
  EXPECT_TRUE(run_until(loop, [&] { return told.size() == 2; }));
  EXPECT_EQ(told, (std::vector<int>{SIGUSR1, SIGUSR2}));
}

}  // namespace
}  // namespace wire
