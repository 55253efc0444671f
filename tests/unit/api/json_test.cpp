// SPDX-License-Identifier: Apache-2.0
#include "api/codec/json.hpp"

#include "base/dice.hpp"
#include "tests/support/random_value.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace {

using api::Json;

TEST(Json, WhatIsWrittenReadsBackAsTheSameValue) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    base::Dice dice(seed);
    const Json value = support::random_json(dice);
    const auto compact = api::parse_json(api::write_json(value));
    ASSERT_TRUE(compact) << compact.error().message;
    ASSERT_EQ(*compact, value);
    const auto pretty = api::parse_json(api::write_json_pretty(value));
    ASSERT_TRUE(pretty) << pretty.error().message;
    ASSERT_EQ(*pretty, value);
  }
}

TEST(Json, EqualValuesHaveEqualBytes) {
  const struct {
    const char* text;
    const char* bytes;
  } cases[] = {
      {R"({"b":1,"a":[true,null]})", R"({"a":[true,null],"b":1})"},
      {" [ 1 , -0 , 0.5,1.0 ] ", "[1,0,0.5,1.0]"},
      {R"("\u00e9\/\ud83d\ude00\u0001\"\\")", "\"é/\U0001F600\\u0001\\\"\\\\\""},
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"1e3", "1000.0"},
      {"0.1", "0.1"},
      {"1.7976931348623157e308", "1.7976931348623157e+308"},
      {"{}", "{}"},
      {"[]", "[]"},
      {"\"\x7f\"", "\"\x7f\""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const auto value = api::parse_json(c.text);
    ASSERT_TRUE(value) << value.error().message;
    EXPECT_EQ(api::write_json(*value), c.bytes);
  }
}

TEST(Json, MoreValuesThanAskedForAreRefusedWhereTheyBegin) {
  const std::string text = R"({"a":[1,2,3],"b":{}})";  // three numbers, a list, two objects
  EXPECT_TRUE(api::parse_json(text, 32, 6));
  const auto refused = api::parse_json(text, 32, 5);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "1:20: more than 5 values");
  EXPECT_EQ(api::parse_json("[1,2,3]", 32, 2).error().message, "1:7: more than 2 values");
}

TEST(Json, BadInputIsRefusedByNameAndPlace) {
  using namespace std::string_literals;
  const struct {
    std::string text;
    std::string message;
  } cases[] = {
      {"{\"a\":1}\0{\"evil\":2}"s, "1:8: a NUL is not allowed"},
      {"\xEF\xBB\xBF{}", "1:1: a byte-order mark is not allowed"},
      {"{} {}", "1:4: trailing data after the value"},
      {"{\"a\":1}x", "1:8: trailing data after the value"},
      {"", "1:1: the text is empty"},
      {"  \n", "2:1: the text is empty"},
      {"{\"a\":{\"b\":1,\n \"c\":2,\n \"b\":3}}", "3:2: duplicate key \"a.b\""},
      {"{\"a\":[0,{\"x\":1,\"\\u0078\":2}]}", "1:16: duplicate key \"a[1].x\""},
      {"{\"k\":{},\"a.b\":[{\"z\":1,\"z\":1}]}", "duplicate key \"[\\\"a.b\\\"][0].z\""},
      {"[\"a\\u0000b\"]", "1:2: a text with a NUL is not allowed"},
      {"{\"a\\u0000b\":1}", "1:2: a text with a NUL is not allowed"},
      {"[9223372036854775808]", "number out of range: 9223372036854775808"},
      {"[18446744073709551616]", "number out of range"},
      {"[-9223372036854775809]", "number out of range"},
      {"[1e400]", "number out of range"},
      {"[\"\xff\"]", "invalid encoding"},
      {"[\"\\ud800\"]", "surrogate"},
      // The library makes three bytes of it that are no UTF-8: what was stored could not be read.
      {"[\"a\\udc00\"]", "1:2: a text with half of a surrogate pair is not allowed"},
      {"{\"\\udfff\":1}", "1:2: a text with half of a surrogate pair is not allowed"},
      {"[01]", "1:3: "},
      {"[+1]", "1:2: invalid value"},
      {"[NaN]", "invalid value"},
      {"[.5]", "invalid value"},
      {"[1,]", "invalid value"},
      {"{\"a\":1,}", "name"},
      {"{'a':1}", "name"},
      {"{a:1}", "name"},
      {"[1 // no\n]", "1:4: "},
      {"[\"a\nb\"]", "1:"},
      {"nul", "invalid value"},
      {"[", "1:2: "},
      {"{\"a\"", "1:5: "},
      {"\"", "1:"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const auto value = api::parse_json(c.text);
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().code, base::Code::invalid);
    EXPECT_NE(value.error().message.find(c.message), std::string::npos) << value.error().message;
  }
}

TEST(Json, DepthIsBoundedWithoutRecursion) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(api::parse_json(nested(32)));
  const auto deep = api::parse_json(nested(33));
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().message, "1:33: nested deeper than 32");
  EXPECT_FALSE(api::parse_json(nested(200'000)));
  EXPECT_TRUE(api::parse_json("1", 0));
  EXPECT_FALSE(api::parse_json("[1]", 0));
}

TEST(Json, ManyKeysInAnyOrderCostNoSquare) {
  std::string text = "{";
  for (int i = 30'000; i > 0; --i)
    text += "\"" + std::to_string(i) + "\":0" + (i > 1 ? "," : "}");
  const auto value = api::parse_json(text);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->members().size(), 30'000U);
  EXPECT_NE(value->find("7777"), nullptr);
}

TEST(Json, MembersAreFoundSetAndErased) {
  Json value;
  value["spec"]["model"] = "a";
  value.set("count", 3);
  value["spec"].set("model", "b");
  EXPECT_EQ(api::write_json(value), R"({"count":3,"spec":{"model":"b"}})");
  ASSERT_NE(value.at({"spec", "model"}), nullptr);
  EXPECT_EQ(value.at({"spec", "none"}), nullptr);
  EXPECT_EQ(value.at({"count", "none"}), nullptr);
  EXPECT_EQ(value.text_at("count", "x"), "x");
  EXPECT_EQ(value.integer_at("count"), 3);
  EXPECT_EQ(value.integer_at("spec", 7), 7);
  value.erase("count");
  value.erase("none");
  EXPECT_EQ(value, Json::object({{"spec", Json::object({{"model", "b"}})}}));
  EXPECT_EQ(Json::object({{"a", 1}, {"a", 2}}), Json::object({{"a", 2}}));
}

TEST(Json, ADoubleThatJsonCannotSayIsNull) {
  EXPECT_EQ(api::write_json(Json::array({std::numeric_limits<double>::infinity(),
                                         std::numeric_limits<double>::quiet_NaN()})),
            "[null,null]");
}

}  // namespace
