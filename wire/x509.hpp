// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"
#include "wire/pki.hpp"

#include <memory>
#include <string>
#include <vector>

// OpenSSL's own names for its structs; the library itself is included in .cpp files only.
struct x509_st;
struct evp_pkey_st;

/// Certificates as OpenSSL holds them, for the rest of wire only.
namespace wire {

struct FreeX509 {
  void operator()(x509_st* certificate) const;
};
struct FreeKey {
  void operator()(evp_pkey_st* key) const;
};
using CertificatePtr = std::unique_ptr<x509_st, FreeX509>;
using KeyPtr = std::unique_ptr<evp_pkey_st, FreeKey>;

/// Why OpenSSL's last call failed; empties its queue.
std::string openssl_reason();

/// Every certificate of a PEM text, in order; at least one.
base::Result<std::vector<CertificatePtr>> certificates_of(const std::string& pem);
base::Result<KeyPtr> key_of(const std::string& pem);
CertificateFacts facts_of(x509_st* certificate);
std::string fingerprint_of(x509_st* certificate);

}  // namespace wire
