// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/core/store.hpp"
#include "wire/loop.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace controller {

/// The one thread that may touch the store and the log files. Work is done in the order in which
/// it was given; what it leaves to do is done on the loop.
class StoreThread {
 public:
  using After = std::function<void()>;
  using Work = std::function<After(Store&)>;

  StoreThread(wire::Loop& loop, Store& store);
  ~StoreThread();
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;

  /// From the loop's thread.
  void run(Work work);
  /// Works off what waits, and ends. What is left for the loop is not done any more.
  void finish();

 private:
  void work();

  wire::Loop& loop_;
  Store& store_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> waiting_;
  enum class State : std::uint8_t { open, ending } state_ = State::open;
  std::thread thread_;
};

}  // namespace controller
