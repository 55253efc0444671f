// SPDX-License-Identifier: Apache-2.0
#include "controller/server/selectors.hpp"

#include <gtest/gtest.h>

namespace controller {
namespace {

using api::Json;

Json box(const std::string& labels) {
  return *api::parse_json(R"({"metadata":{"name":"box1","labels":)" + labels + "}}");
}

TEST(LabelSelector, LetsThroughWhatItSays) {
  const auto object = box(R"({"zone":"a","gpu":"","slots":"4"})");
  const struct {
    const char* selector;
    bool matches;
  } cases[] = {
      {"", true},
      {"zone=a", true},
      {"zone==a", true},
      {"zone=b", false},
      {"zone!=b", true},
      {"missing!=b", true},
      {"zone in (a, b)", true},
      {"zone in (b,c)", false},
      {"zone notin (b,c)", true},
      {"missing notin (b)", true},
      {"zone notin (a)", false},
      {"gpu", true},
      {"!gpu", false},
      {"!missing", true},
      {"gpu=", true},
      {"slots>3", true},
      {"slots > 4", false},
      {"slots<5", true},
      {"zone<5", false},
      {"zone=a,slots=4", true},
      {"zone=a,slots=5", false},
      {" zone = a , !missing ", true},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.selector);
    const auto parsed = parse_labels(c.selector);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ((Selector{*parsed, {}}.matches(object)), c.matches);
  }
}

TEST(LabelSelector, RefusesWhatItCannotRead) {
  for (const char* text : {"=a", "zone=a,", "zone in a", "zone in (a", "zone a", "a,,b", "slots>x",
                           "zone=a b", "!", "(a)"}) {
    SCOPED_TRACE(text);
    const auto parsed = parse_labels(text);
    ASSERT_FALSE(parsed);
    EXPECT_NE(parsed.error().message.find("unable to parse"), std::string::npos);
  }
}

TEST(FieldSelector, LooksAtKnownFieldsOnly) {
  const auto event = *api::parse_json(
      R"({"metadata":{"name":"e1","namespace":"default"},"reason":"Started","type":"Normal",)"
      R"("involvedObject":{"kind":"Machine","name":"box1","uid":"u1"}})");
  const struct {
    const char* selector;
    bool matches;
  } cases[] = {
      {"involvedObject.name=box1,involvedObject.namespace=,involvedObject.kind=Machine", true},
      {"involvedObject.uid=u1", true},
      {"involvedObject.uid!=u1", false},
      {"reason==Started", true},
      {"type=Warning", false},
      {"metadata.namespace=default", true},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.selector);
    const auto parsed = parse_fields(c.selector, event_fields());
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ((Selector{{}, *parsed}.matches(event)), c.matches);
  }
  const auto unknown = parse_fields("spec.slots=1", object_fields());
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().message, "field label not supported: spec.slots");
  EXPECT_FALSE(parse_fields("metadata.name", object_fields()));
}

}  // namespace
}  // namespace controller
