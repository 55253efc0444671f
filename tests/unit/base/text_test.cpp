// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace base {
namespace {

using Parts = std::vector<std::string>;

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(split("a,b,,c,", ','), (Parts{"a", "b", "", "c", ""}));
  EXPECT_EQ(split("", ','), (Parts{""}));
  EXPECT_EQ(join({"a", "", "b"}, ", "), "a, , b");
  EXPECT_EQ(join({}, ", "), "");
  EXPECT_EQ(join(split("x/y//z", '/'), "/"), "x/y//z");
}

TEST(Trimmed, TakesBlanksFromBothEnds) {
  EXPECT_EQ(trimmed(" \t a b \r\n"), "a b");
  EXPECT_EQ(trimmed(" \n "), "");
  EXPECT_EQ(trimmed(""), "");
}

TEST(Numbers, WholeOnesFitOrAreRefused) {
  EXPECT_EQ(to_integer("0"), 0);
  EXPECT_EQ(to_integer("-12"), -12);
  EXPECT_EQ(to_integer("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(to_integer("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  for (const auto* text : {"", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "9223372036854775808"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(to_integer(text), std::nullopt);
  }
}

TEST(Numbers, RealOnesAreFinite) {
  EXPECT_EQ(to_number("1.5"), 1.5);
  EXPECT_EQ(to_number("-2e3"), -2000);
  for (const auto* text : {"", "x", "1.5x", " 1", "+1", "nan", "inf", "-inf", "1e999", "0x1p3"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(to_number(text), std::nullopt);
  }
}

TEST(Numbers, AreWrittenShortAndReadBackAsTheSame) {
  struct Case {
    double value;
    std::string_view text;
  };
  const Case cases[] = {
      {0, "0"},
      {1, "1"},
      {-3, "-3"},
      {100000, "100000"},
      {1e6, "1000000"},
      {0.1, "0.1"},
      {1.0 / 3, "0.3333333333333333"},
      {1e22, "1e+22"},
      {5e-324, "5e-324"},
      {9007199254740991, "9007199254740991"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(number_text(c.value), c.text);
    EXPECT_EQ(to_number(number_text(c.value)), c.value);
  }
}

TEST(Names, LabelsAndSubdomainsFollowDns) {
  const std::string most(63, 'a');
  for (const auto& name : {std::string("a"), std::string("a-b"), std::string("0"), most}) {
    SCOPED_TRACE(name);
    EXPECT_TRUE(is_dns_label(name));
    EXPECT_TRUE(is_dns_subdomain(name + ".x"));
  }
  for (const auto& name :
       {std::string(), std::string("-a"), std::string("a-"), std::string("A"), std::string("a_b"),
        std::string("a b"), std::string("\xC3\xA9"), std::string("a.b"), most + "a"}) {
    SCOPED_TRACE(name);
    EXPECT_FALSE(is_dns_label(name));
  }
  for (const auto& name : {std::string(), std::string(".a"), std::string("a."), std::string("a..b"),
                           std::string("a.-b"), std::string("a.B"), std::string(254, 'a')}) {
    SCOPED_TRACE(name);
    EXPECT_FALSE(is_dns_subdomain(name));
  }
  EXPECT_TRUE(is_dns_subdomain(std::string(253, 'a')));
}

TEST(FittedName, StaysWhenItFitsAndElseStaysTellable) {
  EXPECT_EQ(fitted_name("bfcl-qwen"), "bfcl-qwen");
  const std::string most(63, 'a');
  EXPECT_EQ(fitted_name(most), most);
  const auto longer = fitted_name(most + "a");
  EXPECT_EQ(longer.size(), 63U);
  EXPECT_EQ(longer.substr(0, 57), most.substr(0, 56) + "-");
  EXPECT_NE(longer, fitted_name(most + "b"));
  EXPECT_EQ(longer, fitted_name(most + "a"));
  // A cut that ends on a dash does not leave two, and what is no label becomes one.
  for (const auto& name : {std::string(55, 'a') + "--" + std::string(20, 'b'),
                           std::string("Ab.c/d"), std::string("..."), std::string(),
                           std::string("\xFF\xFE"), "-" + std::string(80, '-') + "z"}) {
    SCOPED_TRACE(name);
    EXPECT_TRUE(is_dns_label(fitted_name(name))) << fitted_name(name);
    EXPECT_EQ(fitted_name(name).find("--"), std::string::npos);
  }
  EXPECT_EQ(fitted_name("Ab.c/d").substr(0, 7), "ab-c-d-");
}

TEST(Nearest, FindsTypingErrorsAndNothingElse) {
  struct Case {
    std::string_view word;
    std::string wanted;
  };
  const Case cases[] = {
      {"machnes", "machines"},
      {"mahcines", "machines"},
      {"Machines", "machines"},
      {"imge", "image"},
      {"machines", "machines"},
      {"minMemoryGb", "minMemoryGib"},
      {"replicas", ""},
      {"x", ""},
      {"", ""},
      {"zzz", ""},
      {"en", "env"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.word);
    EXPECT_EQ(nearest(c.word, {"image", "machines", "minMemoryGib", "env"}).value_or(""), c.wanted);
  }
  EXPECT_EQ(nearest("a", {"b"}), std::nullopt);
  EXPECT_EQ(nearest("a", {}), std::nullopt);
  EXPECT_EQ(nearest("abcx", {"abca", "abcb"}), "abca");  // the first of equals
  const std::string huge(100'000, 'a');
  EXPECT_EQ(nearest(huge, {"a"}), std::nullopt);
  EXPECT_EQ(nearest("a", {huge}), std::nullopt);
}

TEST(Hash, IsFnv1a) {
  EXPECT_EQ(hash64(""), 0xCBF29CE484222325ULL);
  EXPECT_EQ(hash64("a"), 0xAF63DC4C8601EC8CULL);
  EXPECT_EQ(hash64("foobar"), 0x85944171F73967E8ULL);
}

}  // namespace
}  // namespace base
