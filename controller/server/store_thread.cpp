// SPDX-License-Identifier: Apache-2.0
#include "controller/server/store_thread.hpp"

#include <utility>

namespace controller {

StoreThread::StoreThread(wire::Loop& loop, Store& store)
    : loop_(loop), store_(store), thread_([this] { work(); }) {}

StoreThread::~StoreThread() {
  finish();
}

void StoreThread::run(Work work) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(work));
  }
  wake_.notify_one();
}

void StoreThread::finish() {
  {
    const std::lock_guard lock(mutex_);
    state_ = State::ending;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void StoreThread::work() {
  for (;;) {
    Work next;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return !waiting_.empty() || state_ == State::ending; });
      if (waiting_.empty()) return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    if (auto after = next(store_)) loop_.post(std::move(after));
  }
}

}  // namespace controller
