// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/time.hpp"
#include "wire/loop.hpp"

#include <functional>
#include <optional>

namespace wire {

/// One moment by which something must have happened. Moving it later, as every request does, costs
/// no timer: the old one fires, sees that it is too early and waits for the rest.
class Deadline {
 public:
  Deadline(Loop& loop, std::function<void()> late) : loop_(loop), late_(std::move(late)) {}

  void set(base::Duration from_now);
  void clear() { at_.reset(); }

 private:
  void arm(base::Duration wait);
  void fire();

  Loop& loop_;
  std::function<void()> late_;
  std::optional<base::Instant> at_;
  base::Instant armed_;  // when the timer fires
  Loop::Timer timer_;
  bool running_ = false;
};

}  // namespace wire
