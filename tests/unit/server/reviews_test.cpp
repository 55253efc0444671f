// SPDX-License-Identifier: Apache-2.0
#include "controller/server/reviews.hpp"

#include "controller/server/protobuf.hpp"

#include <gtest/gtest.h>

namespace controller {
namespace {

using Rank = Identity::Rank;

const Identity kViewer{Rank::viewer, "vic", {"orch:viewers"}, "", false};
const Identity kOperator{Rank::writer, "olga", {"orch:operators"}, "", false};
const Identity kAdmin{Rank::admin, "ann", {"orch:admins"}, "", false};

/// Who of viewer, operator and admin may, as "v", "o" and "a".
std::string who_may(const Wish& wish) {
  std::string out;
  if (why_not(kViewer, wish).empty()) out += 'v';
  if (why_not(kOperator, wish).empty()) out += 'o';
  if (why_not(kAdmin, wish).empty()) out += 'a';
  return out;
}

TEST(Reviews, SayWhatTheDoorWouldSay) {
  const struct {
    Wish wish;
    const char* may;
  } cases[] = {
      {{"get", "orch", "models", "", "", ""}, "voa"},
      {{"watch", "orch", "models", "", "tiny", ""}, "voa"},
      {{"create", "orch", "models", "", "", ""}, "oa"},
      {{"deletecollection", "orch", "models", "", "", ""}, "oa"},
      {{"get", "orch", "models", "status", "", ""}, "voa"},
      {{"update", "orch", "models", "status", "", ""}, "a"},
      {{"get", "orch", "benchruns", "log", "", ""}, "voa"},
      {{"create", "orch", "machines", "token", "box1", ""}, "a"},
      {{"*", "orch", "models", "", "", ""}, "oa"},
      {{"*", "*", "*", "", "", ""}, "a"},
      {{"list", "*", "*", "", "", ""}, "voa"},
      {{"list", "", "events", "", "", ""}, "voa"},
      {{"get", "", "events", "", "", ""}, "voa"},
      {{"get", "", "pods", "", "", ""}, ""},
      {{"create", "", "events", "", "", ""}, ""},
      {{"get", "apps", "models", "", "", ""}, ""},
      {{"list", "orch", "models", "status", "", ""}, ""},
      {{"fly", "orch", "models", "", "", ""}, ""},
      {{"", "", "", "", "", ""}, ""},
      {{"get", "", "", "", "", "/metrics"}, "voa"},
      {{"get", "", "", "", "", "/agent/v1/machines/box1/assignment"}, "a"},
      {{"post", "", "", "", "", "/admin/v1/snapshot"}, ""},
      {{"get", "", "", "", "", "/openapi/*"}, "voa"},
      {{"get", "", "", "", "", "/nowhere"}, ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.wish.verb + " " + c.wish.group + " " + c.wish.resource + " " +
                 c.wish.subresource + c.wish.path);
    EXPECT_EQ(who_may(c.wish), c.may);
  }
}

TEST(Reviews, SayWhyNot) {
  EXPECT_NE(
      why_not(kViewer, {"create", "orch", "models", "", "", ""}).find("\"vic\" cannot create"),
      std::string::npos);
  EXPECT_EQ(why_not(kViewer, {"get", "", "pods", "", "", ""}),
            "there is nothing to get at \"pods\" in API group \"\"");
}

TEST(Reviews, ListWhatOneMay) {
  const auto rules = api::write_json(rules_of(kViewer));
  EXPECT_NE(rules.find(R"("benches","benchruns"],"verbs":["get","list","watch"])"),
            std::string::npos)
      << rules;
  EXPECT_EQ(rules.find("create"), std::string::npos) << rules;
  EXPECT_NE(rules.find("/metrics"), std::string::npos);
  EXPECT_NE(api::write_json(rules_of(kAdmin)).find("machines/token"), std::string::npos);
}

std::string bytes_of(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}

// What kubectl 1.35 sends for `auth can-i --list`.
const std::string kRulesReview = bytes_of(
    "6b3873000a310a17617574686f72697a6174696f6e2e6b38732e696f2f7631121653656c665375626a65637452756c"
    "657352657669657712230a100a0012001a0022002a0032003800420012090a0764656661756c741a04180022001a00"
    "2200");

Call call_with(std::string body, std::string type) {
  Call call;
  call.request.body = std::move(body);
  call.request.headers = {{"Content-Type", std::move(type)}};
  return call;
}

TEST(Reviews, AreReadFromProtobufAndFromJson) {
  const std::string version = "authorization.k8s.io/v1";
  const auto spec = [&](const Call& call, const std::string& kind) -> std::string {
    const auto read = read_review(call, version, kind);
    if (const auto* refused = std::get_if<Rejection>(&read)) return refused->message;
    return api::write_json(std::get<api::Json>(read));
  };
  const std::string proto = "application/vnd.kubernetes.protobuf";
  EXPECT_EQ(spec(call_with(kRulesReview, proto), "SelfSubjectRulesReview"),
            R"({"namespace":"default"})");
  EXPECT_NE(spec(call_with(kRulesReview, proto), "SelfSubjectAccessReview").find("not \"SelfSubj"),
            std::string::npos);
  // Any cut of it is refused or says less; none is read beyond its end.
  for (std::size_t size = 0; size < kRulesReview.size(); ++size) {
    SCOPED_TRACE(size);
    spec(call_with(kRulesReview.substr(0, size), proto), "SelfSubjectRulesReview");
  }
  EXPECT_EQ(spec(call_with(R"({"apiVersion":"authorization.k8s.io/v1","kind":)"
                           R"("SelfSubjectAccessReview","spec":{"a":1}})",
                           "application/json"),
                 "SelfSubjectAccessReview"),
            R"({"a":1})");
  EXPECT_NE(spec(call_with("{}", "application/json"), "SelfSubjectAccessReview").find("expected a"),
            std::string::npos);
}

TEST(Protobuf, MalformedBytesAreRefused) {
  for (const std::string_view hex : {"0a", "0a05", "0a0561", "00", "0d00000000", "0900", "ffffffff",
                                     "0affffffffffffffffffff01", "f2ffffffffffffffffff0100"}) {
    SCOPED_TRACE(hex);
    EXPECT_FALSE(read_protobuf(bytes_of(hex)));
  }
  const auto fields = read_protobuf("\x08\x07\x12\x02hi\x1a\x01x\x1a\x01y");
  ASSERT_TRUE(fields);
  EXPECT_EQ(*fields, (ProtoFields{{2, "hi"}, {3, "y"}}));
}

}  // namespace
}  // namespace controller
