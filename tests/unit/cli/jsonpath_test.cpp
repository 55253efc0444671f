// SPDX-License-Identifier: Apache-2.0
#include "cli/jsonpath.hpp"

#include "cli/wish.hpp"

#include <gtest/gtest.h>

namespace cli {
namespace {

const char* const kObject = R"({
  "metadata": {"name": "a", "generation": 2, "labels": {"x.y/z": "w"}},
  "spec": {"list": ["p", "q"], "none": null, "empty": ""},
  "status": {"phase": "Running", "attempt": 3, "conditions": [
    {"type": "Ready", "status": "True", "observedGeneration": 2},
    {"type": "Placed", "status": "False", "observedGeneration": 2},
    {"type": "Old", "status": "True", "observedGeneration": 1},
    {"type": "Plain", "status": "True"}]}})";

api::Json object() {
  return *api::parse_json(kObject);
}

TEST(JsonPath, FindsOneValue) {
  struct Case {
    std::string path, value;
  };
  const Case cases[] = {
      {"{.status.phase}", "Running"},
      {".status.phase", "Running"},
      {"status.phase", "Running"},
      {"{$.status.attempt}", "3"},
      {"{.spec.list[1]}", "q"},
      {"{.metadata.labels['x.y/z']}", "w"},
      {"{['status']['phase']}", "Running"},
      {R"({.status.conditions[?(@.type=="Placed")].status})", "False"},
      {"{.status.conditions[?(@.type=='Ready')].status}", "True"},
      {"{.spec.list}", R"(["p","q"])"},
  };
  const auto value = object();
  for (const auto& c : cases) {
    SCOPED_TRACE(c.path);
    const auto path = JsonPath::parse(c.path);
    ASSERT_TRUE(path) << path.error().message;
    const auto* found = path->find(value);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(bare_text(*found), c.value);
  }
}

TEST(JsonPath, FindsNothingWhereThereIsNothing) {
  const auto value = object();
  for (const auto* text : {".status.absent", ".spec.list[2]", ".status.phase.x", ".status[0]",
                           ".status.conditions[?(@.type==\"No\")].status"}) {
    SCOPED_TRACE(text);
    const auto path = JsonPath::parse(text);
    ASSERT_TRUE(path);
    EXPECT_EQ(path->find(value), nullptr);
  }
}

TEST(JsonPath, RefusesWhatItDoesNotUnderstand) {
  for (const auto* text : {"", "{}", "{.}", "{.a..b}", "{.a[*]}", "{.a[-1]}", "{.a[1}", "{.a} {.b}",
                           "{.a[?(@.b>1)]}", "{range .items[*]}"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(JsonPath::parse(text));
  }
}

TEST(Wish, IsFulfilledOrNot) {
  struct Case {
    std::string wish;
    bool fulfilled;
  };
  const Case cases[] = {
      {"condition=Ready", true},
      {"condition=ready=true", true},
      {"condition=Ready=False", false},
      {"condition=Placed=False", true},
      {"condition=Absent", false},
      {"condition=Plain", true},
      {"condition=Old", false},  // it speaks of an older spec
      {"jsonpath={.status.phase}=Running", true},
      {"jsonpath={.status.phase}=Succeeded", false},
      {"jsonpath={.status.phase}", true},
      {"jsonpath={.status.attempt}=3", true},
      {"jsonpath=.status.phase=Running", true},
      {R"(jsonpath={.status.conditions[?(@.type=="Ready")].status}=True)", true},
      {"jsonpath={.spec.none}", false},
      {"jsonpath={.spec.empty}", false},
      {"jsonpath={.spec.empty}=", true},
      {"create", true},
      {"delete", false},
  };
  const auto value = object();
  for (const auto& c : cases) {
    SCOPED_TRACE(c.wish);
    const auto found = parse_wish(c.wish);
    ASSERT_FALSE(found.failure) << found.failure->message;
    EXPECT_EQ(fulfilled(found.wish, &value), c.fulfilled);
    EXPECT_EQ(fulfilled(found.wish, nullptr), c.wish == "delete");
  }
}

TEST(Wish, RefusesOtherForms) {
  for (const auto* text : {"", "Ready", "condition=", "condition==True", "condition=A=B=C",
                           "jsonpath=", "jsonpath={.a", "deleted"}) {
    SCOPED_TRACE(text);
    const auto found = parse_wish(text);
    ASSERT_TRUE(found.failure);
    EXPECT_EQ(found.failure->exit, base::Exit::usage);
  }
}

}  // namespace
}  // namespace cli
