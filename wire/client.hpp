// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"
#include "base/time.hpp"
#include "wire/loop.hpp"
#include "wire/message.hpp"
#include "wire/tls.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace wire {

/// Where a client connects: "https://host:port", "http://host:port" or "unix:/path".
struct Endpoint {
  enum class Scheme { https, http, unix_socket };
  Scheme scheme = Scheme::https;
  std::string host;  // or the path of the socket
  std::string port;

  static base::Result<Endpoint> parse(const std::string& url);
  std::string text() const;
};

/// Requests to one endpoint over kept-alive connections. A connection that the server closed while
/// idle is replaced silently for requests that had no byte sent; nothing else is retried.
/// Errors: `unavailable` (cannot connect, cut), `timeout`, `forbidden` (certificate refused, either
/// side; a clock that is off is called that).
class Client {
 public:
  /// `tls` is needed for https.
  Client(Loop& loop, Endpoint endpoint, std::optional<Tls> tls);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  struct Options {
    base::Duration timeout{60'000};  // of the whole exchange; of the head for streams
    std::size_t body_max = 64 << 20;
  };
  using OnResponse = std::function<void(base::Result<Response>)>;

  /// A handle to cancel by dropping; the callback then never comes.
  class Call {
   public:
    Call() = default;
    void cancel() { alive_.reset(); }
    explicit operator bool() const { return alive_ != nullptr; }

   private:
    friend class Client;
    explicit Call(std::shared_ptr<void> alive) : alive_(std::move(alive)) {}
    std::shared_ptr<void> alive_;
  };
  [[nodiscard]] Call send(Request request, Options options, OnResponse done);

  /// A streamed answer on a connection of its own: the head once, then pieces, then the end (an
  /// error when it was cut). `silence` ends a stream on which nothing came for that long (0:
  /// never).
  struct StreamEvents {
    std::function<void(const Response& head)> on_head;
    std::function<void(std::string_view bytes)> on_data;
    std::function<void(base::Status end)> on_end;
  };
  [[nodiscard]] Call stream(Request request, Options options, base::Duration silence,
                            StreamEvents events);

  /// Sends and runs the loop until the answer is there: for programs that do one thing at a time.
  base::Result<Response> call(Request request, Options options);

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace wire
