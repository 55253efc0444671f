// SPDX-License-Identifier: Apache-2.0
#include "controller/core/work_queue.hpp"

#include <algorithm>

namespace controller {
namespace {

constexpr base::Duration kRetryMin{100};
constexpr base::Duration kRetryMax{300'000};

base::Duration backoff(int failures) {
  const int doublings = std::min(failures, 12);  // 100 ms << 12 is past the ceiling already
  return std::min(kRetryMin * (1 << doublings), kRetryMax);
}

}  // namespace

void WorkQueue::add(const Key& key, base::Instant at) {
  if (auto held = in_hand_.find(key); held != in_hand_.end()) {
    auto& wish = held->second;
    wish = wish ? std::min(*wish, at) : at;
    return;
  }
  auto [entry, fresh] = due_.try_emplace(key, at);
  if (!fresh) {
    if (entry->second <= at) return;
    order_.erase({entry->second, key});
    entry->second = at;
  }
  order_.insert({at, key});
}

std::optional<WorkQueue::Key> WorkQueue::take(base::Instant now) {
  if (order_.empty() || order_.begin()->first > now) return std::nullopt;
  Key key = order_.extract(order_.begin()).value().second;
  due_.erase(key);
  in_hand_.emplace(key, std::nullopt);
  return key;
}

void WorkQueue::done(const Key& key, bool ok, base::Instant now) {
  auto wish = std::move(in_hand_.extract(key).mapped());
  if (ok) {
    failures_.erase(key);
  } else {
    const auto retry = now + backoff(failures_[key]++);
    wish = wish ? std::min(*wish, retry) : retry;
  }
  if (wish) add(key, *wish);
}

std::optional<base::Instant> WorkQueue::next_due() const {
  if (order_.empty()) return std::nullopt;
  return order_.begin()->first;
}

}  // namespace controller
