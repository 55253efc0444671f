// SPDX-License-Identifier: Apache-2.0
#include "base/check.hpp"
#include "base/clock.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "wire/tls_inner.hpp"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <cerrno>
#include <cstring>

namespace wire {
namespace {

// OpenSSL's own socket BIO writes with write(2), and a peer that is gone would then end the process
// with SIGPIPE (ignoring the signal would be inherited by every child). So the transport is ours.

int fd_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

int transport_write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const auto sent = ::send(fd_of(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && would_block()) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int transport_read(BIO* bio, char* into, int room) {
  BIO_clear_retry_flags(bio);
  const auto got = ::recv(fd_of(bio), into, static_cast<std::size_t>(room), 0);
  if (got < 0 && would_block()) BIO_set_retry_read(bio);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(got);
}

long transport_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
  return 0;
}

BIO_METHOD* transport() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    BIO_meth_set_write(made, transport_write);
    BIO_meth_set_read(made, transport_read);
    BIO_meth_set_ctrl(made, transport_control);
    return made;
  }();
  return method;
}

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

bool is_address(const std::string& host) {
  unsigned char bytes[16];
  return ::inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

void expect_host(SSL* ssl, const std::string& host) {
  if (is_address(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
    return;
  }
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  SSL_set1_host(ssl, host.c_str());
  // What the macro SSL_set_tlsext_host_name does, without its C cast.
  SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
           const_cast<char*>(host.c_str()));
}

std::string now_text() {
  return "(now " + base::rfc3339(base::wall_now()) + ")";
}

}  // namespace

struct TlsChannel::State {
  std::shared_ptr<Tls::State> tls;
  std::string host;
  std::unique_ptr<SSL, FreeSsl> ssl;
  base::Error error = base::unavailable("the TLS connection was cut");

  Step step(int result);
  Step fail(int kind);
  base::Error refused_by_us(long verdict) const;
  base::Error refused_by_them(int alert) const;
};

base::Error TlsChannel::State::refused_by_us(long verdict) const {
  const bool server = tls->side == Tls::State::Side::server;
  const std::string whose =
      server ? "the certificate of the client" : "the certificate of the server";
  const char* words = X509_verify_cert_error_string(verdict);
  switch (verdict) {
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return base::forbidden(whose + " is not valid yet: check the clock of this machine " +
                             now_text());
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return base::forbidden(whose + " has expired: check the clock of this machine " + now_text() +
                             ", or renew the certificate");
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return base::forbidden(whose + " is not for " + base::quoted(host));
    case X509_V_ERR_CERT_UNTRUSTED:
      if (!tls->pinned.empty())
        return base::forbidden("the server does not show the CA with the fingerprint " +
                               tls->pinned);
      [[fallthrough]];
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return base::forbidden(whose + " is not signed by the CA that we trust (" + words + ")");
    default: return base::forbidden(whose + " is refused: " + words);
  }
}

base::Error TlsChannel::State::refused_by_them(int alert) const {
  const bool server = tls->side == Tls::State::Side::server;
  const std::string ours = tls->validity.empty() ? "" : "; it is " + tls->validity;
  const std::string whose =
      server ? "the client refused our certificate: " : "the server refused our certificate: ";
  switch (alert) {
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA: return base::forbidden(whose + "it is of another CA");
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return base::forbidden(whose + "it has expired there: check the clocks of both machines " +
                             now_text() + ours);
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
      return base::forbidden(whose + "it is not accepted, or not valid yet: check the clocks of " +
                             "both machines " + now_text() + ours);
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED: {
      const char* words = ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, alert));
      return base::forbidden(whose + (words == nullptr ? "not accepted" : words));
    }
    default: return {};
  }
}

Step TlsChannel::State::fail(int kind) {
  const int problem = errno;
  const auto code = ERR_peek_error();
  const auto verdict = SSL_get_verify_result(ssl.get());
  const int reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
  auto alert = refused_by_them(reason);
  if (!alert.message.empty())
    error = std::move(alert);
  else if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && verdict != X509_V_OK)
    error = refused_by_us(verdict);
  else if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    error = base::unavailable("the connection was cut");
  else if (kind == SSL_ERROR_SYSCALL && code == 0)
    error = base::unavailable(problem == 0 ? "the connection was cut" : std::strerror(problem));
  else if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
           reason == SSL_R_UNSUPPORTED_PROTOCOL)
    error = base::unavailable("the other side does not speak TLS 1.3");
  else
    error = base::unavailable("TLS: " + openssl_reason());
  ERR_clear_error();
  return Step::failed;
}

Step TlsChannel::State::step(int result) {
  if (result > 0) return Step::done;
  const int kind = SSL_get_error(ssl.get(), result);
  switch (kind) {
    case SSL_ERROR_WANT_READ: return Step::wants_read;
    case SSL_ERROR_WANT_WRITE: return Step::wants_write;
    case SSL_ERROR_ZERO_RETURN: return Step::ended;
    default: return fail(kind);
  }
}

TlsChannel::TlsChannel(std::shared_ptr<Tls::State> tls, int fd, const std::string& host)
    : state_(std::make_unique<State>()) {
  state_->tls = std::move(tls);
  state_->host = host;
  state_->ssl.reset(SSL_new(state_->tls->context.get()));
  BIO* bio = BIO_new(transport());
  CHECK(state_->ssl && bio != nullptr);
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  BIO_set_init(bio, 1);
  SSL* ssl = state_->ssl.get();
  SSL_set_bio(ssl, bio, bio);
  if (state_->tls->side == Tls::State::Side::server) {
    SSL_set_accept_state(ssl);
  } else {
    SSL_set_connect_state(ssl);
    expect_host(ssl, host);
  }
}

TlsChannel::~TlsChannel() = default;

Step TlsChannel::handshake() {
  ERR_clear_error();
  errno = 0;
  return state_->step(SSL_do_handshake(state_->ssl.get()));
}

Step TlsChannel::read(char* into, std::size_t room, std::size_t& got) {
  ERR_clear_error();
  errno = 0;
  return state_->step(SSL_read_ex(state_->ssl.get(), into, room, &got));
}

bool TlsChannel::holds_more() const {
  return SSL_has_pending(state_->ssl.get()) == 1;
}

Step TlsChannel::write(std::string_view bytes, std::size_t& sent) {
  ERR_clear_error();
  errno = 0;
  return state_->step(SSL_write_ex(state_->ssl.get(), bytes.data(), bytes.size(), &sent));
}

void TlsChannel::say_goodbye() {
  ERR_clear_error();
  if (SSL_is_init_finished(state_->ssl.get()) == 1) SSL_shutdown(state_->ssl.get());
  ERR_clear_error();
}

base::Error TlsChannel::error() const {
  return state_->error;
}

Peer TlsChannel::peer() const {
  Peer peer;
  const CertificatePtr shown(SSL_get1_peer_certificate(state_->ssl.get()));
  if (!shown || SSL_get_verify_result(state_->ssl.get()) != X509_V_OK) return peer;
  auto facts = facts_of(shown.get());
  peer.certified = true;
  peer.common_name = std::move(facts.subject.common_name);
  peer.organizations = std::move(facts.subject.organizations);
  peer.uris = std::move(facts.subject.uris);
  peer.serial = std::move(facts.serial);
  return peer;
}

}  // namespace wire
