// SPDX-License-Identifier: Apache-2.0
#include "wire/connection.hpp"

#include "wire/sockets.hpp"

#include <sys/socket.h>
#include <array>
#include <cerrno>
#include <cstring>

namespace wire {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;   // one TLS record
constexpr int kReadsInTurn = 8;                 // then the other connections have their turn
constexpr std::size_t kFlushBytes = 32 * 1024;  // more than this is not worth collecting

}  // namespace

Connection::Connection(Loop& loop, int fd, const std::shared_ptr<Tls::State>& tls,
                       const std::string& host)
    : loop_(loop), watch_(std::make_unique<FdWatch>(loop, fd)) {
  if (tls) tls_ = std::make_unique<TlsChannel>(tls, fd, host);
  peer_.address = peer_text(fd);
  if (peer_.address == "unix") peer_.uid = peer_uid(fd);
}

void Connection::start(Events events) {
  events_ = std::move(events);
  loop_.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->read();
  });
}

// ---- the two transports

Step Connection::raw_read(char* into, std::size_t room, std::size_t& got) {
  if (tls_) return tls_->read(into, room, got);
  const auto size = ::recv(watch_->fd(), into, room, 0);
  got = size > 0 ? static_cast<std::size_t>(size) : 0;
  if (size > 0) return Step::done;
  if (size == 0) return Step::ended;
  problem_ = errno;
  return problem_ == EAGAIN || problem_ == EINTR ? Step::wants_read : Step::failed;
}

Step Connection::raw_write(std::string_view bytes, std::size_t& sent) {
  if (tls_) return tls_->write(bytes, sent);
  const auto size = ::send(watch_->fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  sent = size > 0 ? static_cast<std::size_t>(size) : 0;
  if (size >= 0) return Step::done;
  problem_ = errno;
  return problem_ == EAGAIN || problem_ == EINTR ? Step::wants_write : Step::failed;
}

base::Error Connection::reason() const {
  if (tls_) return tls_->error();
  return base::unavailable(problem_ == EPIPE || problem_ == ECONNRESET ? "the connection was cut"
                                                                       : std::strerror(problem_));
}

void Connection::wait(Step step) {
  const auto weak = weak_from_this();
  if (step == Step::wants_write) {
    watch_->want_write([weak] {
      const auto self = weak.lock();
      if (self && self->phase_ == Phase::handshake) return self->read();
      if (self) self->flush();
    });
  } else {
    watch_->want_read([weak] {
      if (const auto self = weak.lock()) self->read();
    });
  }
}

// ---- reading

bool Connection::shake_hands() {
  const Step step = tls_ ? tls_->handshake() : Step::done;
  if (step == Step::wants_read || step == Step::wants_write) {
    wait(step);
    return false;
  }
  if (step != Step::done) {
    ended(reason());
    return false;
  }
  if (tls_) {
    Peer proved = tls_->peer();
    proved.address = std::move(peer_.address);
    peer_ = std::move(proved);
  }
  phase_ = Phase::open;
  if (events_.on_ready) events_.on_ready();
  if (phase_ == Phase::open) flush();
  return phase_ == Phase::open || phase_ == Phase::ending;
}

/// True while there may be more at once.
bool Connection::read_some() {
  std::array<char, kReadBytes> bytes;
  std::size_t got = 0;
  const Step step = raw_read(bytes.data(), bytes.size(), got);
  switch (step) {
    case Step::done:
      if (phase_ == Phase::open && events_.on_bytes)
        events_.on_bytes(std::string_view(bytes.data(), got));
      if (got == bytes.size() || (tls_ && tls_->holds_more())) return true;
      // Most likely that was all: the loop would tell us of more, so no call is spent on asking.
      if (phase_ != Phase::closed) wait(Step::wants_read);
      return false;
    case Step::wants_read:
    case Step::wants_write: wait(step); return false;
    case Step::ended: ended(base::ok()); return false;
    case Step::failed: ended(reason()); return false;
  }
  return false;
}

void Connection::read() {
  const auto self = shared_from_this();  // An event may let go of us.
  if (refused_) return discard_raw();
  if (phase_ == Phase::handshake && !shake_hands()) return;
  for (int turn = 0; turn < kReadsInTurn; ++turn) {
    if (phase_ == Phase::closed || input_ended_ || (paused_ && phase_ == Phase::open)) return;
    if (!read_some()) return;
  }
  // TLS may hold bytes that the socket no longer shows, so we come back without asking it.
  loop_.post([weak = weak_from_this()] {
    if (const auto again = weak.lock()) again->read();
  });
}

void Connection::resume_reading() {
  if (!std::exchange(paused_, false)) return;
  loop_.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->read();
  });
}

