// SPDX-License-Identifier: Apache-2.0
#include "api/kinds.hpp"

#include "base/units.hpp"

#include <gtest/gtest.h>

namespace {

using api::Include;
using api::Json;

Json slots_cell(const Json& object) {
  const Json* slots = object.at({"spec", "slots"});
  return slots == nullptr ? Json() : *slots;
}

api::Kind box_kind() {
  api::Kind kind;
  kind.name = "Box";
  kind.plural = "boxes";
  kind.singular = "box";
  kind.columns = {{.name = "Phase", .type = "string", .path = "status.phase"},
                  {.name = "Slots", .type = "integer", .cell = slots_cell, .doc = "How many."},
                  {.name = "Beat", .type = "date", .path = "status.beat"},
                  {.name = "Share", .type = "number", .path = "status.share", .priority = 1}};
  return kind;
}

const base::Instant kNow = *base::parse_rfc3339("2026-01-02T03:04:05Z");

Json box(const std::string& rest) {
  return *api::parse_json(R"({"kind":"Box","metadata":{"name":"a","labels":{"x":"y"},)"
                          R"("creationTimestamp":"2026-01-02T03:00:00Z"},)" +
                          rest + "}");
}

TEST(Table, NameComesFirstAndAgeLast) {
  const Json object = box(
      R"("spec":{"slots":4},"status":{"phase":"Up","beat":"2026-01-02T03:04:00Z","share":0.5})");
  const Json table = api::table_of(box_kind(), {&object}, Include::metadata, kNow, "17");
  EXPECT_EQ(table.text_at("kind"), "Table");
  EXPECT_EQ(table.text_at("apiVersion"), "meta.k8s.io/v1");
  EXPECT_EQ(api::write_json(*table.find("metadata")), R"({"resourceVersion":"17"})");
  EXPECT_EQ(
      api::write_json(*table.find("columnDefinitions")),
      R"([{"description":"The name of the object.","format":"name","name":"Name","priority":0,)"
      R"("type":"string"},)"
      R"({"description":"","format":"","name":"Phase","priority":0,"type":"string"},)"
      R"({"description":"How many.","format":"","name":"Slots","priority":0,"type":"integer"},)"
      R"({"description":"","format":"","name":"Beat","priority":0,"type":"date"},)"
      R"({"description":"","format":"","name":"Share","priority":1,"type":"number"},)"
      R"({"description":"How long ago the object was made.","format":"","name":"Age","priority":0,)"
      R"("type":"date"}])");
  const Json& row = table.find("rows")->items().at(0);
  EXPECT_EQ(api::write_json(*row.find("cells")), R"(["a","Up",4,"5s",0.5,"4m5s"])");
  EXPECT_EQ(api::write_json(*row.find("object")),
            R"({"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadata","metadata":)"
            R"({"creationTimestamp":"2026-01-02T03:00:00Z","labels":{"x":"y"},"name":"a"}})");
}

TEST(Table, WhatIsUnknownOrOfAnotherTypeIsNull) {
  const struct {
    const char* rest;
    const char* cells;
  } cases[] = {
      {R"("spec":{})", R"(["a",null,null,null,null,"4m5s"])"},
      {R"("spec":{"slots":"4"},"status":{"phase":["x"],"beat":5,"share":"much"})",
       R"(["a",null,null,null,null,"4m5s"])"},
      {R"("spec":{"slots":4.5},"status":{"phase":"","beat":"soon","share":1})",
       R"(["a",null,null,null,1,"4m5s"])"},
      {R"("status":{"phase":96,"beat":"2026-01-02T03:05:00Z"})",
       R"(["a","96",null,"0s",null,"4m5s"])"},
      {R"("status":5)", R"(["a",null,null,null,null,"4m5s"])"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.rest);
    const Json object = box(c.rest);
    const Json table = api::table_of(box_kind(), {&object}, Include::none, kNow, "1");
    const Json& row = table.find("rows")->items().at(0);
    EXPECT_EQ(api::write_json(*row.find("cells")), c.cells);
    EXPECT_EQ(row.find("object"), nullptr);
  }
}

TEST(Table, TheWholeObjectComesWhenAskedFor) {
  const Json object = box(R"("spec":{})");
  const Json table = api::table_of(box_kind(), {&object, &object}, Include::object, kNow, "1");
  ASSERT_EQ(table.find("rows")->items().size(), 2U);
  EXPECT_EQ(*table.find("rows")->items()[1].find("object"), object);
}

TEST(Table, ARowIsTextAndEmptyWhereNothingIsKnown) {
  EXPECT_EQ(api::row_of(box_kind(), box(R"("spec":{"slots":4})"), kNow),
            (std::vector<std::string>{"a", "", "4", "", "", "4m5s"}));
  EXPECT_EQ(api::row_of(box_kind(), Json(), kNow), std::vector<std::string>(6));
}

}  // namespace
