// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/time.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace wire {

/// The thread that waits: sockets, timers, signals. Everything but `post` and `stop` belongs to the
/// thread that calls `run`.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Runs until `stop`.
  void run();
  /// Runs what is ready and waits at most `wait` for something to happen.
  void run_once(base::Duration wait);
  void stop();

  /// From any thread: runs `what` on the loop's thread.
  void post(std::function<void()> what);

  /// Runs `what` once after `wait`, unless the handle is dropped or cancelled before.
  class Timer {
   public:
    Timer() = default;
    void cancel() { alive_.reset(); }

   private:
    friend class Loop;
    explicit Timer(std::shared_ptr<void> alive) : alive_(std::move(alive)) {}
    std::shared_ptr<void> alive_;
  };
  [[nodiscard]] Timer after(base::Duration wait, std::function<void()> what);

  /// Calls `what` with the number of each of these signals that arrives.
  void on_signals(const std::vector<int>& signals, std::function<void(int)> what);

  /// Calls `what` once when `fd` (not owned) can be read, unless the handle is dropped before.
  [[nodiscard]] Timer when_readable(int fd, std::function<void()> what);

  struct State;
  State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

}  // namespace wire
