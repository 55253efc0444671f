// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"
#include "wire/message.hpp"
#include "wire/tls.hpp"
#include "wire/x509.hpp"

#include <memory>
#include <string>
#include <string_view>

struct ssl_ctx_st;

/// TLS on a connected, non-blocking socket, for the rest of wire only.
namespace wire {

struct FreeContext {
  void operator()(ssl_ctx_st* context) const;
};

struct Tls::State {
  enum class Side { server, client };
  Side side = Side::server;
  std::unique_ptr<ssl_ctx_st, FreeContext> context;
  std::string pinned;    // the fingerprint of the one CA to trust, in lower-case hexadecimal
  std::string validity;  // of our own certificate, in words, for when the other side refuses it
};

/// What a step of TLS came to. `wants_…`: try again once the socket is ready for that.
enum class Step { done, wants_read, wants_write, ended, failed };

/// One TLS session on a socket that it does not own.
class TlsChannel {
 public:
  /// `host` is whom a client means to reach; servers leave it empty.
  TlsChannel(std::shared_ptr<Tls::State> tls, int fd, const std::string& host);
  ~TlsChannel();

  Step handshake();
  Step read(char* into, std::size_t room, std::size_t& got);
  /// Bytes have left the socket that `read` has not given yet.
  bool holds_more() const;
  Step write(std::string_view bytes, std::size_t& sent);
  /// Says good-bye, so that the other side knows that nothing was cut. Sent if the socket takes it.
  void say_goodbye();

  /// Why the last step failed, in words for the operator.
  base::Error error() const;
  /// What the verified certificate says of the other side; its address is not filled in.
  Peer peer() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace wire
