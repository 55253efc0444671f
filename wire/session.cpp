// SPDX-License-Identifier: Apache-2.0
#include "wire/session.hpp"

#include "base/limits.hpp"
#include "base/log.hpp"

#include <limits>

namespace wire {
namespace {

namespace limits = base::limits;

constexpr std::size_t kAhead = 64 * 1024;  // of later requests, read while one is in hand
constexpr std::size_t kLowWater = limits::kWriteHighWater / 4;  // `on_writable` below this

}  // namespace

/// The exchange that the service holds. It refers to the session weakly: a service may keep it for
/// as long as it likes.
class Session::Answer final : public Exchange {
 public:
  enum class Body { chunked, raw, none };
  Answer(std::weak_ptr<Session> session, Body body, After after)
      : session_(std::move(session)), body_(body), after_(after) {}

  /// A service that lets go without an answer owes one.
  ~Answer() override {
    if (stage_ == Stage::over) return;
    after_ = After::close;
    if (stage_ == Stage::streaming)
      abort();
    else
      respond(answer_to({500, "the request was dropped without an answer"}));
  }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  void respond(Response response) override {
    if (stage_ != Stage::fresh) return;
    const auto session = over();
    if (!session) return;
    auto bytes = encode(response, after_ == After::keep);
    if (body_ == Body::none) bytes.resize(bytes.find("\r\n\r\n") + 4);
    session->send(std::move(bytes), Connection::Flush::now);
    session->answered(after_);
  }

  void head(int status, Headers headers) override {
    const auto session = session_.lock();
    if (stage_ != Stage::fresh || !session) return;
    stage_ = Stage::streaming;
    if (body_ == Body::raw) return session->send(encode_open_head(status, headers), kNow);
    if (after_ == After::close) headers.push_back({"Connection", "close"});
    session->send(encode_stream_head(status, headers), kNow);
  }

  bool write(std::string bytes) override {
    const auto session = session_.lock();
    if (stage_ != Stage::streaming || !session || body_ == Body::none) return true;
    session->send(body_ == Body::raw ? std::move(bytes) : encode_chunk(bytes),
                  Connection::Flush::soon);
    if (session->pending() <= limits::kWriteHighWater) return true;
    session->note_full();
    return false;
  }

  void finish() override {
    if (stage_ != Stage::streaming) return;
    const auto session = over();
    if (!session) return;
    if (body_ == Body::chunked) session->send(std::string(last_chunk()), kNow);
    session->answered(body_ == Body::raw ? After::close : after_);
  }

  void abort() override {
    if (stage_ == Stage::over) return;
    if (const auto session = over()) session->abort();
  }

  bool closed() const override { return stage_ == Stage::over || session_.expired(); }

  std::size_t backlog() const override {
    const auto session = session_.lock();
    return session && stage_ != Stage::over ? session->pending() : 0;
  }

  /// The connection is gone: from now on every call does nothing.
  void lose() {
    forget();
    const auto told = std::exchange(on_closed, nullptr);
    on_writable = nullptr;
    if (told) told();
  }
  void forget() { over(); }

 private:
  enum class Stage { fresh, streaming, over };
  static constexpr auto kNow = Connection::Flush::now;

  std::shared_ptr<Session> over() {
    stage_ = Stage::over;
    return std::exchange(session_, {}).lock();
  }

  std::weak_ptr<Session> session_;
  Body body_;
  After after_;
  Stage stage_ = Stage::fresh;
};

Session::Session(const std::shared_ptr<ServerCore>& core, std::shared_ptr<Connection> connection)
    : core_(*core),
      owner_(core),
      connection_(std::move(connection)),
      deadline_(core->loop, [this] { cut_late(); }),
      parser_(std::numeric_limits<std::size_t>::max()),  // The service bounds each by its head.
      waits_since_(++core->waits) {}

bool Session::is_owed_less_than(const Session& other) const {
  const auto known = [](const Peer& peer) { return peer.certified || peer.uid; };
  const bool mine = known(connection_->peer()), its = known(other.connection_->peer());
  return mine != its ? its : waits_since_ < other.waits_since_;
}

void Session::start() {
  deadline_.set(core_.bounds.handshake);
  const auto guarded = [weak = weak_from_this()](auto what) {
    return [weak, what](auto&&... arguments) {
      if (const auto self = weak.lock()) what(*self, arguments...);
    };
  };
  connection_->start({
      .on_ready = guarded([](Session& self) {
        self.phase_ = Phase::head;
        self.deadline_.set(self.core_.bounds.header);
      }),
      .on_bytes = guarded([](Session& self, std::string_view bytes) { self.take_bytes(bytes); }),
      .on_sent = guarded([](Session& self) { self.sent_some(); }),
      .on_end = guarded([](Session& self, const base::Status& how) { self.peer_ended(how); }),
      .on_gone = guarded([](Session& self) { self.leave(); }),
  });
}

// ---- requests in

void Session::take_bytes(std::string_view bytes) {
  if (phase_ == Phase::closing || phase_ == Phase::gone) return;
  in_ += bytes;
  if (phase_ == Phase::idle) {
    phase_ = Phase::head;
    deadline_.set(core_.bounds.header);
  }
  if (in_.size() > kAhead && (phase_ == Phase::answering || phase_ == Phase::draining))
    connection_->pause_reading();
  pump();
}

void Session::pump() {
  if (pumping_) return;
  const auto self = shared_from_this();
  pumping_ = true;
  while (phase_ == Phase::head || phase_ == Phase::body) {
    const auto taken = parser_.feed(in_);
    in_.erase(0, taken);
    if (parser_.head_done() && phase_ == Phase::head) begin_body();
    if (parser_.refusal())
      refuse(*parser_.refusal());
    else if (parser_.done())
      dispatch();
    else if (taken == 0)
      break;
  }
  pumping_ = false;
  if (half_closed_ && (phase_ == Phase::head || phase_ == Phase::body)) close_gently();
}

void Session::pump_soon() {
  if (pumping_) return;
  core_.loop.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->pump();
  });
}

