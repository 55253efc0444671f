// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "wire/connection.hpp"
#include "wire/deadline.hpp"
#include "wire/http1.hpp"
#include "wire/server.hpp"

#include <map>
#include <memory>
#include <string>

/// One connection of a server, for the rest of wire only.
namespace wire {

class Session;

/// What all connections of a server share.
struct ServerCore {
  ServerCore(Loop& at, Service& serves, const Bounds& within)
      : loop(at), service(serves), bounds(within) {}
  Loop& loop;
  Service& service;
  Bounds bounds;
  std::uint64_t waits = 0;  // how often a connection has begun to wait for a request
  std::map<const Session*, std::shared_ptr<Session>> sessions;
  enum class Doors { open, closing };
  Doors doors = Doors::open;  // closing: no connection is kept alive for another request
};

/// Requests of one connection, one after the other.
///
///   handshake ─▶ head ─▶ body ─▶ answering ─▶ draining ─▶ idle ─▶ head …
///                  └───────┴───── refused, or the last answer ─────▶ closing ─▶ gone
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(const std::shared_ptr<ServerCore>& core, std::shared_ptr<Connection> connection);

  void start();
  /// Cuts the connection; the exchange in hand, if any, is told nothing.
  void cut();
  /// Says good-bye when no request is in hand, else cuts.
  void dismiss();

  /// Nothing whole has come that an answer is owed to.
  bool waits() const { return phase_ != Phase::answering && phase_ != Phase::draining; }
  /// Of two that wait: a stranger before who has shown who he is, then who has waited longer.
  bool is_owed_less_than(const Session& other) const;
  const std::string& address() const { return connection_->peer().address; }

  // The exchange's side.
  void send(std::string bytes, Connection::Flush flush);
  enum class After { keep, close };
  void answered(After after);
  void abort();
  std::size_t pending() const { return connection_->pending(); }
  void note_full() { full_ = true; }

 private:
  class Answer;
  enum class Phase { handshake, head, body, answering, draining, idle, closing, gone };

  void take_bytes(std::string_view bytes);
  void pump();
  void pump_soon();
  void begin_body();
  void dispatch();
  void refuse(const Refusal& refusal);
  void next();
  void close_gently();
  void sent_some();
  void peer_ended(const base::Status& how);
  void lose_exchange();
  void cut_late();
  void leave();

  ServerCore& core_;  // outlives us: it holds us
  std::weak_ptr<ServerCore> owner_;
  std::shared_ptr<Connection> connection_;
  Deadline deadline_;
  RequestParser parser_;
  std::string in_;
  std::weak_ptr<Answer> answer_;
  Phase phase_ = Phase::handshake;
  std::uint64_t waits_since_;  // by the core's count
  After after_ = After::keep;
  bool pumping_ = false;
  bool full_ = false;  // `write` said so: `on_writable` is owed
  bool half_closed_ = false;
};

}  // namespace wire
