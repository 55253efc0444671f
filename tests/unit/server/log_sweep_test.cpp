// SPDX-License-Identifier: Apache-2.0
#include "controller/server/log_sweep.hpp"

#include "base/file.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace controller {
namespace {

namespace fs = std::filesystem;
using Mark = LogLife::Mark;

constexpr base::Instant kNow{1'700'000'000'000};
constexpr base::Duration kMoment{1};

struct LogSweep : ::testing::Test {
  LogSweep() {
    std::string name = ::testing::TempDir() + "orch-sweep-XXXXXX";
    folder = ::mkdtemp(name.data());
  }
  ~LogSweep() override { fs::remove_all(folder); }

  void write(const std::string& path, const std::string& bytes = "x") const {
    fs::create_directories(fs::path(folder + "/" + path).parent_path());
    ASSERT_TRUE(base::write_file(folder + "/" + path, bytes));
  }
  bool has(const std::string& path) const { return fs::exists(folder + "/" + path); }
  void tend(const LogLife& which, InStore in_store, base::Instant now) const {
    const auto done = tend_log_life(folder, which, in_store, now);
    EXPECT_TRUE(done) << done.error().message;
  }
  std::string folder;
  const LogLife life{"run.a", "u1", Mark::none};
};

TEST_F(LogSweep, EveryLifeIsListedAndNothingElse) {
  EXPECT_TRUE(list_log_lives(folder + "/none")->empty());
  write("run.a/u1/box1/0000000000000000");
  write("run.a/u2/box1/0000000000000000");
  write("run.a/u2.gone");
  write("deployment.d/u3/box1/0000000000000000");
  write("deployment.e/u4.gone");
  write("notes/u5/box1/hello");
  write("run.file");
  const auto lives = list_log_lives(folder);
  ASSERT_TRUE(lives) << lives.error().message;
  EXPECT_EQ(*lives, (std::vector<LogLife>{{"deployment.d", "u3", Mark::none},
                                          {"deployment.e", "u4", Mark::gone},
                                          {"run.a", "u1", Mark::none},
                                          {"run.a", "u2", Mark::gone}}));
  EXPECT_EQ(lives->front().kind(), "ModelDeployment");
  EXPECT_EQ(lives->front().name(), "d");
  EXPECT_EQ(lives->back().kind(), "BenchRun");
  EXPECT_EQ(lives->back().name(), "a");
}

TEST_F(LogSweep, TheLogsOfWhatIsGoneAreKeptForADay) {
  write("run.a/u1/box1/0000000000000000");
  write("run.a/u1/box1/0000000008388608");
  write("run.a/u1/box2/0000000000000000");
  tend(life, InStore::absent, kNow);
  EXPECT_TRUE(has("run.a/u1.gone"));
  tend(life, InStore::absent, kNow + kKeepLogs - kMoment);
  EXPECT_TRUE(has("run.a/u1/box1/0000000000000000"));
  tend(life, InStore::absent, kNow + kKeepLogs);
  EXPECT_FALSE(has("run.a"));
}

TEST_F(LogSweep, AnotherLifeOfTheSameNameStays) {
  write("run.a/u1/box1/0000000000000000");
  write("run.a/u2/box1/0000000000000000");
  tend(life, InStore::absent, kNow);
  tend(life, InStore::absent, kNow + kKeepLogs);
  EXPECT_FALSE(has("run.a/u1"));
  EXPECT_TRUE(has("run.a/u2/box1/0000000000000000"));
}

TEST_F(LogSweep, WhatIsThereAgainLosesItsMark) {
  write("run.a/u1/box1/0000000000000000");
  tend(life, InStore::absent, kNow);
  tend(life, InStore::present, kNow + kMoment);
  EXPECT_FALSE(has("run.a/u1.gone"));
  tend(life, InStore::absent, kNow + kKeepLogs);
  EXPECT_TRUE(has("run.a/u1/box1/0000000000000000")) << "the day begins anew";
}

TEST_F(LogSweep, AMarkThatCannotBeIsMadeAnew) {
  for (const std::string mark : {"", "yesterday", "99999999999999"}) {
    SCOPED_TRACE(mark);
    write("run.a/u1/box1/0000000000000000");
    write("run.a/u1.gone", mark);
    tend(life, InStore::absent, kNow);
    EXPECT_TRUE(has("run.a/u1/box1/0000000000000000"));
    tend(life, InStore::absent, kNow + kKeepLogs);
    EXPECT_FALSE(has("run.a/u1"));
  }
}

TEST_F(LogSweep, ARemovalThatWasInterruptedGoesOn) {
  write("run.a/u1.gone", std::to_string(kNow.ms));
  fs::create_directories(folder + "/run.a/u1/box1");
  tend(life, InStore::absent, kNow + kKeepLogs);
  EXPECT_FALSE(has("run.a"));
}

TEST_F(LogSweep, ALinkIsNotFollowed) {
  write("elsewhere/kept");
  fs::create_directories(folder + "/run.a/u1");
  fs::create_directory_symlink(folder + "/elsewhere", folder + "/run.a/u1/box1");
  write("run.a/u1.gone", std::to_string(kNow.ms));
  static_cast<void>(
      static_cast<bool>(tend_log_life(folder, life, InStore::absent, kNow + kKeepLogs)));
  EXPECT_TRUE(has("elsewhere/kept"));
}

}  // namespace
}  // namespace controller
