// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"
#include "wire/loop_inner.hpp"
#include "wire/tls_inner.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

/// One connected socket, plain or TLS, for the rest of wire only.
namespace wire {

/// Reads whenever it may and hands the bytes on; keeps what is to be sent until the socket takes
/// it. Events come from the loop, never from within a call of ours, and none after `cut`.
///
///   handshake ──▶ open ──▶ ending (good-bye said, waits for the other side's end) ──▶ closed
///       └───────────┴────────────── cut, broken ───────────────────────────────────────▶
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct Events {
    std::function<void()> on_ready;  // the handshake is done
    std::function<void(std::string_view)> on_bytes;
    std::function<void()> on_sent;             // the socket took some of what waited
    std::function<void(base::Status)> on_end;  // once: the other side ended (ok), or it broke
    std::function<void()> on_gone;             // once: what `end` began is over
  };
  /// Owns `fd`. Without `tls` it is plain; `host` is whom a TLS client means to reach.
  Connection(Loop& loop, int fd, const std::shared_ptr<Tls::State>& tls, const std::string& host);

  /// Begins to shake hands and to read. Call once, with the object in a shared_ptr.
  void start(Events events);
  /// Another owner takes over.
  void hand_over(Events events) { events_ = std::move(events); }

  /// `soon` lets more bytes of this turn of the loop travel along.
  enum class Flush { now, soon };
  void send(std::string bytes, Flush flush);
  std::size_t pending() const { return out_.size() - out_from_; }
  std::uint64_t sent() const { return sent_; }

  /// Holds back the other side by not reading (its end is not noticed meanwhile).
  void pause_reading() { paused_ = true; }
  void resume_reading();
  /// Looks now whether something came, for a connection that lay idle. Events may come from within.
  void look() { read(); }

  /// Sends what waits, says good-bye and waits for the other side's end, so that the last bytes are
  /// not lost to a reset. The owner sets a deadline and cuts.
  void end();
  /// Closes now.
  void cut();
  /// Closes so that the other side sees a reset: its answer is not whole.
  void reset();
  bool closed() const { return phase_ == Phase::closed; }
  bool open() const { return phase_ == Phase::handshake || phase_ == Phase::open; }

  /// Address, user and certificate of the other side.
  const Peer& peer() const { return peer_; }

 private:
  enum class Phase { handshake, open, ending, closed };

  void read();
  bool shake_hands();
  bool read_some();
  void flush();
  bool flush_some();
  void finish_ending();
  void gone();
  void discard_raw();
  void write_broke(base::Error error);
  void ended(base::Status how);
  void wait(Step step);
  Step raw_read(char* into, std::size_t room, std::size_t& got);
  Step raw_write(std::string_view bytes, std::size_t& sent);
  base::Error reason() const;

  Loop& loop_;
  std::unique_ptr<FdWatch> watch_;
  std::unique_ptr<TlsChannel> tls_;
  Events events_;
  Peer peer_;
  Phase phase_ = Phase::handshake;
  std::string out_;
  std::size_t out_from_ = 0;
  std::uint64_t sent_ = 0;
  int problem_ = 0;  // errno of a plain socket
  bool paused_ = false;
  bool input_ended_ = false;
  bool flush_posted_ = false;
  bool said_goodbye_ = false;
  bool refused_ = false;  // the handshake failed: what still comes is thrown away
};

}  // namespace wire
