// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/stopwatch.hpp"

namespace bench {

Micros micros_now() {
  return std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace bench
