// SPDX-License-Identifier: Apache-2.0
#include "wire/pki.hpp"

#include "base/text.hpp"
#include "wire/x509.hpp"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace wire {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509_REQ* request) const { X509_REQ_free(request); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  void operator()(GENERAL_NAME* name) const { GENERAL_NAME_free(name); }
  void operator()(ASN1_BIT_STRING* bits) const { ASN1_BIT_STRING_free(bits); }
  void operator()(EXTENDED_KEY_USAGE* usage) const { EXTENDED_KEY_USAGE_free(usage); }
  void operator()(BASIC_CONSTRAINTS* constraints) const { BASIC_CONSTRAINTS_free(constraints); }
  void operator()(BIGNUM* number) const { BN_free(number); }
};
template <class T>
using Ptr = std::unique_ptr<T, Free>;

constexpr std::size_t kRequestBytes =
    16 * 1024;                           // A P-256 request has under 1 KiB, RSA-4096 2 KiB.
constexpr std::size_t kNameBytes = 253;  // "orch:machine:" and the longest machine name fit.
constexpr int kRsaBits = 2048;

base::Error failed(std::string_view doing) {
  return base::internal(std::string(doing) + ": " + openssl_reason());
}

std::string written(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
  const Ptr<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return written(bio.get());
}

std::string pem_of(EVP_PKEY* key) {
  const Ptr<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return written(bio.get());
}

base::Result<KeyPtr> new_key() {
  KeyPtr key(EVP_EC_gen("P-256"));
  if (!key) return failed("make a key");
  return key;
}

// ---- names

base::Status add_entry(X509_NAME* name, int nid, const std::string& value) {
  if (value.empty() || value.size() > kNameBytes || !base::is_utf8(value) ||
      value.find('\0') != std::string::npos)
    return base::invalid("the name " + base::quoted(value) + " cannot stand in a certificate");
  // As a ready UTF8String: the other way limits common names to 64 bytes, and a machine's is
  // longer.
  if (X509_NAME_add_entry_by_NID(name, nid, V_ASN1_UTF8STRING,
                                 reinterpret_cast<const unsigned char*>(value.data()),
                                 static_cast<int>(value.size()), -1, 0) != 1)
    return failed("name a certificate");
  return base::ok();
}

base::Status name_subject(X509_NAME* name, const Subject& subject) {
  for (const auto& organization : subject.organizations)
    if (auto added = add_entry(name, NID_organizationName, organization); !added) return added;
  return add_entry(name, NID_commonName, subject.common_name);
}

Ptr<GENERAL_NAME> text_name(int type, const std::string& value) {
  Ptr<GENERAL_NAME> name(GENERAL_NAME_new());
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  ASN1_STRING_set(text, value.data(), static_cast<int>(value.size()));
  GENERAL_NAME_set0_value(name.get(), type, text);
  return name;
}

Ptr<GENERAL_NAME> host_name(const std::string& host) {
  unsigned char address[16];
  const bool v4 = ::inet_pton(AF_INET, host.c_str(), address) == 1;
  const bool v6 = !v4 && ::inet_pton(AF_INET6, host.c_str(), address) == 1;
  if (!v4 && !v6) return text_name(GEN_DNS, host);
  Ptr<GENERAL_NAME> name(GENERAL_NAME_new());
  ASN1_OCTET_STRING* bytes = ASN1_OCTET_STRING_new();
  ASN1_OCTET_STRING_set(bytes, address, v4 ? 4 : 16);
  GENERAL_NAME_set0_value(name.get(), GEN_IPADD, bytes);
  return name;
}

bool is_printable_ascii(const std::string& text) {
  for (const char c : text)
    if (c <= ' ' || c > '~') return false;
  return !text.empty();
}

base::Result<Ptr<GENERAL_NAMES>> alternatives(const Subject& subject) {
  Ptr<GENERAL_NAMES> names(sk_GENERAL_NAME_new_null());
  for (const auto& uri : subject.uris) {
    if (!is_printable_ascii(uri)) return base::invalid("not a URI: " + base::quoted(uri));
    sk_GENERAL_NAME_push(names.get(), text_name(GEN_URI, uri).release());
  }
  for (const auto& host : subject.hosts) {
    if (!is_printable_ascii(host)) return base::invalid("not a host name: " + base::quoted(host));
    sk_GENERAL_NAME_push(names.get(), host_name(host).release());
  }
  return names;
}

// ---- extensions

enum class Role { authority, leaf };
enum class Weight : int { plain = 0, critical = 1 };

