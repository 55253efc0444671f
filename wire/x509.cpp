// SPDX-License-Identifier: Apache-2.0
#include "wire/x509.hpp"

#include "base/text.hpp"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <ctime>

namespace wire {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using BioPtr = std::unique_ptr<BIO, FreeBio>;

BioPtr reader(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string text_of(const ASN1_STRING* text) {
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, text);
  if (size < 0) return {};
  std::string out(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return out;
}

std::vector<std::string> entries(const X509_NAME* name, int nid) {
  std::vector<std::string> found;
  for (int at = -1; (at = X509_NAME_get_index_by_NID(name, nid, at)) >= 0;)
    found.push_back(text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at))));
  return found;
}

std::string address_text(const ASN1_OCTET_STRING* bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  const int family = ASN1_STRING_length(bytes) == 4 ? AF_INET : AF_INET6;
  if (ASN1_STRING_length(bytes) != 4 && ASN1_STRING_length(bytes) != 16) return {};
  ::inet_ntop(family, ASN1_STRING_get0_data(bytes), text, sizeof text);
  return text;
}

void add_alternatives(X509* certificate, Subject& subject) {
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  if (names == nullptr) return;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_URI) subject.uris.push_back(text_of(name->d.uniformResourceIdentifier));
    if (name->type == GEN_DNS) subject.hosts.push_back(text_of(name->d.dNSName));
    if (name->type == GEN_IPADD) subject.hosts.push_back(address_text(name->d.iPAddress));
  }
  GENERAL_NAMES_free(names);
}

base::Instant instant_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return {static_cast<std::int64_t>(::timegm(&parts)) * 1000};
}

std::string serial_of(X509* certificate) {
  BIGNUM* number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr);
  if (number == nullptr) return {};
  char* digits = BN_bn2hex(number);
  std::string text = digits == nullptr ? "" : digits;
  OPENSSL_free(digits);
  BN_free(number);
  for (char& c : text)
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

}  // namespace

void FreeX509::operator()(x509_st* certificate) const {
  X509_free(certificate);
}
void FreeKey::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

std::string openssl_reason() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown reason" : reason;
}

base::Result<std::vector<CertificatePtr>> certificates_of(const std::string& pem) {
  ERR_clear_error();
  const auto bio = reader(pem);
  std::vector<CertificatePtr> found;
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr))
    found.emplace_back(next);
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const auto reason = openssl_reason();
  if (!found.empty() && at_end) return found;
  return base::invalid("read a certificate: " + reason);
}

base::Result<KeyPtr> key_of(const std::string& pem) {
  ERR_clear_error();
  const auto bio = reader(pem);
  // No password is ever asked for: an encrypted key is a key that we cannot read.
  const auto none = [](char*, int, int, void*) { return -1; };
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, none, nullptr));
  if (!key) return base::invalid("read a private key: " + openssl_reason());
  return key;
}

std::string fingerprint_of(x509_st* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1) return {};
  return base::to_hex({reinterpret_cast<const char*>(digest), size});
}

CertificateFacts facts_of(x509_st* certificate) {
  CertificateFacts facts;
  const auto* name = X509_get_subject_name(certificate);
  const auto common = entries(name, NID_commonName);
  if (!common.empty()) facts.subject.common_name = common.front();
  facts.subject.organizations = entries(name, NID_organizationName);
  add_alternatives(certificate, facts.subject);
  facts.validity.from = instant_of(X509_get0_notBefore(certificate));
  facts.validity.to = instant_of(X509_get0_notAfter(certificate));
  facts.is_ca = X509_check_ca(certificate) == 1;
  facts.serial = serial_of(certificate);
  facts.fingerprint = fingerprint_of(certificate);
  return facts;
}

base::Result<CertificateFacts> read_certificate(const std::string& pem) {
  auto found = certificates_of(pem);
  if (!found) return std::move(found).error();
  return facts_of(found->front().get());
}

}  // namespace wire
