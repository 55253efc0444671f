// SPDX-License-Identifier: Apache-2.0
#include "wire/pki.hpp"

#include "base/text.hpp"
#include "tests/unit/wire/lab.hpp"

#include <set>

namespace wire {
namespace {

using namespace test;  // NOLINT: the lab is made for this file

const Subject kMachine{"orch:machine:box1",
                       {"orch:machines", "second"},
                       {"spiffe://orch/c1/machine/box1"},
                       {"box1.lab", "10.0.0.7", "::1"}};

/// One base64 digit within the PEM's last line of data becomes another.
std::string tampered(std::string pem) {
  const auto at = pem.rfind('\n', pem.find("-----END") - 2) + 10;
  pem[at] = pem[at] == 'A' ? 'B' : 'A';
  return pem;
}

// Made with `openssl req -new -newkey rsa:1024 -nodes -subj /CN=weak`.
const char* const kWeakRequest = R"(-----BEGIN CERTIFICATE REQUEST-----
MIIBTjCBuAIBADAPMQ0wCwYDVQQDDAR3ZWFrMIGfMA0GCSqGSIb3DQEBAQUAA4GN
ADCBiQKBgQChJFn7xO19raANlLIjEIyxf4K6V/To3Z7ReQpBQP4FFtw+FYIXWXqF
HN01xBZgDkdh7gLAx9doGwMrLqsp80CJSswu5MFA6/52yTS/88OlnCyBu1Zp2OUx
wbEX8ACPdEJbEjhg+eYU7ihmL7Vl4lbuEk3WChqC8DOUY6DmTBGwkQIDAQABoAAw
DQYJKoZIhvcNAQELBQADgYEAQ0NAqPTpe7clHQ7jlfnnCXYBXU9LTX8LSCar5Ba+
iIkg+nWxINVh3jYpYyYISpvUMD69juxDzUTpUSh/1npgmhp+OxIkqfxCbIvjsnHo
dCgw6FQQ0qRCyOBr7ddZmCyMZrs9WSQLrVnBJGeNE0xaF+ilbKRWIyJl05NQ1EZ0
Ack=
-----END CERTIFICATE REQUEST-----
)";

// Made with `openssl req -new` on P-256, with CA:TRUE, DNS:evil.example and O=orch:admins asked
// for.
const char* const kGreedyRequest = R"(-----BEGIN CERTIFICATE REQUEST-----
MIIBOjCB4gIBADAlMRQwEgYDVQQKDAtvcmNoOmFkbWluczENMAsGA1UEAwwEcm9v
dDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABOt6s60HMfm50YduT+1jSuRq9pBy
xUqNTpez5ILqjJxhYVZbbzmdc4x86/qJe+h0+QNkfho6lbAlgcbNjxcZtxegWzBZ
BgkqhkiG9w0BCQ4xTDBKMA8GA1UdEwEB/wQFMAMBAf8wNwYDVR0RBDAwLoIMZXZp
bC5leGFtcGxlhh5zcGlmZmU6Ly9vcmNoL2MxL21hY2hpbmUvb3RoZXIwCgYIKoZI
zj0EAwIDRwAwRAIgEJ2/kOOvjYSd/jQgJmzlf1xjft3a7PbnyIjM9aD2ItgCICgX
uqHa/rcQFd3JSpHhYLUvfUhWmHo58QP2P/93snHh
-----END CERTIFICATE REQUEST-----
)";

TEST(Pki, ACertificateSaysWhatWasAskedForAndNothingElse) {
  const auto ca = new_ca("orch CA");
  const Validity validity{{1'700'000'000'000}, {1'700'086'400'000}};
  const auto pair = make_certificate(ca, kMachine, validity);
  ASSERT_TRUE(pair) << pair.error().message;
  const auto facts = read_certificate(pair->certificate);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->subject.common_name, kMachine.common_name);
  EXPECT_EQ(facts->subject.organizations, kMachine.organizations);
  EXPECT_EQ(facts->subject.uris, kMachine.uris);
  EXPECT_EQ(facts->subject.hosts, kMachine.hosts);
  EXPECT_EQ(facts->validity.from, validity.from);
  EXPECT_EQ(facts->validity.to, validity.to);
  EXPECT_FALSE(facts->is_ca);
  EXPECT_EQ(facts->serial.size(), 32U);
  EXPECT_EQ(facts->fingerprint.size(), 64U);
  EXPECT_TRUE(read_certificate(ca.certificate)->is_ca);
}

TEST(Pki, SerialsAndKeysDifferEachTime) {
  const auto ca = new_ca();
  std::set<std::string> serials, keys;
  for (int i = 0; i < 20; ++i) {
    const auto pair = client_pair(ca);
    serials.insert(read_certificate(pair.certificate)->serial);
    keys.insert(pair.key);
  }
  EXPECT_EQ(serials.size(), 20U);
  EXPECT_EQ(keys.size(), 20U);
}

