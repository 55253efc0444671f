// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string_view>

namespace base {

/// Stops the process: a broken invariant is our own bug, and a restart is cheap and tested.
[[noreturn]] void check_failed(std::string_view what, std::string_view file, int line);

}  // namespace base

/// Holds in release builds too.
#define CHECK(condition)                                                  \
  do {                                                                    \
    if (!(condition)) base::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
