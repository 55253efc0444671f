// SPDX-License-Identifier: Apache-2.0
#include "base/check.hpp"
#include "base/limits.hpp"
#include "wire/client_inner.hpp"
#include "wire/sockets.hpp"

#include <unistd.h>
#include <algorithm>
#include <limits>

namespace wire {
namespace {

std::string duration_text(base::Duration wait) {
  return wait.count() % 1000 == 0 ? std::to_string(wait.count() / 1000) + " s"
                                  : std::to_string(wait.count()) + " ms";
}

std::size_t body_bound(const Client::Options& options, ClientCall::Kind kind) {
  return kind == ClientCall::Kind::whole ? options.body_max
                                         : std::numeric_limits<std::size_t>::max();
}

}  // namespace

/// Wraps what an event does so that a call that was dropped hears nothing, and one that is dropped
/// by its own event lives until that has returned.
template <class F>
auto ClientCall::guarded(F what) {
  return [weak = weak_from_this(), what = std::move(what)](auto&&... arguments) {
    if (const auto self = weak.lock(); self && self->phase_ != Phase::over)
      what(*self, std::forward<decltype(arguments)>(arguments)...);
  };
}

ClientCall::ClientCall(const std::shared_ptr<Client::State>& client, const Request& request,
                       Client::Options options, Kind kind)
    : client_(client),
      loop_(client->loop),
      where_(client->endpoint.text()),
      bytes_(encode(request, client->host, kind == Kind::whole)),
      options_(options),
      kind_(kind),
      parser_(body_bound(options, kind), request.method == "HEAD"),
      connect_by_(client->loop,
                  [this] {
                    connect_failed(base::unavailable("no connection within " +
                                                     duration_text(base::limits::kConnect)));
                  }),
      answer_by_(client->loop, [this] { late(); }) {}

ClientCall::~ClientCall() {
  drop();
}

void ClientCall::start() {
  answer_by_.set(options_.timeout);
  loop_.post(guarded([](ClientCall& self) { self.begin(); }));
}

void ClientCall::drop() {
  phase_ = Phase::over;
  on_response = nullptr;
  events = {};
  connect_by_.clear();
  answer_by_.clear();
  resolver_.reset();
  connecting_.reset();
  if (connection_) connection_->cut();
  connection_.reset();
}

// ---- finding a connection

void ClientCall::begin() {
  const auto client = client_.lock();
  if (!client) return drop();
  if (kind_ == Kind::whole)
    if (auto idle = client->take_idle()) return use(std::move(idle), Kept::yes);
  look_up();
}

void ClientCall::look_up() {
  const auto client = client_.lock();
  if (!client) return drop();
  phase_ = Phase::finding;
  connect_by_.set(base::limits::kConnect);
  const auto& endpoint = client->endpoint;
  if (endpoint.scheme == Endpoint::Scheme::unix_socket) {
    auto fd = begin_connect_unix(endpoint.host);
    return fd ? opened(*fd) : connect_failed(std::move(fd).error());
  }
  using Found = base::Result<std::vector<SocketAddress>>;
  resolver_ =
      resolve(loop_, endpoint.host, endpoint.port, guarded([](ClientCall& self, Found found) {
                if (!found) return self.connect_failed(std::move(found).error());
                self.addresses_ = *std::move(found);
                std::reverse(self.addresses_.begin(), self.addresses_.end());
                self.try_next();
              }));
}

void ClientCall::try_next() {
  if (addresses_.empty()) return connect_failed(base::unavailable("the host has no address"));
  const auto address = std::move(addresses_.back());
  addresses_.pop_back();
  auto fd = begin_connect(address);
  if (!fd) return addresses_.empty() ? connect_failed(std::move(fd).error()) : try_next();
  connecting_ = std::make_unique<FdWatch>(loop_, *fd);
  connecting_->want_write(guarded([](ClientCall& self) {
    auto done = connected(self.connecting_->fd());
    if (!done && !self.addresses_.empty()) return self.try_next();
    if (!done) return self.connect_failed(std::move(done).error());
    self.opened(self.connecting_->release());
  }));
}

void ClientCall::opened(int fd) {
  const auto client = client_.lock();
  if (!client) {
    ::close(fd);
    return drop();
  }
  const auto& endpoint = client->endpoint;
  const bool secure = endpoint.scheme == Endpoint::Scheme::https;
  CHECK(!secure || client->tls);
  auto connection =
      std::make_shared<Connection>(loop_, fd, secure ? client->tls : nullptr, endpoint.host);
  connection->start(connection_events());
  connection_ = std::move(connection);
  kept_ = Kept::no;
}

Connection::Events ClientCall::connection_events() {
  return {
      .on_ready = guarded([](ClientCall& self) { self.ask(); }),
      .on_bytes = guarded([](ClientCall& self, std::string_view bytes) { self.take_bytes(bytes); }),
      .on_sent = {},
      .on_end =
          guarded([](ClientCall& self, const base::Status& how) { self.connection_ended(how); }),
      .on_gone = {},
  };
}

// ---- asking

void ClientCall::use(std::shared_ptr<Connection> connection, Kept kept) {
  connection_ = std::move(connection);
  connection_->hand_over(connection_events());
  kept_ = kept;
  ask();
}

void ClientCall::ask() {
  phase_ = Phase::asking;
  connect_by_.clear();
  sent_before_ = connection_->sent();
  // A kept connection may turn out dead, and then the bytes are needed once more.
  connection_->send(kept_ == Kept::yes ? bytes_ : std::move(bytes_), Connection::Flush::now);
}

void ClientCall::take_bytes(std::string_view bytes) {
  if (kind_ == Kind::stream && silence.count() > 0 && head_told_) answer_by_.set(silence);
  in_ += bytes;
  while (phase_ == Phase::asking && !parser_.done()) {
    const auto taken = parser_.feed(in_);
    in_.erase(0, taken);
    if (parser_.refusal())
      return fail(base::unavailable("the answer is malformed: " + parser_.refusal()->reason));
    if (kind_ == Kind::stream) take_piece();
    if (taken == 0) break;
  }
  if (phase_ == Phase::asking && parser_.done()) answered();
}

void ClientCall::take_piece() {
  if (!parser_.head_done()) return;
  if (!std::exchange(head_told_, true)) {
    if (silence.count() > 0)
      answer_by_.set(silence);
    else
      answer_by_.clear();
    if (const auto tell = events.on_head) tell(parser_.head());
  }
  if (phase_ != Phase::asking) return;
  const auto piece = parser_.take_body();
  const auto tell = events.on_data;
  if (!piece.empty() && tell) tell(piece);
}

void ClientCall::answered() {
  if (kind_ == Kind::stream) return end(base::ok());
  const auto client = client_.lock();
  // Bytes behind the answer, or a request not yet sent whole: nobody knows what comes next there.
  const bool clean = parser_.keep_alive() && in_.empty() && connection_->pending() == 0;
  if (client && clean && connection_->open()) {
    client->keep_idle(connection_);
    connection_.reset();
  }
  auto tell = std::exchange(on_response, nullptr);
  auto response = parser_.take();
  drop();
  if (tell) tell(std::move(response));
}

void ClientCall::connection_ended(const base::Status& how) {
  const bool nothing_left = connection_->sent() == sent_before_;
  if (kept_ == Kept::yes && nothing_left && parser_.head_done() == false) {
    connection_->cut();
    connection_.reset();
    kept_ = Kept::no;
    return look_up();
  }
  if (phase_ == Phase::finding)
    return connect_failed(how ? base::unavailable("the connection was closed at once")
                              : how.error());
  if (!how) return fail(how.error());
  auto whole = parser_.finish();
  if (!whole) return fail(std::move(whole).error());
  if (kind_ == Kind::stream) take_piece();
  if (phase_ == Phase::asking) answered();
}

// ---- the end

void ClientCall::late() {
  const bool silent = head_told_;
  fail({base::Code::timeout, silent ? "nothing came for " + duration_text(silence)
                                    : "no answer within " + duration_text(options_.timeout)});
}

void ClientCall::connect_failed(base::Error error) {
  end(std::move(error).within("reach " + where_));
}

void ClientCall::fail(base::Error error) {
  end(std::move(error).within("ask " + where_));
}

void ClientCall::end(base::Status how) {
  const auto tell_end = std::exchange(events.on_end, nullptr);
  const auto tell_response = std::exchange(on_response, nullptr);
  const auto self = shared_from_this();  // Who is told may let go of us.
  drop();
  if (kind_ == Kind::stream && tell_end) tell_end(std::move(how));
  if (kind_ == Kind::whole && tell_response) tell_response(std::move(how).error());
}

}  // namespace wire