bool add_extension(X509* certificate, int nid, void* value, Weight weight) {
  return X509_add1_ext_i2d(certificate, nid, value, static_cast<int>(weight), X509V3_ADD_DEFAULT) ==
         1;
}

bool add_basic_constraints(X509* certificate, Role role) {
  const Ptr<BASIC_CONSTRAINTS> constraints(BASIC_CONSTRAINTS_new());
  constraints->ca = role == Role::authority ? 0xff : 0;
  if (role == Role::authority) {
    constraints->pathlen = ASN1_INTEGER_new();  // No authority below this one.
    ASN1_INTEGER_set(constraints->pathlen, 0);
  }
  return add_extension(certificate, NID_basic_constraints, constraints.get(), Weight::critical);
}

bool add_key_usage(X509* certificate, Role role) {
  constexpr int kDigitalSignature = 0, kCertSign = 5, kCrlSign = 6;  // RFC 5280, 4.2.1.3
  const Ptr<ASN1_BIT_STRING> bits(ASN1_BIT_STRING_new());
  if (role == Role::authority) {
    ASN1_BIT_STRING_set_bit(bits.get(), kCertSign, 1);
    ASN1_BIT_STRING_set_bit(bits.get(), kCrlSign, 1);
  } else {
    ASN1_BIT_STRING_set_bit(bits.get(), kDigitalSignature, 1);
  }
  return add_extension(certificate, NID_key_usage, bits.get(), Weight::critical);
}

/// A certificate with hosts may serve; one with an identity may ask; a plain name only asks.
bool add_extended_usage(X509* certificate, const Subject& subject) {
  const bool serves = !subject.hosts.empty();
  const bool asks = !serves || !subject.uris.empty() || !subject.organizations.empty();
  const Ptr<EXTENDED_KEY_USAGE> usage(sk_ASN1_OBJECT_new_null());
  if (serves) sk_ASN1_OBJECT_push(usage.get(), OBJ_nid2obj(NID_server_auth));
  if (asks) sk_ASN1_OBJECT_push(usage.get(), OBJ_nid2obj(NID_client_auth));
  return add_extension(certificate, NID_ext_key_usage, usage.get(), Weight::plain);
}

bool add_key_ids(X509* certificate, X509* issuer) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  for (const auto& [nid, value] : {std::pair(NID_subject_key_identifier, "hash"),
                                   std::pair(NID_authority_key_identifier, "keyid:always")}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    if (extension == nullptr) return false;
    const bool added = X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    if (!added) return false;
  }
  return true;
}

// ---- certificates

bool set_serial(X509* certificate) {
  auto bytes = random_bytes(16);
  bytes[0] = static_cast<char>(bytes[0] | 0x40);  // Never zero, always 128 bits long.
  const Ptr<BIGNUM> number(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), 16, nullptr));
  return BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_validity(X509* certificate, Validity validity) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate), validity.from.ms / 1000) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), validity.to.ms / 1000) != nullptr;
}

/// Everything but names, issuer and signature.
base::Result<CertificatePtr> blank_certificate(EVP_PKEY* key, Validity validity, Role role) {
  if (validity.to <= validity.from)
    return base::invalid("a certificate that ends before it begins");
  CertificatePtr certificate(X509_new());
  const bool fine =
      X509_set_version(certificate.get(), X509_VERSION_3) == 1 && set_serial(certificate.get()) &&
      set_validity(certificate.get(), validity) && X509_set_pubkey(certificate.get(), key) == 1 &&
      add_basic_constraints(certificate.get(), role) && add_key_usage(certificate.get(), role);
  if (!fine) return failed("make a certificate");
  return certificate;
}

struct Authority {
  CertificatePtr certificate;
  KeyPtr key;
};

base::Result<Authority> authority_of(const KeyPair& ca) {
  auto certificates = certificates_of(ca.certificate);
  if (!certificates) return std::move(certificates).error().within("the CA");
  auto key = key_of(ca.key);
  if (!key) return std::move(key).error().within("the CA");
  Authority authority{std::move(certificates->front()), *std::move(key)};
  if (X509_check_private_key(authority.certificate.get(), authority.key.get()) != 1) {
    ERR_clear_error();
    return base::invalid("the key of the CA does not belong to its certificate");
  }
  if (X509_check_ca(authority.certificate.get()) != 1)
    return base::invalid("the certificate of the CA is not one of a CA");
  return authority;
}

