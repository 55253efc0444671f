// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/time.hpp"

namespace base {

/// The wall clock, for what people read (timestamps) and for certificates.
Instant wall_now();

/// The machine's steady clock (CLOCK_BOOTTIME where the host has it), for every age and deadline.
/// Its zero is arbitrary; it never jumps with the wall clock.
Instant steady_now();

}  // namespace base
