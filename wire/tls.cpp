// SPDX-License-Identifier: Apache-2.0
#include "wire/tls.hpp"

#include "base/text.hpp"
#include "base/units.hpp"
#include "wire/tls_inner.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace wire {
namespace {

using Side = Tls::State::Side;

/// The only protocol that we speak, for clients that ask (kubectl would rather speak HTTP/2).
int choose_http1(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                 unsigned in_size, void*) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kOurs, sizeof kOurs - 1, in, in_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

/// The rules of every context. No tickets and no cache: a resumed session would carry an identity
/// that nobody checked again.
std::shared_ptr<Tls::State> new_state(Side side) {
  auto state = std::make_shared<Tls::State>();
  state->side = side;
  state->context.reset(
      SSL_CTX_new(side == Side::server ? TLS_server_method() : TLS_client_method()));
  SSL_CTX* context = state->context.get();
  if (context == nullptr) return state;
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_early_data(context, 0);
  SSL_CTX_set_ciphersuites(
      context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  // The bytes to send lie in a string that grows, and leave it as the socket takes them.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);  // One system call a record instead of two.
  if (side == Side::server) SSL_CTX_set_alpn_select_cb(context, choose_http1, nullptr);
  return state;
}

base::Error failed(std::string_view doing) {
  return base::internal(std::string(doing) + ": " + openssl_reason());
}

base::Status show(Tls::State& state, const std::string& certificate, const std::string& key) {
  auto chain = certificates_of(certificate);
  if (!chain) return std::move(chain).error().within("our certificate");
  auto own = key_of(key);
  if (!own) return std::move(own).error().within("our certificate");
  SSL_CTX* context = state.context.get();
  X509* leaf = chain->front().get();
  if (SSL_CTX_use_certificate(context, leaf) != 1) return failed("use our certificate");
  if (SSL_CTX_use_PrivateKey(context, own->get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    return base::invalid("our private key does not belong to our certificate");
  }
  for (std::size_t i = 1; i < chain->size(); ++i)
    if (SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) != 1) return failed("use our chain");
  const auto facts = facts_of(leaf);
  state.validity = "valid from " + base::rfc3339(facts.validity.from) + " to " +
                   base::rfc3339(facts.validity.to);
  return base::ok();
}

base::Status trust(Tls::State& state, const std::string& ca) {
  auto authorities = certificates_of(ca);
  if (!authorities) return std::move(authorities).error().within("the CA");
  SSL_CTX* context = state.context.get();
  for (const auto& authority : *authorities) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) != 1)
      return failed("trust a CA");
    if (state.side == Side::server && SSL_CTX_add_client_CA(context, authority.get()) != 1)
      return failed("name a CA to clients");
  }
  return base::ok();
}

/// Looks for the pinned CA among what the server showed, and then verifies as always, with that one
/// certificate as the whole trust.
int verify_pinned(X509_STORE_CTX* context, void* argument) {
  const auto* state = static_cast<const Tls::State*>(argument);
  STACK_OF(X509)* shown = X509_STORE_CTX_get0_untrusted(context);
  for (int i = 0; i < sk_X509_num(shown); ++i) {
    X509* candidate = sk_X509_value(shown, i);
    if (X509_check_ca(candidate) != 1 || fingerprint_of(candidate) != state->pinned) continue;
    STACK_OF(X509)* trusted = sk_X509_new_null();
    sk_X509_push(trusted, candidate);
    X509_STORE_CTX_set0_trusted_stack(context, trusted);
    const int verdict = X509_verify_cert(context);
    sk_X509_free(trusted);
    return verdict;
  }
  X509_STORE_CTX_set_error(context, X509_V_ERR_CERT_UNTRUSTED);
  return 0;
}

}  // namespace

void FreeContext::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}

Tls::Tls(std::shared_ptr<State> state) : state_(std::move(state)) {}
Tls::Tls(Tls&&) noexcept = default;
Tls& Tls::operator=(Tls&&) noexcept = default;
Tls::~Tls() = default;

base::Result<Tls> Tls::server(const std::string& certificate, const std::string& key,
                              const std::string& client_ca) {
  auto state = new_state(State::Side::server);
  if (!state->context) return failed("set TLS up");
  if (auto shown = show(*state, certificate, key); !shown) return std::move(shown).error();
  if (auto trusted = trust(*state, client_ca); !trusted) return std::move(trusted).error();
  SSL_CTX_set_verify(state->context.get(), SSL_VERIFY_PEER, nullptr);
  return Tls(std::move(state));
}

base::Result<Tls> Tls::client(const std::string& ca, const std::string& certificate,
                              const std::string& key) {
  auto state = new_state(State::Side::client);
  if (!state->context) return failed("set TLS up");
  if (auto trusted = trust(*state, ca); !trusted) return std::move(trusted).error();
  if (!certificate.empty())
    if (auto shown = show(*state, certificate, key); !shown) return std::move(shown).error();
  SSL_CTX_set_verify(state->context.get(), SSL_VERIFY_PEER, nullptr);
  return Tls(std::move(state));
}

base::Result<Tls> Tls::pinned_client(const std::string& ca_fingerprint) {
  const auto bytes = base::from_hex(ca_fingerprint);
  if (!bytes || bytes->size() != 32)
    return base::invalid("a CA fingerprint is 64 hexadecimal digits, not " +
                         base::quoted(ca_fingerprint));
  auto state = new_state(State::Side::client);
  if (!state->context) return failed("set TLS up");
  state->pinned = base::to_hex(*bytes);
  SSL_CTX_set_verify(state->context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(state->context.get(), verify_pinned, state.get());
  return Tls(std::move(state));
}

}  // namespace wire