/// A failed handshake leaves an alert that says why; closing with unread bytes would destroy it.
void Connection::discard_raw() {
  std::array<char, kReadBytes> bytes;
  for (int turn = 0; turn < kReadsInTurn && phase_ != Phase::closed; ++turn) {
    const auto size = ::recv(watch_->fd(), bytes.data(), bytes.size(), 0);
    if (size > 0) continue;
    return size < 0 && errno == EAGAIN ? wait(Step::wants_read) : gone();
  }
  if (phase_ != Phase::closed) wait(Step::wants_read);
}

void Connection::ended(base::Status how) {
  if (input_ended_ || phase_ == Phase::closed) return;
  input_ended_ = true;
  if (phase_ == Phase::ending) {
    if (said_goodbye_ || !how) gone();
    return;
  }
  if (!how) {
    out_.clear();
    out_from_ = 0;
    if (phase_ == Phase::handshake) {
      refused_ = true;
      phase_ = Phase::ending;
      ::shutdown(watch_->fd(), SHUT_WR);
      wait(Step::wants_read);
    }
  }
  if (const auto on_end = events_.on_end) on_end(std::move(how));
}

// ---- writing

void Connection::send(std::string bytes, Flush flush_when) {
  if (!open() || bytes.empty()) return;
  if (out_.empty())
    out_ = std::move(bytes);
  else
    out_ += bytes;
  if (phase_ == Phase::handshake) return;
  if (flush_when == Flush::now || pending() > kFlushBytes) {
    flush_some();
    return;
  }
  if (std::exchange(flush_posted_, true)) return;
  loop_.post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->flush_posted_ = false;
    self->flush();
  });
}

/// True when the socket took something.
bool Connection::flush_some() {
  bool progress = false;
  while (phase_ != Phase::closed && pending() > 0) {
    std::size_t sent = 0;
    const Step step = raw_write(std::string_view(out_).substr(out_from_), sent);
    if (step != Step::done) {
      if (step == Step::wants_read || step == Step::wants_write)
        wait(step);
      else
        write_broke(reason());
      break;
    }
    progress = true;
    sent_ += sent;
    out_from_ += sent;
  }
  if (pending() == 0) {
    out_.clear();
    out_from_ = 0;
    if (out_.capacity() > 4 * kFlushBytes) out_.shrink_to_fit();
  } else if (out_from_ > out_.size() / 2) {
    out_.erase(0, out_from_);
    out_from_ = 0;
  }
  return progress;
}

void Connection::flush() {
  const auto self = shared_from_this();
  const bool progress = flush_some();
  if (phase_ == Phase::ending) return finish_ending();
  if (progress && open() && events_.on_sent) events_.on_sent();
}

/// Sending failed. The other side may have said why before it closed (an alert, an early answer),
/// so what it said is read first.
void Connection::write_broke(base::Error error) {
  out_.clear();
  out_from_ = 0;
  loop_.post([weak = weak_from_this(), error = std::move(error)] {
    const auto self = weak.lock();
    if (!self || self->phase_ == Phase::closed) return;
    self->read();
    self->ended(error);
  });
}

// ---- the end

void Connection::end() {
  if (!open()) return;
  if (phase_ == Phase::handshake) return gone();
  phase_ = Phase::ending;
  flush_some();
  finish_ending();
  resume_reading();
}

void Connection::finish_ending() {
  if (pending() > 0 || said_goodbye_) return;
  said_goodbye_ = true;
  if (tls_) tls_->say_goodbye();
  ::shutdown(watch_->fd(), SHUT_WR);
  if (input_ended_) gone();
}

void Connection::gone() {
  cut();
  loop_.post([weak = weak_from_this(), on_gone = events_.on_gone] {
    if (on_gone && !weak.expired()) on_gone();
  });
}

void Connection::cut() {
  if (phase_ == Phase::closed) return;
  if (phase_ == Phase::open && tls_ && !said_goodbye_ && pending() == 0) tls_->say_goodbye();
  phase_ = Phase::closed;
  watch_.reset();
}

void Connection::reset() {
  if (phase_ == Phase::closed) return;
  const linger at_once{1, 0};
  ::setsockopt(watch_->fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  phase_ = Phase::closed;
  watch_.reset();
}

}  // namespace wire
