// SPDX-License-Identifier: Apache-2.0
#include "api/codec/openapi.hpp"

#include "api/kinds.hpp"
#include "tests/unit/api/sample_types.hpp"

#include <gtest/gtest.h>

namespace {

using api::Json;

std::string schema_text(std::string_view field) {
  const Json schema = api::schema_of(api::type_of<sample::Spec>());
  return api::write_json(*schema.at({"properties", field}));
}

TEST(Schema, SaysWhatTheDescriptionSays) {
  const struct {
    const char* field;
    const char* schema;
  } cases[] = {
      {"machines",
       R"({"default":1,"description":"Claimed together.","format":"int32","maximum":8,"minimum":1,)"
       R"("type":"integer"})"},
      {"state", R"({"default":"Hot","description":"What should be true.","enum":["Hot","Present",)"
                R"("Stopped"],"type":"string"})"},
      {"big", R"({"description":"A large number.","format":"int64","type":"integer"})"},
      {"cap", R"({"description":"A bound, if any.","format":"int64","maximum":1000,"minimum":0,)"
              R"("type":"integer"})"},
      {"until", R"({"description":"Until when.","format":"date-time","type":"string"})"},
      {"labels",
       R"({"additionalProperties":{"type":"string"},"description":"Free words.","type":"object"})"},
      {"seeds",
       R"({"description":"One a repeat.","items":{"format":"int64","maximum":99,"minimum":0,)"
       R"("type":"integer"},"type":"array"})"},
      {"aliases",
       R"({"description":"What people type.","items":{"maxLength":63,)"
       R"("pattern":"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$","type":"string"},"type":"array"})"},
      {"extra", R"({"description":"Whatever.","x-kubernetes-preserve-unknown-fields":true})"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.field);
    EXPECT_EQ(schema_text(c.field), c.schema);
  }
  const Json schema = api::schema_of(api::type_of<sample::Spec>());
  EXPECT_EQ(api::write_json(*schema.find("required")), R"(["model"])");
  EXPECT_EQ(schema.text_at("description"), "A bit of everything.");
  const Json* steps = schema.at({"properties", "steps"});
  EXPECT_EQ(steps->integer_at("maxItems"), 3);
  EXPECT_EQ(api::write_json(*steps->at({"items", "required"})), R"(["name","command"])");
}

TEST(OpenApi, HasThePatchOperationThatKubectlLooksForAndOnlyOpenKinds) {
  std::vector<api::Kind> kinds(3);
  kinds[0].name = "Box";
  kinds[0].plural = "boxes";
  kinds[0].doc = "A box.";
  kinds[0].spec = &api::type_of<sample::Spec>();
  kinds[1] = kinds[0];
  kinds[1].name = "Hidden";
  kinds[1].plural = "hiddens";
  kinds[1].door = api::Kind::Door::internal;
  kinds[2].name = "Bare";
  kinds[2].plural = "bares";
  const Json doc = api::openapi_v3_of(kinds);

  const Json& paths = *doc.find("paths");
  ASSERT_EQ(paths.members().size(), 1U);
  const Json* patch = paths.at({"/apis/orch/v1/boxes/{name}", "patch"});
  ASSERT_NE(patch, nullptr);
  const std::string gvk = R"({"group":"orch","kind":"Box","version":"v1"})";
  EXPECT_EQ(api::write_json(*patch->find("x-kubernetes-group-version-kind")), gvk);
  bool validates = false;
  for (const auto& parameter : patch->find("parameters")->items())
    validates = validates || (parameter.text_at("name") == "fieldValidation" &&
                              parameter.text_at("in") == "query");
  EXPECT_TRUE(validates);
  EXPECT_EQ(api::write_json(doc).find("strategic"), std::string::npos);

  const Json* box = doc.at({"components", "schemas", "orch.v1.Box"});
  ASSERT_NE(box, nullptr);
  EXPECT_EQ(api::write_json(*box->find("x-kubernetes-group-version-kind")), "[" + gvk + "]");
  EXPECT_EQ(box->text_at("description"), "A box.");
  EXPECT_NE(box->at({"properties", "spec", "properties", "model"}), nullptr);
  EXPECT_EQ(box->at({"properties", "status"}), nullptr);
}

TEST(Explain, ShowsTheFieldsAtAPath) {
  const auto text = api::explain("Box", api::type_of<sample::Spec>(), "steps");
  ASSERT_TRUE(text);
  EXPECT_EQ(*text,
            "KIND: Box\n"
            "FIELD: steps <[]Step>\n"
            "\n"
            "DESCRIPTION:\n"
            "  One after the other.\n"
            "  (from 0 to 3)\n"
            "  One command of several.\n"
            "\n"
            "FIELDS:\n"
            "  name <string> -required-\n"
            "    What it is called.\n"
            "\n"
            "  command <[]string> -required-\n"
            "    The argument vector.\n");
}

TEST(Explain, GoesThroughListsAndMapsAndShowsLeaves) {
  const auto& type = api::type_of<sample::Spec>();
  const struct {
    const char* path;
    const char* part;
  } cases[] = {
      {"", "DESCRIPTION:\n  A bit of everything.\n"},
      {"", "  model <string> -required- -name of a Model-\n    Catalogue name of the model.\n"},
      {"", "  named <map[string]Step>\n"},
      {"named.command", "FIELD: named.command <[]string> -required-\n"},
      {"liveness.failures", "FIELD: liveness.failures <integer> -default 4-\n"},
      {"liveness.failures", "(from 1 to 100)\n"},
      {"state", "(one of Hot, Present, Stopped)\n"},
      {"group", "-immutable-"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.part);
    const auto text = api::explain("Box", type, c.path);
    ASSERT_TRUE(text);
    EXPECT_NE(text->find(c.part), std::string::npos) << *text;
  }
}

TEST(Explain, AnUnknownNameBringsTheNearestOne) {
  const auto text = api::explain("Box", api::type_of<sample::Spec>(), "steps.comand");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, base::Code::not_found);
  EXPECT_EQ(text.error().message,
            R"(explain: no field "comand" in "steps"; did you mean "command"?)");
  EXPECT_FALSE(api::explain("Box", api::type_of<sample::Spec>(), "model.x"));
}

}  // namespace
