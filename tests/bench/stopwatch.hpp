// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>

namespace bench {

/// Finer than base::Duration: much of what is measured takes less than a millisecond.
using Micros = std::chrono::microseconds;

/// The steady clock; its zero is arbitrary.
Micros micros_now();

constexpr double milliseconds(Micros span) {
  return static_cast<double>(span.count()) / 1000;
}

}  // namespace bench
