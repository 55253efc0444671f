// SPDX-License-Identifier: Apache-2.0
#include "base/clock.hpp"
#include "base/text.hpp"
#include "tests/unit/cli/fake_api.hpp"
#include "wire/pki.hpp"

#include <gtest/gtest.h>

namespace cli {
namespace {

wire::Validity around_now() {
  const auto now = base::wall_now();
  return {now - base::hours(1), now + base::hours(1)};
}

/// A cluster's own authority, and what it signed.
struct Authority {
  Authority() : ca(*wire::make_ca("test", around_now())) {}
  wire::KeyPair server(wire::Validity validity) const {
    return *wire::make_certificate(
        ca, {.common_name = "server", .organizations = {}, .uris = {}, .hosts = {"127.0.0.1"}},
        validity);
  }
  wire::KeyPair person() const {
    return *wire::make_certificate(
        ca, {.common_name = "me", .organizations = {"orch:admins"}, .uris = {}, .hosts = {}},
        around_now());
  }
  wire::KeyPair ca;
};

std::string kubeconfig(const std::string& address, const std::string& ca, const wire::KeyPair& me) {
  return "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
         "clusters: [{name: c, cluster: {server: \"https://" +
         address + "\", certificate-authority-data: " + base::to_base64(ca) +
         "}}]\nusers: [{name: u, user: {client-certificate-data: " +
         base::to_base64(me.certificate) + ", client-key-data: " + base::to_base64(me.key) +
         "}}]\n";
}

struct Case {
  std::string name;
  wire::Validity server_validity = around_now();
  enum class Trust { right, wrong } server = Trust::right, person = Trust::right;
  int exit = 0;
  std::string says;
};

TEST(Trust, WhoIsNotTrustedIsNamed) {
  const Authority ours;
  const Authority other;
  const auto now = base::wall_now();
  const Case cases[] = {
      {.name = "both are of this cluster", .says = ""},
      {.name = "another cluster's server",
       .server = Case::Trust::wrong,
       .exit = 77,
       .says = "not signed by the CA that we trust"},
      {.name = "another cluster's person", .person = Case::Trust::wrong, .exit = 77, .says = ""},
      {.name = "a clock that is off",
       .server_validity = {now - base::hours(3), now - base::hours(2)},
       .exit = 77,
       .says = "clock"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    Rig rig;
    rig.api.on("GET /version", 200, R"({"gitVersion":"v1"})");
    const auto& authority = c.server == Case::Trust::right ? ours : other;
    const auto server = authority.server(c.server_validity);
    auto tls = wire::Tls::server(server.certificate, server.key, ours.ca.certificate);
    ASSERT_TRUE(tls);
    const auto me = (c.person == Case::Trust::right ? ours : other).person();
    rig.places.orch_variable =
        rig.folder.write("tls", kubeconfig(rig.api.listen(*tls), ours.ca.certificate, me), 0600);
    const auto ran = rig.orch({"version"});
    EXPECT_EQ(ran.exit, c.exit) << ran.err;
    EXPECT_NE(ran.err.find(c.says), std::string::npos) << ran.err;
    if (c.exit == 0) {
      ASSERT_EQ(rig.asked().size(), 1U);
      EXPECT_EQ(rig.api.requests.front().peer.common_name, "me");
    } else {
      EXPECT_TRUE(rig.asked().empty());
      EXPECT_NE(ran.err.find(rig.places.orch_variable), std::string::npos) << ran.err;
    }
  }
}

TEST(Trust, AKubeconfigWithABrokenCertificateIsWrongInput) {
  Rig rig;
  rig.places.orch_variable =
      rig.folder.write("broken", kubeconfig("127.0.0.1:1", "no certificate", {"x", "y"}), 0600);
  EXPECT_EQ(rig.orch({"version"}).exit, 65);
}

}  // namespace
}  // namespace cli
