// SPDX-License-Identifier: Apache-2.0
#include "controller/server/log_files.hpp"

#include "base/file.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace controller {
namespace {

struct LogFilesTest : ::testing::Test {
  LogFilesTest() {
    std::string name = ::testing::TempDir() + "orch-logs-XXXXXX";
    folder = ::mkdtemp(name.data());
  }
  ~LogFilesTest() override { std::filesystem::remove_all(folder); }

  std::string all(std::int64_t from = 0) const {
    std::string out;
    for (auto at = from;;) {
      const auto part = files().read(at, 1000);
      EXPECT_TRUE(part);
      if (!part || part->bytes.empty()) return out;
      out += part->bytes;
      at = part->at + static_cast<std::int64_t>(part->bytes.size());
    }
  }
  LogFiles files() const { return LogFiles(folder + "/run.r/u1"); }

  std::string folder;
};

TEST_F(LogFilesTest, KeepsEveryByteOnceWhateverComesTwiceOrTooEarly) {
  const struct {
    const char* what;
    std::int64_t offset;
    const char* bytes;
    std::int64_t end;
  } steps[] = {
      {"the beginning", 0, "one\n", 4},
      {"the same again", 0, "one\n", 4},
      {"what goes on", 4, "two\n", 8},
      {"an overlap with more", 2, "e\ntwo\nthree\n", 14},
      {"a gap is not written", 20, "five\n", 14},
      {"nothing asks for the end", 0, "", 14},
      {"what fills the gap", 14, "four\n", 19},
  };
  for (const auto& s : steps) {
    SCOPED_TRACE(s.what);
    const auto end = files().append(s.offset, s.bytes, 0);
    ASSERT_TRUE(end) << end.error().message;
    EXPECT_EQ(*end, s.end);
  }
  EXPECT_EQ(all(), "one\ntwo\nthree\nfour\n");
}

TEST_F(LogFilesTest, AFloorSkipsWhatNoLongerExists) {
  ASSERT_EQ(*files().append(0, "one\n", 0), 4);
  ASSERT_EQ(*files().append(100, "later\n", 100), 106);
  EXPECT_EQ(all(), "one\nlater\n");
  EXPECT_EQ(files().read(50, 10)->at, 100);
  EXPECT_EQ(*files().append(0, "one\n", 0), 106);
}

TEST_F(LogFilesTest, FindsTheLastLines) {
  ASSERT_TRUE(files().append(0, "one\ntwo\nthree\n", 0));
  EXPECT_EQ(all(*files().tail(1)), "three\n");
  EXPECT_EQ(all(*files().tail(2)), "two\nthree\n");
  EXPECT_EQ(all(*files().tail(3)), "one\ntwo\nthree\n");
  EXPECT_EQ(all(*files().tail(9)), "one\ntwo\nthree\n");
  EXPECT_EQ(all(*files().tail(0)), "");
  ASSERT_TRUE(files().append(14, "four", 0));
  EXPECT_EQ(all(*files().tail(1)), "four");
  EXPECT_EQ(all(*files().tail(2)), "three\nfour");
  EXPECT_EQ(*LogFiles(folder + "/nothing").tail(3), 0);
}

TEST_F(LogFilesTest, TheOldestGoWhenItGrowsTooLong) {
  const std::string block(4 << 20, 'x');
  std::int64_t end = 0;
  for (int i = 0; i < 20; ++i) {
    const auto next = files().append(end, block, 0);
    ASSERT_TRUE(next) << next.error().message;
    end = *next;
  }
  EXPECT_EQ(end, 80 << 20);
  const auto pieces = files().pieces();
  ASSERT_TRUE(pieces);
  EXPECT_EQ(pieces->back().end(), end);
  EXPECT_GT(pieces->front().start, 0);
  EXPECT_LE(end - pieces->front().start, 64 << 20);
  EXPECT_GE(end - pieces->front().start, 48 << 20);
  EXPECT_EQ(files().read(0, 10)->at, pieces->front().start);
}

}  // namespace
}  // namespace controller
