// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace base {

/// Seeded random numbers (splitmix64). Ours, because `std::*_distribution` differs between standard
/// libraries. One per purpose: a new draw in one must not shift the others.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t roll() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  /// A number in [0, n); 0 where n is not positive.
  std::int64_t upto(std::int64_t n) {
    return n <= 0 ? 0 : static_cast<std::int64_t>(roll() % static_cast<std::uint64_t>(n));
  }
  bool one_in(std::int64_t n) { return n > 0 && upto(n) == 0; }
  /// A child for one purpose; the parent moves on by one draw.
  Dice child() { return Dice(roll()); }

 private:
  std::uint64_t state_;
};

}  // namespace base
