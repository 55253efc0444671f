// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <compare>
#include <cstdint>

namespace base {

using Duration = std::chrono::milliseconds;

/// A moment: milliseconds since the Unix epoch on whatever clock the caller was given. Only
/// `base/clock.cpp` turns real time into one; the simulator makes its own.
struct Instant {
  std::int64_t ms = 0;
  auto operator<=>(const Instant&) const = default;
};

constexpr Instant operator+(Instant t, Duration d) {
  return {t.ms + d.count()};
}
constexpr Instant operator-(Instant t, Duration d) {
  return {t.ms - d.count()};
}
constexpr Duration operator-(Instant a, Instant b) {
  return Duration{a.ms - b.ms};
}

/// Both clocks at once: ages and deadlines go by `steady`, what people read goes by `wall`.
struct Moment {
  Instant steady, wall;
};

constexpr Duration seconds(std::int64_t n) {
  return Duration{n * 1000};
}
constexpr Duration minutes(std::int64_t n) {
  return Duration{n * 60'000};
}
constexpr Duration hours(std::int64_t n) {
  return Duration{n * 3'600'000};
}

}  // namespace base
