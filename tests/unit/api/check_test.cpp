// SPDX-License-Identifier: Apache-2.0
#include "api/codec/check.hpp"

#include "base/dice.hpp"
#include "tests/support/random_value.hpp"
#include "tests/unit/api/sample_types.hpp"

#include <gtest/gtest.h>

namespace {

using api::Json;
using api::Unknown;
using Reason = api::Finding::Reason;

const api::Type& spec_type() {
  return api::type_of<sample::Spec>();
}

// The complaints about a spec that is right but for `json`.
std::string complaints(const std::string& json, Unknown unknown = Unknown::refuse) {
  const auto value = api::parse_json(json);
  return value ? api::text_of(api::check(*value, spec_type(), "spec", unknown))
               : value.error().message;
}

TEST(Check, EachComplaintSaysWhereAndWhat) {
  const struct {
    const char* members;
    std::string complaint;
  } cases[] = {
      {R"("machines":2)", ""},
      {R"("machnes":2)", R"(spec.machnes: unknown field; did you mean "machines"?)"},
      {R"("zzzzzzzz":2)", "spec.zzzzzzzz: unknown field"},
      {R"("machines":0)", "spec.machines: Invalid value: 0: must be greater than or equal to 1"},
      {R"("machines":9)", "spec.machines: Invalid value: 9: must be less than or equal to 8"},
      {R"("machines":"010")",
       R"(spec.machines: Invalid value: "string": must be of type integer: "010")"},
      {R"("machines":1e3)",
       R"(spec.machines: Invalid value: "number": must be of type integer: 1000.0)"},
      {R"("machines":null)", R"(spec.machines: Invalid value: "null": must be of type integer)"},
      {R"("machines":[1])", R"(spec.machines: Invalid value: "array": must be of type integer)"},
      {R"("small":256)", "spec.small: Invalid value: 256: must be less than or equal to 255"},
      {R"("small":-1)", "spec.small: Invalid value: -1: must be greater than or equal to 0"},
      {R"("big":9223372036854775807)", ""},
      {R"("share":1.5)", "spec.share: Invalid value: 1.5: must be less than or equal to 1"},
      {R"("share":1)", ""},
      {R"("share":"x")", R"(spec.share: Invalid value: "string": must be of type number: "x")"},
      {R"("paused":"no")",
       R"(spec.paused: Invalid value: "string": must be of type boolean: "no")"},
      {R"("state":"Nope")",
       R"(spec.state: Unsupported value: "Nope": supported values: "Hot", "Present", "Stopped")"},
      {R"("state":5)", R"(spec.state: Invalid value: "integer": must be of type string: 5)"},
      {R"("memory":"96G")", ""},
      {R"("memory":68)", ""},
      {R"("memory":"lots")",
       R"(spec.memory: Invalid value: "lots": must be a quantity such as 96G, 45Gi or 500)"},
      {R"("memory":-5)", "spec.memory: Invalid value: -5: must be greater than or equal to 0"},
      {R"("timeout":"90s")", ""},
      {R"("timeout":"soon")",
       R"(spec.timeout: Invalid value: "soon": must be a duration such as 15s, 45m or 1h30m)"},
      {R"("until":"2026-11-25T18:00:00Z")", ""},
      {R"("until":"tomorrow")",
       R"(spec.until: Invalid value: "tomorrow": must be a time such as 2026-01-02T03:04:05Z)"},
      {R"("cap":null)", ""},
      {R"("cap":1001)", "spec.cap: Invalid value: 1001: must be less than or equal to 1000"},
      {R"("liveness":{"failures":0})",
       "spec.liveness.failures: Invalid value: 0: must be greater than or equal to 1"},
      {R"("steps":{})", R"(spec.steps: Invalid value: "object": must be of type array)"},
      {R"("steps":[{"name":"a","command":["x"]},{"name":"b"}])",
       "spec.steps[1].command: Required value"},
      {R"("steps":[{"name":"a","command":[]}])", "spec.steps[0].command: Required value"},
      {R"("steps":[{"name":"","command":["x"]}])", "spec.steps[0].name: Required value"},
      {R"("seeds":[1,100])", "spec.seeds[1]: Invalid value: 100: must be less than or equal to 99"},
      {R"("labels":{"a.b/c":1})",
       R"(spec.labels["a.b/c"]: Invalid value: "integer": must be of type string: 1)"},
      {R"("named":{"x":{"name":"a","command":["x"],"comand":1}})",
       R"(spec.named.x.comand: unknown field; did you mean "command"?)"},
      {R"("extra":{"what":["ever",null]})", ""},
      {R"("tasks":["a b","é"])", ""},
      {R"("tasks":["a\nb"])",
       R"(spec.tasks[0]: Invalid value: "a\nb": must be 1 to 200 bytes without control )"
       "characters"},
      {R"("machines":2,"machine":"a")",
       "spec.machine: Forbidden: may not be set for several machines"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.members);
    EXPECT_EQ(complaints("{\"model\":\"m\"," + std::string(c.members) + "}"), c.complaint);
  }
}

TEST(Check, NamesFollowOneGrammar) {
  const std::string wrong[] = {"../../etc", "a/b",  "-rf", "A",    std::string(64, 'a'),
                               "\xd0\xb0",  "a.",   "a-",  "😀",    "a b",
                               "a.b",       "a\nb", "_a",  "$HOME"};
  for (const auto& name : wrong) {
    SCOPED_TRACE(name);
    const auto findings =
        api::check(Json::object({{"model", name}}), spec_type(), "spec", Unknown::refuse);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].path, "spec.model");
    EXPECT_EQ(findings[0].reason, Reason::invalid);
    EXPECT_NE(findings[0].message.find("must consist of lower case letters"), std::string::npos);
  }
  for (const auto& name : {std::string("con"), std::string("a-0"), std::string(63, 'a')}) {
    SCOPED_TRACE(name);
    EXPECT_EQ(complaints("{\"model\":\"" + name + "\"}"), "");
  }
}

