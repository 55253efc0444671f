// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/wire/lab.hpp"

namespace wire {
namespace {

using namespace test;  // NOLINT: the lab is made for this file

/// What a client hears from a server; both are given as they are.
base::Result<Response> ask(const KeyPair& shown, const std::string& client_ca, Tls tls,
                           const std::string& host = "127.0.0.1") {
  Loop loop;
  Asked service;
  service.answer = say_path;
  Server server(loop, service);
  const auto address =
      *server.listen("127.0.0.1:0", *Tls::server(shown.certificate, shown.key, client_ca));
  const auto port = address.substr(address.rfind(':'));
  Client client(loop, *Endpoint::parse("https://" + host + port), std::move(tls));
  return client.call({}, {.timeout = base::seconds(10), .body_max = 1000});
}

Tls trusting(const KeyPair& ca) {
  return *Tls::client(ca.certificate, "", "");
}

Tls showing(const KeyPair& ca, const KeyPair& own) {
  return *Tls::client(ca.certificate, own.certificate, own.key);
}

KeyPair with_chain(KeyPair leaf, const KeyPair& ca) {
  leaf.certificate += ca.certificate;
  return leaf;
}

void expect_forbidden(const base::Result<Response>& result, const std::string& words) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::Code::forbidden) << result.error().message;
  EXPECT_NE(result.error().message.find(words), std::string::npos) << result.error().message;
}

TEST(Trust, AServerOfAnotherCaIsRefused) {
  const auto ca = new_ca(), other = new_ca();
  expect_forbidden(ask(server_pair(ca), ca.certificate, trusting(other)),
                   "not signed by the CA that we trust");
}

TEST(Trust, AServerWhoseCertificateHasExpiredPointsAtTheClock) {
  const auto ca = new_ca();
  expect_forbidden(ask(server_pair(ca, valid_before()), ca.certificate, trusting(ca)),
                   "the certificate of the server has expired: check the clock of this machine");
}

TEST(Trust, AServerWhoseCertificateIsNotValidYetPointsAtTheClock) {
  const auto ca = new_ca();
  expect_forbidden(
      ask(server_pair(ca, valid_later()), ca.certificate, trusting(ca)),
      "the certificate of the server is not valid yet: check the clock of this machine (now 2");
}

TEST(Trust, AServerOfAnotherNameIsRefused) {
  const auto ca = new_ca();
  const auto pair = *make_certificate(ca, {"controller", {}, {}, {"other.lab"}}, valid_now());
  expect_forbidden(ask(pair, ca.certificate, trusting(ca)), "is not for \"127.0.0.1\"");
  expect_forbidden(ask(pair, ca.certificate, trusting(ca), "localhost"),
                   "is not for \"localhost\"");
}

TEST(Trust, AServerIsFoundByItsName) {
  const auto ca = new_ca();
  EXPECT_TRUE(ask(server_pair(ca), ca.certificate, trusting(ca), "localhost"));
}

TEST(Trust, ACertificateMadeForClientsIsNoServers) {
  const auto ca = new_ca();
  expect_forbidden(ask(client_pair(ca), ca.certificate, trusting(ca)), "is refused");
}

TEST(Trust, AClientOfAnotherCaIsRefusedAndToldSo) {
  const auto ca = new_ca(), other = new_ca();
  expect_forbidden(ask(server_pair(ca), ca.certificate, showing(ca, client_pair(other))),
                   "the server refused our certificate");
}

TEST(Trust, AClientWhoseCertificateHasExpiredIsPointedAtTheClocks) {
  const auto ca = new_ca();
  expect_forbidden(
      ask(server_pair(ca), ca.certificate, showing(ca, client_pair(ca, valid_before()))),
      "it has expired there: check the clocks of both machines");
}

TEST(Trust, AClientWhoseCertificateIsNotValidYetIsPointedAtTheClocks) {
  const auto ca = new_ca();
  expect_forbidden(
      ask(server_pair(ca), ca.certificate, showing(ca, client_pair(ca, valid_later()))),
      "check the clocks of both machines");
}

TEST(Trust, ACertificateMadeForServersIsNoClients) {
  const auto ca = new_ca();
  expect_forbidden(ask(server_pair(ca), ca.certificate, showing(ca, server_pair(ca))),
                   "the server refused our certificate");
}

TEST(Trust, NoHandlerRunsForARefusedClient) {
  const auto ca = new_ca(), other = new_ca();
  const std::pair<const char*, KeyPair> clients[] = {
      {"of another CA", client_pair(other)},
      {"expired", client_pair(ca, valid_before())},
      {"signed by itself", new_ca("orch:machine:box1")},
  };
  for (const auto& [name, own] : clients) {
    SCOPED_TRACE(name);
    Loop loop;
    Asked service;
    Server server(loop, service);
    const auto address = *server.listen("127.0.0.1:0", server_tls(ca));
    Client client(loop, *Endpoint::parse("https://" + address), showing(ca, own));
    EXPECT_FALSE(client.call({}, {}));
    EXPECT_TRUE(service.requests.empty());
  }
}

TEST(Trust, APinnedClientTakesTheServerWhoseCaHasThatFingerprint) {
  const auto ca = new_ca();
  const auto fingerprint = read_certificate(ca.certificate)->fingerprint;
  const auto result =
      ask(with_chain(server_pair(ca), ca), ca.certificate, *Tls::pinned_client(fingerprint));
  EXPECT_TRUE(result) << result.error().message;
}

TEST(Trust, APinnedClientRefusesEverythingElse) {
  const auto ca = new_ca(), other = new_ca();
  const auto pin = [](const KeyPair& pinned) {
    return *Tls::pinned_client(read_certificate(pinned.certificate)->fingerprint);
  };
  const auto whole = with_chain(server_pair(ca), ca);
  expect_forbidden(ask(whole, ca.certificate, pin(other)), "does not show the CA");
  // The right CA is shown, but it did not sign.
  expect_forbidden(ask(with_chain(server_pair(other), ca), ca.certificate, pin(ca)),
                   "not signed by the CA");
  // The leaf's own fingerprint is no CA's.
  expect_forbidden(ask(whole, ca.certificate, pin(whole)), "does not show the CA");
  const auto elsewhere = *make_certificate(ca, {"c", {}, {}, {"other.lab"}}, valid_now());
  expect_forbidden(ask(with_chain(elsewhere, ca), ca.certificate, pin(ca)), "is not for");
  expect_forbidden(ask(with_chain(server_pair(ca, valid_before()), ca), ca.certificate, pin(ca)),
                   "check the clock");
  // The CA is not sent at all.
  auto bare = server_pair(ca);
  bare.certificate.resize(bare.certificate.find("-----END CERTIFICATE-----") + 26);
  expect_forbidden(ask(bare, other.certificate, pin(ca)), "does not show the CA");
}

TEST(Trust, AServerThatSpeaksNoTlsIsNotTakenForOne) {
  Loop loop;
  Asked service;
  Server server(loop, service);
  const auto address = *server.listen_plain("127.0.0.1:0");
  const auto ca = new_ca();
  Client client(loop, *Endpoint::parse("https://" + address), trusting(ca));
  const auto result = client.call({}, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::Code::unavailable) << result.error().message;
}

}  // namespace
}  // namespace wire