void Session::begin_body() {
  phase_ = Phase::body;
  if (parser_.refusal() || parser_.done()) return;
  Request head = parser_.head();
  head.peer = connection_->peer();
  parser_.set_body_max(core_.service.body_max(head));
  deadline_.set(core_.bounds.body);
  if (!parser_.refusal() && parser_.wants_continue())
    connection_->send("HTTP/1.1 100 Continue\r\n\r\n", Connection::Flush::now);
}

void Session::dispatch() {
  const bool keep =
      parser_.keep_alive() && parser_.can_chunk() && core_.doors == ServerCore::Doors::open;
  const auto body = parser_.head().method == "HEAD" ? Answer::Body::none
                    : parser_.can_chunk()           ? Answer::Body::chunked
                                                    : Answer::Body::raw;
  auto request = parser_.take();
  request.peer = connection_->peer();
  phase_ = Phase::answering;
  deadline_.clear();
  auto answer = std::make_shared<Answer>(weak_from_this(), body, keep ? After::keep : After::close);
  answer_ = answer;
  core_.service.on_request(std::move(request), std::move(answer));
}

/// What stands behind a refused request is never looked at: where it begins is exactly what is in
/// doubt.
void Session::refuse(const Refusal& refusal) {
  base::log::info("wire.request_refused",
                  {{"peer", connection_->peer().address}, {"why", refusal.reason}});
  Request head = parser_.head_done() ? parser_.head() : Request{};
  head.peer = connection_->peer();
  in_.clear();
  connection_->send(encode(answer_to(refusal), false), Connection::Flush::now);
  close_gently();
  core_.service.on_refused(head, refusal);
}

// ---- answers out

void Session::send(std::string bytes, Connection::Flush flush) {
  if (phase_ != Phase::answering) return;
  const bool waited = connection_->pending() > 0;
  connection_->send(std::move(bytes), flush);
  if (!waited && connection_->pending() > 0) deadline_.set(core_.bounds.write);
}

void Session::answered(After after) {
  if (phase_ != Phase::answering) return;
  after_ = after;
  phase_ = Phase::draining;
  full_ = false;
  answer_.reset();
  if (connection_->pending() == 0) next();
}

void Session::next() {
  if (after_ == After::close || (half_closed_ && in_.empty())) return close_gently();
  phase_ = in_.empty() ? Phase::idle : Phase::head;
  waits_since_ = ++core_.waits;
  deadline_.set(in_.empty() ? core_.bounds.idle : core_.bounds.header);
  connection_->resume_reading();
  if (!in_.empty()) pump_soon();
}

void Session::sent_some() {
  const auto self = shared_from_this();
  if (phase_ != Phase::answering && phase_ != Phase::draining) return;
  if (connection_->pending() > 0)
    deadline_.set(core_.bounds.write);
  else if (phase_ == Phase::draining)
    return next();
  else
    deadline_.clear();
  if (!full_ || connection_->pending() > kLowWater) return;
  full_ = false;
  const auto answer = answer_.lock();
  if (!answer) return;
  const auto tell = answer->on_writable;  // It may replace itself.
  if (tell) tell();
}

// ---- the end

void Session::close_gently() {
  phase_ = Phase::closing;
  deadline_.set(connection_->pending() > 0 ? core_.bounds.write : core_.bounds.linger);
  connection_->end();
}

void Session::peer_ended(const base::Status& how) {
  const auto self = shared_from_this();
  if (phase_ == Phase::handshake) {
    if (how) return cut();
    base::log::info("wire.handshake_failed",
                    {{"peer", connection_->peer().address}, {"why", how.error().message}});
    phase_ = Phase::closing;
    return deadline_.set(core_.bounds.linger);
  }
  const auto answer = answer_.lock();
  const bool in_hand = phase_ == Phase::answering || phase_ == Phase::draining;
  // A client may close its sending side and still read; but who asked to be told is told.
  if (how && in_hand && !(answer && answer->on_closed)) {
    half_closed_ = true;
    return;
  }
  cut();
  lose_exchange();
}

void Session::lose_exchange() {
  if (const auto answer = answer_.lock()) answer->lose();
  answer_.reset();
}

void Session::cut_late() {
  const auto self = shared_from_this();
  base::log::debug("wire.deadline", {{"peer", connection_->peer().address}});
  // A request that was begun is answered; a connection that said nothing is owed nothing.
  if (phase_ == Phase::body || (phase_ == Phase::head && !in_.empty()))
    return refuse({408, "the request did not become whole in time"});
  cut();
  lose_exchange();
}

void Session::abort() {
  connection_->reset();
  leave();
}

void Session::cut() {
  connection_->cut();
  leave();
}

void Session::dismiss() {
  if (phase_ == Phase::idle || phase_ == Phase::head) return close_gently();
  const auto self = shared_from_this();
  cut();
  if (const auto answer = answer_.lock()) answer->forget();
}

void Session::leave() {
  if (phase_ == Phase::gone) return;
  phase_ = Phase::gone;
  deadline_.clear();
  core_.loop.post([owner = owner_, self = shared_from_this()] {
    if (const auto core = owner.lock()) core->sessions.erase(self.get());
  });
}

}  // namespace wire
