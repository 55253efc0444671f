// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/text.hpp"

namespace base {
namespace {

using std::string_literals::operator""s;

TEST(Utf8, OnlyTheShortestFormOfARealCharacterCounts) {
  for (const auto& text : {""s, "abc"s, "\xC3\xA9"s, "\xE2\x82\xAC"s, "\xF0\x9F\x98\x80"s,
                           "\xED\x9F\xBF"s, "\xEE\x80\x80"s, "\xF4\x8F\xBF\xBF"s, "a\0b"s}) {
    SCOPED_TRACE(to_hex(text));
    EXPECT_TRUE(is_utf8(text));
  }
  for (const auto& text :
       {"\x80"s, "\xC3"s, "\xC0\x80"s, "\xC1\xBF"s, "\xE0\x80\x80"s, "\xE0\x9F\xBF"s,
        "\xED\xA0\x80"s, "\xF0\x80\x80\x80"s, "\xF4\x90\x80\x80"s, "\xF5\x80\x80\x80"s, "\xFF"s,
        "\xE2\x82"s, "a\xE2\x82z"s, "\xC3\xC3"s}) {
    SCOPED_TRACE(to_hex(text));
    EXPECT_FALSE(is_utf8(text));
  }
}

struct Cleaning {
  std::string text;
  std::string wanted;
};

TEST(Utf8, CleaningReplacesWhatIsBroken) {
  const Cleaning cases[] = {
      {"plain \xC3\xA9\n\tx", "plain \xC3\xA9\n\tx"},
      {"a\xFFz", "a\xEF\xBF\xBDz"},
      {"a\xE2\x82", "a\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"a\0b\rc\x07"s, "a b c "},
      {"\x1b[1m", " [1m"},
      {"a\x7Fz\xC2\x9Bq", "a z q"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(to_hex(c.text));
    EXPECT_EQ(clean_utf8(c.text), c.wanted);
    EXPECT_TRUE(is_utf8(clean_utf8(c.text)));
  }
}

TEST(Printable, RemovesSequencesWhole) {
  const Cleaning cases[] = {
      {"plain\n\ttext \xC3\xA9", "plain\n\ttext \xC3\xA9"},
      {"a\x1b[31mred\x1b[0m", "ared"},
      {"a\x1b[38;5;12;1mb", "ab"},
      {"a\x1b[?25lb\x1b[2 qc", "abc"},
      {"a\xC2\x9B"
       "31mb",
       "ab"},
      {"a\x1b]0;title\x07z", "az"},
      {"a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\z", "alinkz"},
      {"a\xC2\x9Dtitle\xC2\x9Cz", "az"},
      {"a\x1bPdcs\x1b\\b\x1b_apc\x1b\\c\x1b^pm\x1b\\d\x1bXsos\x1b\\e", "abcde"},
      {"a\x1b"
       "cb\x1b(Bc\x1b#8d\x1b=e",
       "abcde"},
      {"a\x1b", "a"},
      {"a\x1b\nb", "a\nb"},
      {"a\x1b\x1b[1mb", "ab"},
      {"a\x1b\xC3\xA9", "a\xC3\xA9"},
      {"a\x1b[", "a"},
      {"a\x1b[12", "a"},
      {"a\x1b[12\nb", "a\nb"},
      {"a\x1b]never ends\nnext", "a\nnext"},
      {"a\0b\xFF"s, "a b\xEF\xBF\xBD"},
      {"a\rb\bc", "a b c"},
      {"\xC2", "\xEF\xBF\xBD"},
      {"a\xE2\x80\xAEz", "a\xEF\xBF\xBDz"},  // U+202E, right to left whatever stands here
      {"\xE2\x81\xA6z\xE2\x81\xA9", "\xEF\xBF\xBDz\xEF\xBF\xBD"},
      {"\xE2\x80\x8E\xD7\x90\xE2\x80\xA6", "\xE2\x80\x8E\xD7\x90\xE2\x80\xA6"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(to_hex(c.text));
    EXPECT_EQ(printable(c.text), c.wanted);
  }
}

TEST(Clipped, CutsAtABorderAndSaysSo) {
  struct Row {
    std::string text;
    std::size_t bytes;
    std::string wanted;
  };
  const Row rows[] = {
      {"abcdef", 6, "abcdef"},
      {"abcdefg", 6, "abc\xE2\x80\xA6"},
      {"ab\xC3\xA9"
       "defg",
       6, "ab\xE2\x80\xA6"},
      {"\xF0\x9F\x98\x80\xF0\x9F\x98\x80", 7, "\xF0\x9F\x98\x80\xE2\x80\xA6"},
      {"\xF0\x9F\x98\x80\xF0\x9F\x98\x80", 6, "\xE2\x80\xA6"},
      {"abcd", 3, "\xE2\x80\xA6"},
      {"abcd", 2, "ab"},
      {"\xC3\xA9z", 1, ""},
      {"abc", 0, ""},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.wanted);
    EXPECT_EQ(clipped(row.text, row.bytes), row.wanted);
    EXPECT_LE(clipped(row.text, row.bytes).size(), row.bytes);
  }
}

TEST(Quoted, IsJsonWhateverItHolds) {
  const Cleaning cases[] = {
      {"", "\"\""},
      {"plain \xC3\xA9", "\"plain \xC3\xA9\""},
      {"a\"b\\c", "\"a\\\"b\\\\c\""},
      {"a\nb\tc\rd", "\"a\\nb\\tc\\rd\""},
      {"\0\x1b\x7F"s, "\"\\u0000\\u001b\\u007f\""},
      {"\xC2\x9B", "\"\\u009b\""},
      {"a\xFFz", "\"a\xEF\xBF\xBDz\""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.wanted);
    EXPECT_EQ(base::quoted(c.text), c.wanted);
  }
}

}  // namespace
}  // namespace base
