// SPDX-License-Identifier: Apache-2.0
#include "api/codec/patch.hpp"

#include "base/dice.hpp"
#include "tests/support/random_value.hpp"

#include <gtest/gtest.h>

namespace {

using api::Json;

Json parsed(const std::string& text) {
  auto value = api::parse_json(text);
  EXPECT_TRUE(value) << text << ": " << value.error().message;
  return value ? *value : Json();
}

// The examples of RFC 7386, appendix A.
TEST(MergePatch, FollowsTheTableOfItsRfc) {
  const struct {
    const char *target, *patch, *result;
  } cases[] = {
      {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
      {R"({"a":"b"})", R"({"a":null})", R"({})"},
      {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
      {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
      {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
      {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
      {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
      {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
      {R"({"a":"foo"})", "null", "null"},
      {R"({"a":"foo"})", R"("bar")", R"("bar")"},
      {R"({"e":null})", R"({"a":1})", R"({"a":1,"e":null})"},
      {"[1,2]", R"({"a":"b","c":null})", R"({"a":"b"})"},
      {"{}", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.patch);
    EXPECT_EQ(api::merge_patched(parsed(c.target), parsed(c.patch)), parsed(c.result));
  }
}

// A patch cannot say null, so values without nulls.
Json without_nulls(const Json& value) {
  Json out = value;
  if (value.is_object())
    for (const auto& [key, member] : value.members())
      if (member.is_null()) out.erase(key);
  if (out.is_object())
    for (auto& member : out.members())
      member.second = without_nulls(member.second);
  return out;
}

TEST(MergePatch, BetweenTwoValuesTurnsOneIntoTheOther) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    base::Dice dice(seed);
    const Json before = without_nulls(support::random_json(dice));
    Json after = without_nulls(support::random_json(dice));
    if (dice.one_in(2) && before.is_object() && after.is_object()) {
      Json mixed = before;  // much in common
      for (const auto& [key, value] : after.members())
        mixed.set(key, value);
      after = mixed;
    }
    const Json patch = api::merge_patch_between(before, after);
    if (before == after) {
      ASSERT_TRUE(patch.is_null());
    } else {
      ASSERT_EQ(api::merge_patched(before, patch), after);
    }
  }
}

TEST(MergePatch, BetweenSaysOnlyWhatDiffers) {
  EXPECT_EQ(api::merge_patch_between(parsed(R"({"a":1,"b":{"c":2,"d":3},"e":[1]})"),
                                     parsed(R"({"a":1,"b":{"c":2,"d":4},"f":5})")),
            parsed(R"({"b":{"d":4},"e":null,"f":5})"));
}

TEST(JsonPatch, EachOperationDoesWhatItsRfcSays) {
  const struct {
    const char *target, *patch, *result;
  } cases[] = {
      {R"({"a":1})", R"([{"op":"add","path":"/b","value":2}])", R"({"a":1,"b":2})"},
      {R"({"a":1})", R"([{"op":"add","path":"/a","value":2}])", R"({"a":2})"},
      {"[1,2]", R"([{"op":"add","path":"/1","value":9}])", "[1,9,2]"},
      {"[1,2]", R"([{"op":"add","path":"/2","value":9}])", "[1,2,9]"},
      {"[1,2]", R"([{"op":"add","path":"/-","value":9}])", "[1,2,9]"},
      {"1", R"([{"op":"add","path":"","value":{"x":1}}])", R"({"x":1})"},
      {R"({"a":1,"b":2})", R"([{"op":"remove","path":"/a"}])", R"({"b":2})"},
      {"[1,2,3]", R"([{"op":"remove","path":"/1"}])", "[1,3]"},
      {R"({"a":{"b":1}})", R"([{"op":"replace","path":"/a/b","value":[2]}])", R"({"a":{"b":[2]}})"},
      {R"({"a":{"x":1},"b":{}})", R"([{"op":"move","from":"/a/x","path":"/b/y"}])",
       R"({"a":{},"b":{"y":1}})"},
      {"[1,2,3]", R"([{"op":"move","from":"/0","path":"/2"}])", "[2,3,1]"},
      {R"({"a":{"x":1}})", R"([{"op":"copy","from":"/a","path":"/b"}])",
       R"({"a":{"x":1},"b":{"x":1}})"},
      {R"({"a":1})", R"([{"op":"test","path":"/a","value":1.0}])", R"({"a":1})"},
      {R"({"a/b":1,"m~n":2})",
       R"([{"op":"test","path":"/a~1b","value":1},{"op":"remove","path":"/m~0n"}])",
       R"({"a/b":1})"},
      {R"({"":{"":1}})", R"([{"op":"replace","path":"//","value":2}])", R"({"":{"":2}})"},
      {R"({"~1":1})", R"([{"op":"remove","path":"/~01"}])", "{}"},
      {R"({"a":null})", R"([{"op":"test","path":"/a","value":null}])", R"({"a":null})"},
      {"{}", "[]", "{}"},
      {"{}", R"([{"op":"add","path":"/a","value":1,"extra":true}])", R"({"a":1})"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.patch);
    const auto result = api::json_patched(parsed(c.target), parsed(c.patch));
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(*result, parsed(c.result));
  }
}

TEST(JsonPatch, WhatFailsIsAConflictAndWhatIsMalformedIsInvalid) {
  using base::Code;
  const struct {
    const char* patch;
    Code code;
  } cases[] = {
      {R"([{"op":"test","path":"/a","value":2}])", Code::conflict},
      {R"([{"op":"test","path":"/none","value":null}])", Code::conflict},
      {R"([{"op":"remove","path":"/none"}])", Code::conflict},
      {R"([{"op":"remove","path":"/l/2"}])", Code::conflict},
      {R"([{"op":"remove","path":"/l/-"}])", Code::conflict},
      {R"([{"op":"replace","path":"/none","value":1}])", Code::conflict},
      {R"([{"op":"add","path":"/x/y","value":1}])", Code::conflict},
      {R"([{"op":"add","path":"/a/y","value":1}])", Code::conflict},
      {R"([{"op":"add","path":"/l/3","value":1}])", Code::conflict},
      {R"([{"op":"add","path":"/l/01","value":1}])", Code::conflict},
      {R"([{"op":"add","path":"/l/+1","value":1}])", Code::conflict},
      {R"([{"op":"add","path":"/l/x","value":1}])", Code::conflict},
      {R"([{"op":"move","from":"/none","path":"/b"}])", Code::conflict},
      {R"([{"op":"move","from":"/o","path":"/o/p"}])", Code::conflict},
      {R"([{"op":"copy","from":"/none","path":"/b"}])", Code::conflict},
      {R"({"op":"add"})", Code::invalid},
      {R"([1])", Code::invalid},
      {R"([{"op":"jump","path":"/a"}])", Code::invalid},
      {R"([{"path":"/a"}])", Code::invalid},
      {R"([{"op":"remove"}])", Code::invalid},
      {R"([{"op":"remove","path":"a"}])", Code::invalid},
      {R"([{"op":"remove","path":"/a~2"}])", Code::invalid},
      {R"([{"op":"remove","path":"/a~"}])", Code::invalid},
      {R"([{"op":"remove","path":5}])", Code::invalid},
      {R"([{"op":"add","path":"/a"}])", Code::invalid},
      {R"([{"op":"move","path":"/a"}])", Code::invalid},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.patch);
    const auto result = api::json_patched(parsed(R"({"a":1,"l":[1,2],"o":{}})"), parsed(c.patch));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, c.code) << result.error().message;
  }
}

TEST(JsonPatch, TheErrorNamesTheOperation) {
  const auto result = api::json_patched(
      parsed(R"({"a":1})"),
      parsed(R"([{"op":"remove","path":"/a"},{"op":"test","path":"/a","value":1}])"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "patch operation 1 (test): the path leads nowhere");
}

TEST(JsonPatch, CopiesAndDepthAreBounded) {
  Json doubling = Json::array();
  for (int i = 0; i < 60; ++i)
    doubling.push(Json::object({{"op", "copy"}, {"from", "/a"}, {"path", "/a/-"}}));
  const auto copied = api::json_patched(parsed(R"({"a":[1]})"), doubling);
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().code, base::Code::invalid);

  Json digging = Json::array();
  std::string path;
  for (int i = 0; i < 40; ++i) {
    path += "/a";
    digging.push(Json::object({{"op", "add"}, {"path", path}, {"value", Json::object()}}));
  }
  const auto deep = api::json_patched(Json::object(), digging);
  ASSERT_FALSE(deep);
  EXPECT_NE(deep.error().message.find("nested deeper than 32"), std::string::npos);
}

}  // namespace
