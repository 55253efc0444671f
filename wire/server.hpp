// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/limits.hpp"
#include "base/result.hpp"
#include "wire/loop.hpp"
#include "wire/message.hpp"
#include "wire/tls.hpp"

#include <functional>
#include <memory>
#include <string>

namespace wire {

/// The server's side of one request; lives as long as somebody holds it. All calls on the loop's
/// thread; after the peer is gone they do nothing.
class Exchange {
 public:
  virtual ~Exchange() = default;

  /// The whole answer at once.
  virtual void respond(Response response) = 0;
  /// Begins a chunked answer; sent at once, also before the first `write`.
  virtual void head(int status, Headers headers) = 0;
  /// Adds bytes to a chunked answer. False: the peer is behind (more than kWriteHighWater waits);
  /// hold back until `on_writable`. What has been given is kept.
  virtual bool write(std::string bytes) = 0;
  /// Ends a chunked answer.
  virtual void finish() = 0;
  /// Cuts the connection without an end: the peer must notice.
  virtual void abort() = 0;
  virtual bool closed() const = 0;
  /// Bytes that wait for the peer.
  virtual std::size_t backlog() const = 0;

  std::function<void()> on_writable;
  std::function<void()> on_closed;  // the peer is gone before the end of the answer
};

/// What answers. `on_request` gets the whole request (body included) and may keep the exchange.
class Service {
 public:
  virtual ~Service() = default;
  /// The largest body that this request (head only) may have; 0 refuses any with 413.
  virtual std::size_t body_max(const Request& head) = 0;
  virtual void on_request(Request request, std::shared_ptr<Exchange> exchange) = 0;
  /// A request that was refused before it was whole; `head` holds what was read of it. The answer
  /// is given already.
  virtual void on_refused(const Request& head, const Refusal& refusal);
};

/// An address that is ours before anybody can be served: who connects waits. Given back at the end
/// unless a server has taken it over.
class HeldAddress {
 public:
  /// `host:port`, port 0 picks a free one. `unavailable` names the address (and, where it can be
  /// found, the process that holds it).
  static base::Result<HeldAddress> tcp(const std::string& address);
  /// A unix socket with mode 0600. A stale socket file is replaced.
  static base::Result<HeldAddress> unix_socket(const std::string& path);
  HeldAddress(HeldAddress&& other) noexcept;
  HeldAddress& operator=(HeldAddress&&) = delete;
  ~HeldAddress();
  /// The real `host:port`, or the path.
  const std::string& address() const { return address_; }

 private:
  friend class Server;
  enum class Kind { tcp, unix_socket };
  HeldAddress(int fd, std::string address, Kind kind)
      : fd_(fd), address_(std::move(address)), kind_(kind) {}
  int fd_;
  std::string address_;
  Kind kind_;
};

/// How long a server waits for a peer, and for how many. Tests of slow peers ask for less.
struct Bounds {
  base::Duration handshake = base::limits::kHandshake;
  base::Duration header = base::limits::kHeader;
  base::Duration body = base::limits::kBody;
  base::Duration idle = base::limits::kIdle;
  base::Duration write = base::limits::kWrite;
  base::Duration linger = base::limits::kLinger;
  std::size_t connections = base::limits::kConnections;
};

/// Accepts connections and serves requests one after the other on each. When there is no room for
/// one more, whoever keeps a connection without a request makes room: strangers first, the one that
/// has waited longest before others. The service must outlive it.
class Server {
 public:
  Server(Loop& loop, Service& service, const Bounds& bounds = {});
  ~Server();
  /// Gives the real `host:port`; refuses as `HeldAddress` does.
  base::Result<std::string> listen(const std::string& address, const Tls& tls);
  /// TLS on TCP. Who has connected meanwhile is served first.
  void listen(HeldAddress held, const Tls& tls);
  /// Plain HTTP on TCP: loopback services and test doubles only.
  base::Result<std::string> listen_plain(const std::string& address);
  /// A unix socket; the peer's uid is in `Peer::uid`.
  base::Status listen_unix(const std::string& path);
  void listen_unix(HeldAddress held);
  /// Shows another certificate to connections that come from now on.
  void use(const Tls& tls);
  /// Stops accepting; open exchanges may end until `close_all`.
  void stop_accepting();
  void close_all();
  std::size_t connections() const;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace wire
