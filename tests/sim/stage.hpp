// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/time.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>

namespace sim {

/// The virtual world begins here on the wall: 2026-01-01T00:00:00Z.
inline constexpr std::int64_t kWallStart = 1'767'225'600'000;

/// Everything that will happen, in order of time and then of asking. Time jumps from one act to the
/// next; many acts in one instant are a loop in the product and stop the run.
class Stage {
 public:
  base::Instant now() const { return now_; }
  /// As somebody sees it whose wall clock is off by `skew`.
  base::Moment moment(base::Duration skew = {}) const {
    return {now_, base::Instant{kWallStart + now_.ms} + skew};
  }

  void at(base::Instant when, std::function<void()> what) {
    acts_.emplace(std::pair{when < now_ ? now_ : when, next_++}, std::move(what));
  }
  void in(base::Duration wait, std::function<void()> what) { at(now_ + wait, std::move(what)); }

  /// Does the next act if it is due by `until`; false when there is none.
  bool step(base::Instant until) {
    if (acts_.empty() || acts_.begin()->first.first > until) return false;
    auto act = acts_.extract(acts_.begin());
    in_instant_ = act.key().first == now_ ? in_instant_ + 1 : 0;
    now_ = act.key().first;
    ++count_;
    act.mapped()();
    return true;
  }
  bool is_spinning() const { return in_instant_ > 20'000; }
  std::int64_t count() const { return count_; }

  /// The short log: kept for the end, hashed always.
  void tell(const std::string& line) {
    for (const char c : line)
      hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1'099'511'628'211ULL;
    hash_ = (hash_ ^ static_cast<std::uint64_t>(now_.ms)) * 1'099'511'628'211ULL;
    lines_.push_back(std::to_string(now_.ms) + " " + line);
    if (lines_.size() > 50) lines_.pop_front();
    if (on_line) on_line(lines_.back());
  }
  const std::deque<std::string>& lines() const { return lines_; }
  std::uint64_t hash() const { return hash_; }
  std::function<void(const std::string&)> on_line;

 private:
  base::Instant now_{1'000'000};
  std::uint64_t next_ = 0;
  std::int64_t count_ = 0, in_instant_ = 0;
  std::map<std::pair<base::Instant, std::uint64_t>, std::function<void()>> acts_;
  std::deque<std::string> lines_;
  std::uint64_t hash_ = 14'695'981'039'346'656'037ULL;
};

}  // namespace sim
