// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "wire/client.hpp"
#include "wire/connection.hpp"
#include "wire/deadline.hpp"
#include "wire/http1.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

/// How a client's requests travel, for the rest of wire only.
namespace wire {

class ClientCall;

/// What all requests of one client share: above all the connections that lie idle.
struct Client::State : std::enable_shared_from_this<Client::State> {
  State(Loop& at, Endpoint to, std::shared_ptr<Tls::State> with);

  /// An idle connection that still lives; nothing when there is none.
  std::shared_ptr<Connection> take_idle();
  void begin(const std::shared_ptr<ClientCall>& call);
  void keep_idle(const std::shared_ptr<Connection>& connection);

  struct Idle {
    std::shared_ptr<Connection> connection;
    Loop::Timer until;
  };

  Loop& loop;
  Endpoint endpoint;
  std::shared_ptr<Tls::State> tls;
  std::string host;  // the Host field
  std::vector<Idle> idle;
  std::vector<std::weak_ptr<ClientCall>> calls;
};

/// One request. Only the caller's handle owns it: dropping that ends it without a word.
///
///   finding (look up, connect, shake hands) ─▶ asking (sent, waits for the answer) ─▶ over
///      ▲            a kept connection turned out dead before a byte left │
///      └───────────────────────────────────────────────────────────────┘
class ClientCall : public std::enable_shared_from_this<ClientCall> {
 public:
  enum class Kind { whole, stream };
  ClientCall(const std::shared_ptr<Client::State>& client, const Request& request,
             Client::Options options, Kind kind);
  ~ClientCall();
  ClientCall(const ClientCall&) = delete;
  ClientCall& operator=(const ClientCall&) = delete;

  Client::OnResponse on_response;
  Client::StreamEvents events;
  base::Duration silence{0};

  void start();
  /// Ends it without a word.
  void drop();

 private:
  enum class Kept { yes, no };

  void begin();
  void look_up();
  void try_next();
  void opened(int fd);
  void use(std::shared_ptr<Connection> connection, Kept kept);
  Connection::Events connection_events();
  void ask();
  void take_bytes(std::string_view bytes);
  void take_piece();
  void answered();
  void connection_ended(const base::Status& how);
  void late();
  void connect_failed(base::Error error);
  void fail(base::Error error);
  void end(base::Status how);
  template <class F>
  auto guarded(F what);

  std::weak_ptr<Client::State> client_;
  Loop& loop_;
  std::string where_;
  std::string bytes_;  // the request
  Client::Options options_;
  Kind kind_;
  ResponseParser parser_;
  std::string in_;

  std::shared_ptr<void> resolver_;
  std::vector<SocketAddress> addresses_;  // still to be tried, the next one last
  std::unique_ptr<FdWatch> connecting_;
  std::shared_ptr<Connection> connection_;
  Kept kept_ = Kept::no;
  std::uint64_t sent_before_ = 0;
  Deadline connect_by_;
  Deadline answer_by_;
  enum class Phase { finding, asking, over };
  Phase phase_ = Phase::finding;
  bool head_told_ = false;
};

}  // namespace wire
