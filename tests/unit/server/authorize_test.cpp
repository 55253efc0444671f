// SPDX-License-Identifier: Apache-2.0
#include "controller/server/authorize.hpp"
#include "controller/server/routes.hpp"

#include <gtest/gtest.h>

namespace controller {
namespace {

const Self kSelf{"c1", 1000};

wire::Peer person(const std::string& name, const std::string& organization) {
  wire::Peer peer;
  peer.certified = true;
  peer.common_name = name;
  peer.organizations = {organization};
  return peer;
}

wire::Peer machine(const std::string& name, const std::string& cluster = "c1") {
  auto peer = person("orch:machine:" + name, "orch:machines");
  peer.uris = {"spiffe://orch/" + cluster + "/machine/" + name};
  return peer;
}

wire::Peer local(std::uint32_t uid) {
  wire::Peer peer;
  peer.address = "unix";
  peer.uid = uid;
  return peer;
}

TEST(Identify, ReadsWhoComesFromTheCertificateAlone) {
  using Rank = Identity::Rank;
  auto with_admin = machine("box1");
  with_admin.organizations.emplace_back("orch:admins");
  auto uncertified = person("eve", "orch:admins");
  uncertified.certified = false;
  auto nameless = machine("box1");
  nameless.uris.clear();
  const struct {
    const char* what;
    wire::Peer peer;
    Rank rank;
    std::string name, machine;
  } cases[] = {
      {"an admin", person("ann", "orch:admins"), Rank::admin, "ann", ""},
      {"an operator", person("olga", "orch:operators"), Rank::writer, "olga", ""},
      {"a viewer", person("vic", "orch:viewers"), Rank::viewer, "vic", ""},
      {"a person of no group", person("nobody", "acme"), Rank::nobody, "", ""},
      {"a person without a name", person("", "orch:admins"), Rank::nobody, "", ""},
      {"no certificate, whatever it says", uncertified, Rank::nobody, "", ""},
      {"a machine", machine("box1"), Rank::machine, "machine/box1", "box1"},
      {"a machine of another cluster", machine("box1", "c2"), Rank::nobody, "", ""},
      {"a machine is never an admin too", with_admin, Rank::machine, "machine/box1", "box1"},
      {"a machine's certificate without the name", nameless, Rank::nobody, "", ""},
      {"a name that is no name", machine("../x"), Rank::nobody, "", ""},
      {"our own user on the socket", local(1000), Rank::admin, "local", ""},
      {"another user on the socket", local(1001), Rank::nobody, "", ""},
      {"root on the socket of somebody else", local(0), Rank::nobody, "", ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const auto who = identify(c.peer, kSelf);
    EXPECT_EQ(who.rank, c.rank);
    EXPECT_EQ(who.name, c.name);
    EXPECT_EQ(who.machine, c.machine);
  }
}

/// The answer's code for each of: nobody, box1, box2, viewer, operator, admin, our own user.
std::string codes(const std::string& method, const std::string& path) {
  const wire::Peer peers[] = {{},
                              machine("box1"),
                              machine("box2"),
                              person("vic", "orch:viewers"),
                              person("olga", "orch:operators"),
                              person("ann", "orch:admins"),
                              local(1000)};
  const auto found = find_route(method, path);
  if (found.route == nullptr) return "no route";
  std::string out;
  for (const auto& peer : peers) {
    const auto refused =
        authorize(identify(peer, kSelf), found.route->need, target_of(found, method, path));
    out += out.empty() ? "" : " ";
    out += refused ? std::to_string(refused->code) : "ok";
  }
  return out;
}

TEST(Authorize, EveryRouteLetsInWhomItIsFor) {
  const std::string nothing_needed = "ok ok ok ok ok ok ok";
  const std::string viewers = "401 403 403 ok ok ok ok";
  const std::string operators = "401 403 403 403 ok ok ok";
  const std::string admins = "401 403 403 403 403 ok ok";
  const std::string box1 = "401 ok 403 403 403 ok ok";
  const std::string own_user = "401 403 403 403 403 403 ok";
  const struct {
    const char *method, *path;
    std::string codes;
  } rows[] = {
      {"GET", "/livez", nothing_needed},
      {"GET", "/readyz", nothing_needed},
      {"POST", "/agent/v1/enroll", nothing_needed},
      {"GET", "/healthz", viewers},
      {"GET", "/version", viewers},
      {"GET", "/metrics", viewers},
      {"GET", "/changes", viewers},
      {"GET", "/api", viewers},
      {"GET", "/apis", viewers},
      {"GET", "/apis/orch", viewers},
      {"GET", "/apis/orch/v1", viewers},
      {"GET", "/api/v1", viewers},
      {"GET", "/openapi/v2", viewers},
      {"GET", "/openapi/v3", viewers},
      {"GET", "/openapi/v3/apis/orch/v1", viewers},
      {"POST", "/apis/orch/v1/batch", operators},
      {"GET", "/apis/orch/v1/benchruns/r/samples", viewers},
      {"GET", "/apis/orch/v1/benchruns/r/log", viewers},
      {"GET", "/apis/orch/v1/modeldeployments/d/log", viewers},
      {"GET", "/apis/orch/v1/machines/box1/live", viewers},
      {"POST", "/apis/orch/v1/machines/box1/token", admins},
      {"GET", "/apis/orch/v1/models", viewers},
      {"POST", "/apis/orch/v1/models", operators},
      {"DELETE", "/apis/orch/v1/models", operators},
      {"GET", "/apis/orch/v1/models/m", viewers},
      {"PUT", "/apis/orch/v1/models/m", operators},
      {"PATCH", "/apis/orch/v1/models/m", operators},
      {"DELETE", "/apis/orch/v1/models/m", operators},
      {"GET", "/apis/orch/v1/models/m/status", viewers},
      {"PUT", "/apis/orch/v1/models/m/status", admins},
      {"PATCH", "/apis/orch/v1/models/m/status", admins},
      {"GET", "/api/v1/events", viewers},
      {"GET", "/api/v1/namespaces", viewers},
      {"GET", "/api/v1/namespaces/default", viewers},
      {"GET", "/api/v1/namespaces/default/events", viewers},
      {"GET", "/api/v1/namespaces/default/events/e", viewers},
      {"POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", viewers},
      {"POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", viewers},
      {"POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", viewers},
      {"GET", "/agent/v1/machines/box1/assignment", box1},
      {"POST", "/agent/v1/machines/box1/report", box1},
      {"POST", "/agent/v1/machines/box1/renew", box1},
      {"POST", "/agent/v1/machines/box1/runs/u/samples", box1},
      {"PUT", "/agent/v1/machines/box1/logs/run.r", box1},
      {"POST", "/admin/v1/snapshot", own_user},
      {"POST", "/admin/v1/check", own_user},
  };
  EXPECT_EQ(std::size(rows), routes().size()) << "a route is missing in this table";
  for (const auto& row : rows) {
    SCOPED_TRACE(std::string(row.method) + " " + row.path);
    EXPECT_EQ(codes(row.method, row.path), row.codes);
  }
}

TEST(Authorize, ARefusalSaysWhoMayNotDoWhat) {
  const auto who = identify(person("vic", "orch:viewers"), kSelf);
  const auto found = find_route("DELETE", "/apis/orch/v1/machines/box1");
  const auto refused =
      authorize(who, found.route->need, target_of(found, "DELETE", "/apis/orch/v1/machines/box1"));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, "Forbidden");
  EXPECT_EQ(refused->message,
            "machines.orch \"box1\" is forbidden: User \"vic\" cannot delete resource \"machines\" "
            "in API group \"orch\" at the cluster scope");
  EXPECT_EQ(refused->details.text_at("name"), "box1");
}

TEST(Routes, FindTheirPath) {
  const struct {
    const char *method, *path;
    bool known, found;
  } cases[] = {
      {"GET", "/apis/orch/v1/machines/", true, true},
      {"HEAD", "/apis/orch/v1/machines", true, true},
      {"POST", "/apis/orch/v1/machines/box1", true, false},
      {"GET", "/apis/orch/v1/claims", false, false},
      {"GET", "/apis/orch/v1/jointokens/x", false, false},
      {"GET", "/apis/orch/v1/events", false, false},
      {"GET", "/apis/orch/v1/Machine", false, false},
      {"GET", "/apis/orch/v1/machines//status", false, false},
      {"GET", "/", false, false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.method) + " " + c.path);
    const auto found = find_route(c.method, c.path);
    EXPECT_EQ(found.path_known, c.known);
    EXPECT_EQ(found.route != nullptr, c.found);
  }
}

}  // namespace
}  // namespace controller
