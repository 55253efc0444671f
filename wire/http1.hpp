// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"
#include "wire/message.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

/// HTTP/1.1 as a pure function of bytes: no socket, no clock. The only file that sees Beast.
namespace wire {

/// Reads requests from bytes, one after the other. Strict (reliability.md T7, [M5]): exactly one
/// Host; Transfer-Encoding only as one `chunked` on 1.1 and never beside Content-Length; one
/// Content-Length of digits; origin-form targets; no obs-fold, chunk extensions, trailers, Expect
/// other than 100-continue, Upgrade; every bound of base/limits.hpp.
class RequestParser {
 public:
  explicit RequestParser(std::size_t body_max);
  ~RequestParser();
  RequestParser(RequestParser&&) noexcept;

  /// Takes a prefix of `bytes` and says how long it was. Bytes that are not taken must come again
  /// with more behind them (Beast's parser takes nothing of a header until it is whole).
  std::size_t feed(std::string_view bytes);
  bool head_done() const;
  bool done() const;
  const std::optional<Refusal>& refusal() const;
  /// The head; valid from head_done() on.
  const Request& head() const;
  /// Body bytes that came since the last call.
  std::string take_body();
  /// The whole request once done(); the parser is ready for the next one.
  Request take();
  bool keep_alive() const;
  bool wants_continue() const;
  /// Another bound for the body of this request, once its head is known.
  void set_body_max(std::size_t body_max);
  /// HTTP/1.0 knows no chunks: a stream to such a client ends with the connection.
  bool can_chunk() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Reads one response; the body comes in pieces (`take_body`) or whole (`take`).
class ResponseParser {
 public:
  explicit ResponseParser(std::size_t body_max, bool head_request = false);
  ~ResponseParser();
  ResponseParser(ResponseParser&&) noexcept;

  std::size_t feed(std::string_view bytes);
  /// The peer closed: ends a body that has no length; an error within any other.
  base::Status finish();
  bool head_done() const;
  bool done() const;
  const std::optional<Refusal>& refusal() const;
  const Response& head() const;
  std::string take_body();
  Response take();
  bool keep_alive() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A whole message with Content-Length.
std::string encode(const Response& response, bool keep_alive);
std::string encode(const Request& request, std::string_view host, bool keep_alive);
/// The head of an answer whose end is the end of the connection.
std::string encode_open_head(int status, const Headers& headers);
/// The head of a chunked message, a chunk, and the end.
std::string encode_stream_head(int status, const Headers& headers);
std::string encode_stream_head(const Request& request, std::string_view host);
std::string encode_chunk(std::string_view bytes);
std::string_view last_chunk();

std::string_view reason_phrase(int status);

/// A refusal as a Kubernetes Status in JSON: the one body that all clients of our servers print.
Response answer_to(const Refusal& refusal);

}  // namespace wire
