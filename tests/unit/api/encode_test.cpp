// SPDX-License-Identifier: Apache-2.0
#include "base/dice.hpp"
#include "tests/support/random_value.hpp"
#include "tests/unit/api/sample_types.hpp"

#include <gtest/gtest.h>

namespace {

using api::Json;

TEST(Encode, EveryMemberIsDescribed) {
  EXPECT_EQ(api::members<sample::Step>(), api::type_of<sample::Step>().fields.size());
  EXPECT_EQ(api::members<sample::Probe>(), api::type_of<sample::Probe>().fields.size());
}

TEST(Encode, DecodeGivesBackWhatWasEncoded) {
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    SCOPED_TRACE(seed);
    base::Dice dice(seed);
    const auto value =
        api::from_json<sample::Spec>(support::random_value(api::type_of<sample::Spec>(), dice));
    const Json json = api::to_json(value);
    ASSERT_EQ(api::from_json<sample::Spec>(json), value) << api::write_json(json);
    // Through bytes too: one value has one canonical form.
    const auto again = api::parse_json(api::write_json(json));
    ASSERT_TRUE(again) << again.error().message;
    ASSERT_EQ(*again, json);
  }
}

TEST(Encode, WhatIsEmptyIsLeftOutAndNumbersAreAlwaysThere) {
  EXPECT_EQ(api::write_json(api::to_json(sample::Step{})), "{}");
  EXPECT_EQ(api::write_json(api::to_json(sample::Spec{})),
            R"({"big":0,"machines":1,"paused":false,)"
            R"("readiness":{"failures":4,"http":"/health","period":"2s"},)"
            R"("roles":["server"],"share":1,"small":0,"state":"Hot"})");
}

TEST(Encode, WhatDoesNotFitLeavesTheInitialValue) {
  const struct {
    const char* name;
    const char* json;
  } cases[] = {
      {"no object", "[1]"},
      {"unknown members", R"({"modell":"x","spec":{}})"},
      {"nulls", R"({"model":null,"machines":null,"steps":null,"cap":null,"readiness":null})"},
      {"wrong kinds", R"({"model":1,"machines":"3","paused":"yes","steps":{},"labels":[]})"},
      {"too large for the member", R"({"machines":4294967297,"small":256})"},
      {"negative for an unsigned one", R"({"small":-1})"},
      {"a fraction for an integer", R"({"machines":2.5})"},
      {"an unknown label, a malformed time", R"({"state":"Warm","until":"tomorrow"})"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(api::from_json<sample::Spec>(*api::parse_json(c.json)), sample::Spec{});
  }
}

TEST(Encode, NumbersKeepTheirWidthAndSign) {
  const auto value = api::from_json<sample::Spec>(
      *api::parse_json(R"({"machines":-5,"small":255,"big":-9223372036854775808,"share":0.25})"));
  EXPECT_EQ(value.machines, -5);
  EXPECT_EQ(value.small, 255);
  EXPECT_EQ(value.big, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(value.share, 0.25);
  const Json json = api::to_json(value);
  EXPECT_EQ(json.integer_at("machines"), -5);
  EXPECT_EQ(json.integer_at("small"), 255);
}

TEST(Encode, AQuantityKeepsItsTextAlsoWhenItIsABareNumber) {
  const auto value = api::from_json<sample::Spec>(*api::parse_json(R"({"memory":68})"));
  EXPECT_EQ(value.memory.text, "68");
  EXPECT_EQ(value.memory.value(), 68);
  EXPECT_EQ(api::from_json<sample::Spec>(Json::object({{"memory", "96G"}})).memory.text, "96G");
}

TEST(Encode, ATimeIsWholeSecondsInUtc) {
  const auto value =
      api::from_json<sample::Spec>(Json::object({{"until", "2026-11-25T20:00:00.5+02:00"}}));
  EXPECT_EQ(api::to_json(value).text_at("until"), "2026-11-25T18:00:00Z");
}

TEST(Encode, AnEmptyListStaysEmptyWhereTheInitialOneIsNot) {
  sample::Spec value;
  value.roles.clear();
  const Json json = api::to_json(value);
  ASSERT_NE(json.find("roles"), nullptr);
  EXPECT_EQ(api::from_json<sample::Spec>(json), value);
}

TEST(Encode, AListReplacesTheInitialOne) {
  sample::Spec value;
  value.aliases = {"a", "b"};
  api::decode(*api::parse_json(R"({"aliases":["c"]})"), api::type_of<sample::Spec>(), &value);
  EXPECT_EQ(value.aliases, std::vector<std::string>{"c"});
}

}  // namespace
