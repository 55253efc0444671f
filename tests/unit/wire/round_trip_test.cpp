// SPDX-License-Identifier: Apache-2.0
#include "lab.hpp"

namespace wire {
namespace {

using namespace test;  // NOLINT: the lab is made for this file

struct RoundTrip : ::testing::Test {
  std::string serve_tls(const KeyPair& with) {
    return *server.listen("127.0.0.1:0", server_tls(with));
  }
  Endpoint endpoint(const std::string& address) { return *Endpoint::parse("https://" + address); }

  Loop loop;
  KeyPair ca = new_ca();
  Asked service;
  Server server{loop, service};
};

TEST_F(RoundTrip, ARequestArrivesWithTheIdentityOfTheCertificateAndIsAnswered) {
  service.answer = say_path;
  Client client(loop, endpoint(serve_tls(ca)), client_tls(ca));
  Request request;
  request.method = "POST";
  request.target = "/agent/v1/report?dry=1";
  request.body = "{}";

  const auto response = client.call(request, {});

  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "/agent/v1/report");
  ASSERT_EQ(service.requests.size(), 1U);
  const auto& got = service.requests.front();
  EXPECT_EQ(got.body, "{}");
  EXPECT_TRUE(got.flag("dry"));
  EXPECT_TRUE(got.peer.certified);
  EXPECT_EQ(got.peer.common_name, "orch:machine:box1");
  EXPECT_EQ(got.peer.organizations, std::vector<std::string>{"orch:machines"});
  EXPECT_EQ(got.peer.uris, std::vector<std::string>{"spiffe://orch/c1/machine/box1"});
  EXPECT_EQ(got.peer.serial.size(), 32U);
  EXPECT_EQ(got.peer.address.substr(0, 10), "127.0.0.1:");
}

}  // namespace
}  // namespace wire
