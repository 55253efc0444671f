// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"
#include "base/time.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Keys, requests, certificates: bytes in and out (PEM text), no file, no socket. ECDSA P-256.
namespace wire {

struct KeyPair {
  std::string certificate;  // PEM
  std::string key;          // PEM
};

/// What a certificate says, and for whom.
struct Subject {
  std::string common_name;
  std::vector<std::string> organizations;
  std::vector<std::string> uris;   // subject alternative names
  std::vector<std::string> hosts;  // DNS names or IP addresses, for servers
};

struct Validity {
  base::Instant from, to;
};

struct CertificateFacts {
  Subject subject;
  Validity validity;
  bool is_ca = false;
  std::string serial;       // hexadecimal
  std::string fingerprint;  // SHA-256 of the DER, hexadecimal
};

base::Result<std::string> make_key();
base::Result<KeyPair> make_ca(const std::string& common_name, Validity validity);
/// A certificate request for `key`; the signer ignores its subject and extensions.
base::Result<std::string> make_request(const std::string& key, const std::string& common_name);
/// Signs the *key* of `request` for `subject`; nothing else of the request is looked at but its
/// signature. Refuses weak keys (RSA below 2048 bits) and requests that are not self-signed.
base::Result<std::string> sign_request(const KeyPair& ca, const std::string& request,
                                       const Subject& subject, Validity validity);
/// A new key with its certificate.
base::Result<KeyPair> make_certificate(const KeyPair& ca, const Subject& subject,
                                       Validity validity);
base::Result<CertificateFacts> read_certificate(const std::string& pem);

std::string sha256_hex(std::string_view bytes);
/// From the operating system.
std::string random_bytes(std::size_t count);
/// A UUID version 4.
std::string random_uuid();
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace wire
