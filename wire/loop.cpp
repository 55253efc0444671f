// SPDX-License-Identifier: Apache-2.0
#include "wire/loop.hpp"

#include "base/check.hpp"
#include "wire/loop_inner.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <atomic>

namespace wire {

namespace asio = boost::asio;
using boost::system::error_code;

struct Loop::State {
  // Destroyed last: everything below registers with it.
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  std::atomic<std::uint64_t> stops{0};
  struct Signals {
    Signals(asio::io_context& at, std::function<void(int)> call) : set(at), what(std::move(call)) {}
    asio::signal_set set;
    std::function<void(int)> what;
  };
  std::vector<std::shared_ptr<Signals>> signals;
};

Loop::Loop() : state_(std::make_unique<State>()) {}
Loop::~Loop() = default;

void Loop::run() {
  state_->io.run();
  state_->io.restart();
}

void Loop::run_once(base::Duration wait) {
  auto& io = state_->io;
  if (io.poll() == 0 && wait.count() > 0) io.run_one_for(wait);
  io.poll();
  if (io.stopped()) io.restart();
}

void Loop::stop() {
  ++state_->stops;
  state_->io.stop();
}

std::uint64_t stops(Loop& loop) {
  return loop.state().stops;
}

void Loop::post(std::function<void()> what) {
  asio::post(state_->io, std::move(what));
}

Loop::Timer Loop::after(base::Duration wait, std::function<void()> what) {
  auto timer = std::make_shared<asio::steady_timer>(state_->io, wait);
  timer->async_wait([watched = std::weak_ptr(timer), what = std::move(what)](error_code ec) {
    // The handle may have been dropped after the time had come but before this ran.
    if (!ec && !watched.expired()) what();
  });
  return Timer(std::move(timer));
}

namespace {

void wait_for_signal(const std::shared_ptr<Loop::State::Signals>& signals) {
  signals->set.async_wait([signals](error_code ec, int number) {
    if (ec) return;
    signals->what(number);
    wait_for_signal(signals);
  });
}

}  // namespace

void Loop::on_signals(const std::vector<int>& signals, std::function<void(int)> what) {
  auto entry = std::make_shared<State::Signals>(state_->io, std::move(what));
  for (const int number : signals)
    entry->set.add(number);
  state_->signals.push_back(entry);
  wait_for_signal(entry);
}

Loop::Timer Loop::when_readable(int fd, std::function<void()> what) {
  // A duplicate, because the owner may close its own while we wait; and with the flags that the
  // owner chose, because waiting needs none of its own (Asio would leave O_NONBLOCK behind).
  const int twin = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  CHECK(twin >= 0);
  const int flags = ::fcntl(twin, F_GETFL);
  auto watch = std::make_shared<asio::posix::stream_descriptor>(state_->io, twin);
  watch->async_wait(asio::posix::stream_descriptor::wait_read,
                    [watched = std::weak_ptr(watch), what = std::move(what)](error_code ec) {
                      if (ec != asio::error::operation_aborted && !watched.expired()) what();
                    });
  ::fcntl(twin, F_SETFL, flags);
  return Timer(std::move(watch));
}

// ---- file descriptors

struct FdWatch::State {
  State(asio::io_context& io, int fd) : descriptor(io, fd) {}
  asio::posix::stream_descriptor descriptor;
  bool reading = false;
  bool writing = false;
};

FdWatch::FdWatch(Loop& loop, int fd) : state_(std::make_shared<State>(loop.state().io, fd)) {
  error_code ignored;
  state_->descriptor.non_blocking(true, ignored);
}
FdWatch::~FdWatch() = default;

int FdWatch::fd() const {
  return state_->descriptor.native_handle();
}

int FdWatch::release() {
  return state_->descriptor.release();
}

void FdWatch::want_read(std::function<void()> what) {
  if (std::exchange(state_->reading, true)) return;
  state_->descriptor.async_wait(
      asio::posix::stream_descriptor::wait_read,
      [watched = std::weak_ptr(state_), what = std::move(what)](error_code ec) {
        const auto state = watched.lock();
        if (!state) return;
        state->reading = false;
        if (ec != asio::error::operation_aborted) what();
      });
}

void FdWatch::want_write(std::function<void()> what) {
  if (std::exchange(state_->writing, true)) return;
  state_->descriptor.async_wait(
      asio::posix::stream_descriptor::wait_write,
      [watched = std::weak_ptr(state_), what = std::move(what)](error_code ec) {
        const auto state = watched.lock();
        if (!state) return;
        state->writing = false;
        if (ec != asio::error::operation_aborted) what();
      });
}

// ---- names

std::shared_ptr<void> resolve(Loop& loop, const std::string& host, const std::string& port,
                              OnResolved done) {
  using asio::ip::tcp;
  auto resolver = std::make_shared<tcp::resolver>(loop.state().io);
  const auto answer = [watched = std::weak_ptr(resolver), done = std::move(done), host](
                          error_code ec, const tcp::resolver::results_type& found) {
    if (watched.expired()) return;
    if (ec) return done(base::unavailable("look up \"" + host + "\": " + ec.message()));
    std::vector<SocketAddress> addresses;
    for (const auto& entry : found) {
      const auto endpoint = entry.endpoint();
      addresses.push_back(
          {endpoint.protocol().family(),
           std::string(reinterpret_cast<const char*>(endpoint.data()), endpoint.size())});
    }
    done(std::move(addresses));
  };
  error_code literal;
  const auto number = asio::ip::make_address(host, literal);
  if (!literal) {
    // Already an address: no thread and no name service, but still not before we return.
    const auto value = static_cast<unsigned short>(std::strtoul(port.c_str(), nullptr, 10));
    const auto found =
        tcp::resolver::results_type::create(tcp::endpoint(number, value), host, port);
    asio::post(loop.state().io, [answer, found] { answer({}, found); });
  } else {
    resolver->async_resolve(host, port, tcp::resolver::numeric_service, answer);
  }
  return resolver;
}

}  // namespace wire
