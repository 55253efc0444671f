// SPDX-License-Identifier: Apache-2.0
#include "wire/deadline.hpp"

#include "base/clock.hpp"

namespace wire {

void Deadline::set(base::Duration from_now) {
  const auto now = base::steady_now();
  at_ = now + from_now;
  if (running_ && armed_ <= *at_) return;
  armed_ = *at_;
  arm(from_now);
}

void Deadline::arm(base::Duration wait) {
  running_ = true;
  timer_ = loop_.after(wait, [this] { fire(); });
}

void Deadline::fire() {
  running_ = false;
  if (!at_) return;
  const auto now = base::steady_now();
  if (now < *at_) {
    armed_ = *at_;
    return arm(*at_ - now);
  }
  at_.reset();
  const auto late = late_;  // What it calls may destroy us.
  late();
}

}  // namespace wire