TEST(Pki, ANameLongerThanTheOld64BytesFits) {
  const auto ca = new_ca();
  const std::string name = "orch:machine:" + std::string(63, 'm');
  const auto pair = make_certificate(ca, {name, {}, {}, {}}, valid_now());
  ASSERT_TRUE(pair) << pair.error().message;
  EXPECT_EQ(read_certificate(pair->certificate)->subject.common_name, name);
}

TEST(Pki, NamesThatCannotStandInACertificateAreRefused) {
  const auto ca = new_ca();
  const Subject subjects[] = {
      {"", {}, {}, {}},    {std::string("a\0b", 3), {}, {}, {}}, {"\xff", {}, {}, {}},
      {"a", {""}, {}, {}}, {"a", {}, {"spiffe://a b"}, {}},      {"a", {}, {}, {"ho st"}},
      {"a", {}, {}, {""}},
  };
  for (const auto& subject : subjects) {
    SCOPED_TRACE(base::quoted(subject.common_name));
    const auto pair = make_certificate(ca, subject, valid_now());
    ASSERT_FALSE(pair);
    EXPECT_EQ(pair.error().code, base::Code::invalid);
  }
}

TEST(Pki, ARequestIsSignedForTheSubjectThatTheSignerChose) {
  const auto ca = new_ca();
  const auto key = *make_key();
  const auto request = *make_request(key, "whoever");
  const auto signed_pem = sign_request(ca, request, kMachine, valid_now());
  ASSERT_TRUE(signed_pem) << signed_pem.error().message;
  EXPECT_EQ(read_certificate(*signed_pem)->subject.common_name, "orch:machine:box1");
  EXPECT_TRUE(Tls::client(ca.certificate, *signed_pem, key));
}

TEST(Pki, NamesAndTheCaFlagThatARequestAsksForAreIgnored) {
  const auto signed_pem =
      sign_request(new_ca(), kGreedyRequest, {"orch:machine:box1", {}, {}, {}}, valid_now());
  ASSERT_TRUE(signed_pem) << signed_pem.error().message;
  const auto facts = *read_certificate(*signed_pem);
  EXPECT_FALSE(facts.is_ca);
  EXPECT_EQ(facts.subject.common_name, "orch:machine:box1");
  EXPECT_TRUE(facts.subject.organizations.empty());
  EXPECT_TRUE(facts.subject.hosts.empty());
  EXPECT_TRUE(facts.subject.uris.empty());
}

TEST(Pki, RequestsThatAreNotWhatTheyShouldBeAreRefused) {
  const auto ca = new_ca();
  const auto good = *make_request(*make_key(), "a");
  const std::pair<const char*, std::string> cases[] = {
      {"tampered with", tampered(good)},
      {"a weak key", kWeakRequest},
      {"no PEM", "hello"},
      {"empty", ""},
      {"a certificate", ca.certificate},
      {"cut in the middle", good.substr(0, good.size() / 2)},
      {"too long", good + std::string(20'000, '\n')},
  };
  for (const auto& [name, request] : cases) {
    SCOPED_TRACE(name);
    const auto signed_pem = sign_request(ca, request, kMachine, valid_now());
    ASSERT_FALSE(signed_pem);
    EXPECT_EQ(signed_pem.error().code, base::Code::invalid) << signed_pem.error().message;
  }
}

TEST(Pki, OnlyACaThatHoldsItsKeyCanSign) {
  const auto ca = new_ca();
  const auto other = new_ca();
  EXPECT_FALSE(make_certificate({ca.certificate, other.key}, kMachine, valid_now()));
  EXPECT_FALSE(make_certificate(client_pair(ca), kMachine, valid_now()));
  EXPECT_FALSE(make_certificate({"", ""}, kMachine, valid_now()));
}

TEST(Pki, ACertificateMustEndAfterItBegins) {
  const auto now = base::wall_now();
  EXPECT_FALSE(make_ca("orch CA", {now, now}));
}

TEST(Tls, AKeyThatBelongsToAnotherCertificateIsRefusedAtOnce) {
  const auto ca = new_ca();
  const auto one = server_pair(ca);
  const auto other = server_pair(ca);
  const auto tls = Tls::server(one.certificate, other.key, ca.certificate);
  ASSERT_FALSE(tls);
  EXPECT_EQ(tls.error().code, base::Code::invalid);
  EXPECT_FALSE(Tls::client("no certificate", "", ""));
  EXPECT_FALSE(Tls::pinned_client("abc"));
}

TEST(Digest, Sha256OfKnownText) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, UuidsAreOfVersion4AndDiffer) {
  const auto uuid = random_uuid();
  ASSERT_EQ(uuid.size(), 36U);
  EXPECT_EQ(uuid[14], '4');
  EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
  EXPECT_NE(uuid, random_uuid());
  EXPECT_EQ(random_bytes(33).size(), 33U);
}

TEST(Digest, EqualInConstantTimeComparesLengthAndBytes) {
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
  EXPECT_TRUE(equal_in_constant_time("", ""));
}

}  // namespace
}  // namespace wire
