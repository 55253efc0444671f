// SPDX-License-Identifier: Apache-2.0
#include "controller/server/store_thread.hpp"

#include <utility>

namespace controller {

WorkThread::WorkThread(wire::Loop& loop) : loop_(loop), thread_([this] { work(); }) {}

WorkThread::~WorkThread() {
  finish();
}

void WorkThread::run(Work work) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(work));
  }
  wake_.notify_one();
}

void WorkThread::finish() {
  {
    const std::lock_guard lock(mutex_);
    state_ = State::ending;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void WorkThread::work() {
  for (;;) {
    Work next;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return !waiting_.empty() || state_ == State::ending; });
      if (waiting_.empty()) return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    if (auto after = next()) loop_.post(std::move(after));
  }
}

}  // namespace controller