base::Result<std::string> sign_key(const KeyPair& ca, EVP_PKEY* key, const Subject& subject,
                                   Validity validity) {
  auto authority = authority_of(ca);
  if (!authority) return std::move(authority).error();
  auto certificate = blank_certificate(key, validity, Role::leaf);
  if (!certificate) return std::move(certificate).error();
  auto names = alternatives(subject);
  if (!names) return std::move(names).error();
  X509* leaf = certificate->get();
  X509* issuer = authority->certificate.get();
  if (auto named = name_subject(X509_get_subject_name(leaf), subject); !named)
    return std::move(named).error();
  const bool has_names = sk_GENERAL_NAME_num(names->get()) > 0;
  const bool fine =
      X509_set_issuer_name(leaf, X509_get_subject_name(issuer)) == 1 &&
      add_extended_usage(leaf, subject) && add_key_ids(leaf, issuer) &&
      (!has_names || add_extension(leaf, NID_subject_alt_name, names->get(), Weight::plain)) &&
      X509_sign(leaf, authority->key.get(), EVP_sha256()) > 0;
  if (!fine) return failed("sign a certificate");
  return pem_of(leaf);
}

base::Status check_strength(EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      if (bits >= kRsaBits) return base::ok();
      return base::invalid("an RSA key of " + std::to_string(bits) + " bits is too weak");
    case EVP_PKEY_EC:
      if (bits >= 256) return base::ok();
      return base::invalid("a curve of " + std::to_string(bits) + " bits is too weak");
    case EVP_PKEY_ED25519: return base::ok();
    default: return base::invalid("a key of this kind cannot be signed");
  }
}

}  // namespace

base::Result<std::string> make_key() {
  auto key = new_key();
  if (!key) return std::move(key).error();
  return pem_of(key->get());
}

base::Result<KeyPair> make_ca(const std::string& common_name, Validity validity) {
  auto key = new_key();
  if (!key) return std::move(key).error();
  auto certificate = blank_certificate(key->get(), validity, Role::authority);
  if (!certificate) return std::move(certificate).error();
  X509* ca = certificate->get();
  if (auto named = add_entry(X509_get_subject_name(ca), NID_commonName, common_name); !named)
    return std::move(named).error();
  const bool fine = X509_set_issuer_name(ca, X509_get_subject_name(ca)) == 1 &&
                    add_key_ids(ca, ca) && X509_sign(ca, key->get(), EVP_sha256()) > 0;
  if (!fine) return failed("sign a CA");
  return KeyPair{pem_of(ca), pem_of(key->get())};
}

base::Result<std::string> make_request(const std::string& key, const std::string& common_name) {
  auto own = key_of(key);
  if (!own) return std::move(own).error();
  const Ptr<X509_REQ> request(X509_REQ_new());
  if (auto named = add_entry(X509_REQ_get_subject_name(request.get()), NID_commonName, common_name);
      !named)
    return std::move(named).error();
  if (X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
      X509_REQ_set_pubkey(request.get(), own->get()) != 1 ||
      X509_REQ_sign(request.get(), own->get(), EVP_sha256()) <= 0)
    return failed("make a certificate request");
  const Ptr<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_REQ(bio.get(), request.get());
  return written(bio.get());
}

base::Result<std::string> sign_request(const KeyPair& ca, const std::string& request,
                                       const Subject& subject, Validity validity) {
  if (request.size() > kRequestBytes)
    return base::invalid("a certificate request of more than 16 KiB");
  ERR_clear_error();
  const Ptr<BIO> bio(BIO_new_mem_buf(request.data(), static_cast<int>(request.size())));
  const Ptr<X509_REQ> asked(PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
  if (!asked) return base::invalid("read a certificate request: " + openssl_reason());
  EVP_PKEY* key = X509_REQ_get0_pubkey(asked.get());
  if (key == nullptr) return base::invalid("read the key of the request: " + openssl_reason());
  if (auto strong = check_strength(key); !strong) return std::move(strong).error();
  if (X509_REQ_verify(asked.get(), key) != 1) {
    ERR_clear_error();
    return base::invalid("the certificate request is not signed by its own key");
  }
  return sign_key(ca, key, subject, validity);
}

base::Result<KeyPair> make_certificate(const KeyPair& ca, const Subject& subject,
                                       Validity validity) {
  auto key = new_key();
  if (!key) return std::move(key).error();
  auto certificate = sign_key(ca, key->get(), subject, validity);
  if (!certificate) return std::move(certificate).error();
  return KeyPair{*std::move(certificate), pem_of(key->get())};
}

}  // namespace wire
