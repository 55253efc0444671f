// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/text.hpp"

namespace base {
namespace {

using std::string_literals::operator""s;

std::string every_byte() {
  std::string out;
  for (int i = 0; i < 256; ++i)
    out += static_cast<char>(i);
  return out;
}

TEST(Hex, GoesThereAndBack) {
  EXPECT_EQ(to_hex("\x01\xab\xff"), "01abff");
  EXPECT_EQ(from_hex("01AbfF"), "\x01\xab\xff");
  EXPECT_EQ(from_hex(""), "");
  EXPECT_EQ(from_hex(to_hex(every_byte())), every_byte());
  for (const auto* text : {"0", "0g", "g0", "0x", " 0", "012"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(from_hex(text), std::nullopt);
  }
}

TEST(Base64, GoesThereAndBack) {
  struct Case {
    std::string_view bytes;
    std::string_view text;
  };
  const Case cases[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"foobar", "Zm9vYmFy"},
      {"\xfb\xff", "+/8="},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(to_base64(c.bytes), c.text);
    EXPECT_EQ(from_base64(c.text), c.bytes);
  }
  EXPECT_EQ(from_base64(to_base64(every_byte())), every_byte());
}

TEST(Base64, RefusesASecondSpelling) {
  for (const auto* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n",
                           "Z===", "====", "=m9v", "Zm-_", "Zg==Zg=="}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(from_base64(text), std::nullopt);
  }
}

TEST(Percent, GoesThereAndBack) {
  EXPECT_EQ(percent_encoded("a-z.A_Z~09"), "a-z.A_Z~09");
  EXPECT_EQ(percent_encoded("a/b c%\xC3\xA9+"), "a%2Fb%20c%25%C3%A9%2B");
  EXPECT_EQ(percent_decoded("a%2fb%20c%25+"), "a/b c%+");
  EXPECT_EQ(percent_decoded(percent_encoded(every_byte().substr(1))), every_byte().substr(1));
}

TEST(Percent, RefusesWhatIsMalformedOrHidesANul) {
  for (const auto& text :
       {"%"s, "%2"s, "a%"s, "%g0"s, "%0g"s, "%%20"s, "%00"s, "a%00b"s, "a\0b"s}) {
    SCOPED_TRACE(base::quoted(text));
    EXPECT_EQ(percent_decoded(text), std::nullopt);
  }
}

}  // namespace
}  // namespace base
