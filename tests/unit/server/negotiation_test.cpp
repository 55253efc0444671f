// SPDX-License-Identifier: Apache-2.0
#include "controller/server/negotiation.hpp"

#include "controller/server/call.hpp"

#include <gtest/gtest.h>

namespace controller {
namespace {

TEST(Negotiation, TakesTheFirstFormThatItCanServe) {
  const struct {
    const char* accept;
    std::optional<Form> form;
  } cases[] = {
      {"", Form::object},
      {"*/*", Form::object},
      {"application/json", Form::object},
      {"application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;"
       "g=meta.k8s.io,application/json",
       Form::table},
      {"application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", Form::object},
      {"application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", Form::partial},
      {"application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io, application/json",
       Form::partial},
      {"application/vnd.kubernetes.protobuf,application/json", Form::object},
      {"application/vnd.kubernetes.protobuf", std::nullopt},
      {"text/html", std::nullopt},
      {"text/plain, */*", Form::object},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.accept);
    EXPECT_EQ(negotiate(c.accept), c.form);
  }
}

TEST(Negotiation, AggregatedDiscoveryIsForThoseWhoAskFirst) {
  EXPECT_EQ(discovery_form("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
                           "application/json;g=apidiscovery.k8s.io;v=v2beta1;"
                           "as=APIGroupDiscoveryList,application/json"),
            Discovery::aggregated);
  EXPECT_EQ(discovery_form("application/json;g=apidiscovery.k8s.io;v=v2beta1;"
                           "as=APIGroupDiscoveryList,application/json"),
            Discovery::legacy);
  EXPECT_EQ(discovery_form("application/json, */*"), Discovery::legacy);
  EXPECT_EQ(discovery_form(""), Discovery::legacy);
}

TEST(Negotiation, ABodyIsWhatItsTypeSays) {
  EXPECT_EQ(body_type(""), BodyType::json);
  EXPECT_EQ(body_type("application/json; charset=utf-8"), BodyType::json);
  EXPECT_EQ(body_type("application/yaml"), BodyType::yaml);
  EXPECT_EQ(body_type("application/merge-patch+json"), BodyType::merge_patch);
  EXPECT_EQ(body_type("application/json-patch+json"), BodyType::json_patch);
  EXPECT_EQ(body_type("application/apply-patch+yaml"), BodyType::apply_patch);
  EXPECT_EQ(body_type("application/strategic-merge-patch+json"), BodyType::strategic);
  EXPECT_EQ(body_type("application/vnd.kubernetes.protobuf"), BodyType::protobuf);
}

TEST(Warnings, AreOneHeaderWhateverTheySay) {
  EXPECT_EQ(warning_text("unknown field \"spec.x\""), "299 - \"unknown field \\\"spec.x\\\"\"");
  EXPECT_EQ(warning_text("a\nb\x1b[31mc"), "299 - \"a bc\"");
}

TEST(Warnings, AreNoMoreThanAClientTakes) {
  EXPECT_EQ(warning_headers({}), wire::Headers{});
  EXPECT_EQ(warning_headers({"a", "b"}),
            (wire::Headers{{"Warning", "299 - \"a\""}, {"Warning", "299 - \"b\""}}));
  const auto many = warning_headers(std::vector<std::string>(1000, "x"));
  EXPECT_EQ(many.size(), 33U);
  EXPECT_EQ(many.back().value, "299 - \"and 968 more\"");
  const auto long_ones = warning_headers(std::vector<std::string>(9, std::string(900, 'x')));
  EXPECT_EQ(long_ones.size(), 5U);
  EXPECT_EQ(long_ones.back().value, "299 - \"and 5 more\"");
}

}  // namespace
}  // namespace controller