TEST(Check, AllComplaintsComeAtOnceInTheOrderOfTheValue) {
  EXPECT_EQ(complaints(R"({"machnes":2,"paused":1,"small":-1,"steps":[{},5]})"),
            R"(spec.machnes: unknown field; did you mean "machines"?; )"
            R"(spec.paused: Invalid value: "integer": must be of type boolean: 1; )"
            R"(spec.small: Invalid value: -1: must be greater than or equal to 0; )"
            R"(spec.steps[0].name: Required value; spec.steps[0].command: Required value; )"
            R"(spec.steps[1]: Invalid value: "integer": must be of type object: 5; )"
            R"(spec.model: Required value)");
}

TEST(Check, RulesOfARecordWaitUntilItIsWhole) {
  EXPECT_EQ(complaints(R"({"model":"m","machines":9,"machine":"a"})"),
            "spec.machines: Invalid value: 9: must be less than or equal to 8");
}

TEST(Check, ReasonsSayWhatKindOfComplaintItIs) {
  const struct {
    const char* json;
    Reason reason;
  } cases[] = {
      {R"({})", Reason::required},
      {R"({"model":"m","x":1})", Reason::unknown_field},
      {R"({"model":"m","state":"x"})", Reason::not_supported},
      {R"({"model":"m","big":"x"})", Reason::wrong_type},
      {R"({"model":"m","machines":0})", Reason::invalid},
      {R"({"model":"m","machines":2,"machine":"a"})", Reason::forbidden},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.json);
    const auto findings = api::check(*api::parse_json(c.json), spec_type(), "", Unknown::refuse);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].reason, c.reason);
  }
}

TEST(Check, UnknownFieldsMayBeIgnored) {
  EXPECT_EQ(complaints(R"({"model":"m","machnes":2,"steps":[{"name":"a","command":["x"],"y":1}]})",
                       Unknown::ignore),
            "");
}

TEST(Check, TextsAndListsAreBounded) {
  Json spec = Json::object({{"model", "m"}});
  spec.set("group", std::string(16 * 1024 + 1, 'x'));
  EXPECT_EQ(api::text_of(api::check(spec, spec_type(), "", Unknown::refuse)),
            "group: Too long: may not be more than 16384 bytes");

  spec = Json::object({{"model", "m"}, {"group", std::string("a\0b", 3)}});
  EXPECT_NE(api::text_of(api::check(spec, spec_type(), "", Unknown::refuse)).find("NUL"),
            std::string::npos);
  spec = Json::object({{"model", "m"}, {"group", "a\xff"}});
  EXPECT_NE(api::text_of(api::check(spec, spec_type(), "", Unknown::refuse)).find("UTF-8"),
            std::string::npos);

  Json step = Json::object({{"name", "a"}, {"command", Json::array()}});
  for (int i = 0; i < 129; ++i)
    step["command"].push("x");
  spec = Json::object({{"model", "m"}, {"steps", Json::array({step})}});
  EXPECT_EQ(api::text_of(api::check(spec, spec_type(), "", Unknown::refuse)),
            "steps[0].command: Too many: 129: must have at most 128 items");

  step["command"] = Json::array({std::string(4097, 'x')});
  spec = Json::object({{"model", "m"}, {"steps", Json::array({step})}});
  EXPECT_EQ(api::text_of(api::check(spec, spec_type(), "", Unknown::refuse)),
            "steps[0].command[0]: Too long: may not be more than 4096 bytes");

  step["command"] = Json::array({"--api-key=x;rm -rf /"});
  spec = Json::object({{"model", "m"}, {"steps", Json::array({step, step, step, step})}});
  EXPECT_EQ(api::text_of(api::check(spec, spec_type(), "", Unknown::refuse)),
            "steps: Too many: 4: must have at most 3 items");

  // Only argument vectors are that short.
  spec = Json::object({{"model", "m"}, {"tasks", Json::array()}});
  for (int i = 0; i < 5000; ++i)
    spec["tasks"].push("task-" + std::to_string(i));
  EXPECT_EQ(api::text_of(api::check(spec, spec_type(), "", Unknown::refuse)), "");
  spec["tasks"] = Json::array({std::string(201, 'x')});
  EXPECT_NE(api::text_of(api::check(spec, spec_type(), "", Unknown::refuse)).find("1 to 200 bytes"),
            std::string::npos);
}

