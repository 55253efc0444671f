// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/core/store.hpp"
#include "wire/loop.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace controller {

/// A thread that does what it is given, in that order; what a piece of work leaves to do is done on
/// the loop.
class WorkThread {
 public:
  using After = std::function<void()>;
  using Work = std::function<After()>;

  explicit WorkThread(wire::Loop& loop);
  ~WorkThread();
  WorkThread(const WorkThread&) = delete;
  WorkThread& operator=(const WorkThread&) = delete;

  /// From the loop's thread.
  void run(Work work);
  /// Works off what waits, and ends. What is left for the loop is not done any more.
  void finish();

 private:
  void work();

  wire::Loop& loop_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> waiting_;
  enum class State : std::uint8_t { open, ending } state_ = State::open;
  std::thread thread_;
};

/// The one thread that may touch the store and the log files.
class StoreThread {
 public:
  using After = WorkThread::After;
  using Work = std::function<After(Store&)>;

  StoreThread(wire::Loop& loop, Store& store) : store_(store), thread_(loop) {}

  void run(Work work) {
    thread_.run([this, work = std::move(work)] { return work(store_); });
  }
  void finish() { thread_.finish(); }

 private:
  Store& store_;
  WorkThread thread_;
};

}  // namespace controller
