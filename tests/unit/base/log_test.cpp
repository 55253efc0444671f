// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace base {
namespace {

/// What the log writes to stderr during `body`, line by line.
template <class Body>
std::vector<std::string> lines_of(Body body) {
  ::testing::internal::CaptureStderr();
  body();
  auto lines = split(::testing::internal::GetCapturedStderr(), '\n');
  lines.pop_back();  // after the last line's end
  return lines;
}

TEST(Log, ALineIsTimeLevelWordAndFields) {
  log::to_stderr(log::Level::info);
  const auto lines = lines_of([] {
    log::info("claim.taken", {{"machine", "spark 1"}, {"revision", 12}});
    log::warn("link.lost");
    log::error("disk.full", {{"path", std::string("/a \"b\"")}});
  });
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_TRUE(::testing::internal::RE::FullMatch(
      lines[0], "....-..-..T..:..:..\\....Z info claim.taken machine=\"spark 1\" revision=12"))
      << lines[0];
  EXPECT_EQ(lines[1].substr(24), " warn link.lost");
  EXPECT_EQ(lines[2].substr(24), " error disk.full path=\"/a \\\"b\\\"\"");
}

TEST(Log, WildTextStaysOnOneLine) {
  const auto lines = lines_of([] {
    log::info("x", {{"v", std::string_view("a\nb\x1b[31m\xff\0c", 11)}});
    log::info("y", {{"v", std::string(100'000, 'z')}});
  });
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].substr(24), " info x v=\"a\\nb\\u001b[31m\xEF\xBF\xBD\\u0000c\"");
  EXPECT_LT(lines[1].size(), 5000U);
}

TEST(Log, TheLevelDecidesWhatIsWritten) {
  struct Case {
    log::Level level;
    std::size_t lines;
  };
  for (const auto& c :
       {Case{log::Level::quiet, 2}, {log::Level::info, 3}, {log::Level::debug, 4}}) {
    SCOPED_TRACE(c.lines);
    log::to_stderr(c.level);
    const auto lines = lines_of([] {
      log::debug("a");
      log::info("b");
      log::warn("c");
      log::error("d");
    });
    EXPECT_EQ(lines.size(), c.lines);
  }
}

}  // namespace
}  // namespace base