TEST(Check, AHostileValueCostsNoMoreThanItIsLong) {
  Json spec = Json::object({{"model", "m"}});
  for (int i = 0; i < 50'000; ++i)
    spec.members().emplace_back("x" + std::to_string(1'000'000 + i) + std::string(60, 'y'), 1);
  std::sort(spec.members().begin(), spec.members().end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  EXPECT_EQ(api::check(spec, spec_type(), "", Unknown::refuse).size(), 256U);

  const Json wide = Json::object({{std::string(1'000'000, 'k'), 1}, {"model", "m"}});
  const auto findings = api::check(wide, spec_type(), "", Unknown::refuse);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_LT(findings[0].path.size(), 200U);
}

TEST(Check, RandomValuesOfATypePassAndADamagedOneDoesNot) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    base::Dice dice(seed);
    Json value = support::random_value(spec_type(), dice);
    value.erase("machine");  // the one rule across fields
    ASSERT_EQ(api::text_of(api::check(value, spec_type(), "spec", Unknown::refuse)), "");

    const auto& members = value.members();
    const auto& [key, member] =
        members[static_cast<std::size_t>(dice.upto(static_cast<std::int64_t>(members.size())))];
    if (key == "extra") continue;
    Json damaged = value;
    damaged.set(key, member.is_boolean() ? Json(5) : Json(false));
    const auto findings = api::check(damaged, spec_type(), "spec", Unknown::refuse);
    ASSERT_EQ(findings.size(), 1U) << key;
    ASSERT_EQ(findings[0].path, "spec." + key);
    ASSERT_EQ(findings[0].reason, Reason::wrong_type);
  }
}

TEST(Prune, UnknownMembersAndNullsGoAndUnknownOnesAreTold) {
  Json value = *api::parse_json(
      R"({"model":"m","modle":1,"cap":null,"machines":null,"steps":[{"name":"a","x":1}],)"
      R"("labels":{"a":null,"b":"c"},"named":{"n":{"y":1}},"extra":{"k":null},)"
      R"("liveness":{"z":1}})");
  const auto dropped = api::prune(value, spec_type(), "spec");
  EXPECT_EQ(api::text_of(dropped),
            R"(spec.liveness.z: unknown field; spec.modle: unknown field; did you mean "model"?; )"
            "spec.named.n.y: unknown field; spec.steps[0].x: unknown field");
  EXPECT_EQ(api::write_json(value),
            R"({"extra":{"k":null},"labels":{"b":"c"},"liveness":{},"model":"m",)"
            R"("named":{"n":{}},"steps":[{"name":"a"}]})");
  EXPECT_TRUE(api::prune(value, spec_type(), "spec").empty());
}

TEST(Defaults, AreWrittenWhereSomethingIsAbsentAndInPresentRecordsOnly) {
  const struct {
    const char* before;
    const char* after;
  } cases[] = {
      {R"({"model":"m"})",
       R"({"machines":1,"model":"m","readiness":{"failures":4,"http":"/health","period":"2s"},)"
       R"("roles":["server"],"state":"Hot"})"},
      {R"({"machines":3,"readiness":{"failures":1,"http":null},"roles":[],"state":"Stopped"})",
       R"({"machines":3,"readiness":{"failures":1,"http":"/health","period":"2s"},)"
       R"("roles":[],"state":"Stopped"})"},
      {R"({"liveness":{"period":"1s"},"machines":2,)"
       R"("readiness":{"failures":1,"http":"/","period":"9s"},"roles":["x"],"state":"Hot"})",
       R"({"liveness":{"failures":4,"http":"/health","period":"1s"},"machines":2,)"
       R"("readiness":{"failures":1,"http":"/","period":"9s"},"roles":["x"],"state":"Hot"})"},
      {"5", "5"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.before);
    Json value = *api::parse_json(c.before);
    api::fill_defaults(value, spec_type());
    EXPECT_EQ(api::write_json(value), c.after);
    const Json once = value;
    api::fill_defaults(value, spec_type());
    EXPECT_EQ(value, once);
  }
}

TEST(Immutable, OnlyAChangeOfAnImmutableFieldIsRefused) {
  const struct {
    const char* before;
    const char* after;
    const char* complaint;
  } cases[] = {
      {R"({"group":"a","machines":1})", R"({"group":"a","machines":2})", ""},
      {R"({"group":"a"})", R"({"group":"b"})",
       R"(spec.group: Invalid value: "b": field is immutable)"},
      {R"({"group":"a"})", R"({})", "spec.group: Invalid value: null: field is immutable"},
      {R"({})", R"({"group":"a"})", R"(spec.group: Invalid value: "a": field is immutable)"},
      {R"({})", R"({})", ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.after);
    EXPECT_EQ(api::text_of(api::immutable_changes(*api::parse_json(c.before),
                                                  *api::parse_json(c.after), spec_type(), "spec")),
              c.complaint);
  }
}

}  // namespace
