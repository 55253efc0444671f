// SPDX-License-Identifier: Apache-2.0
#include "base/clock.hpp"

#include <time.h>

namespace base {
namespace {

Instant read(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return {static_cast<std::int64_t>(t.tv_sec) * 1000 + t.tv_nsec / 1'000'000};
}

}  // namespace

Instant wall_now() {
  return read(CLOCK_REALTIME);
}

Instant steady_now() {
#ifdef CLOCK_BOOTTIME
  return read(CLOCK_BOOTTIME);
#else
  return read(CLOCK_MONOTONIC);
#endif
}

}  // namespace base
