// SPDX-License-Identifier: Apache-2.0
#include "base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace base {

void check_failed(std::string_view what, std::string_view file, int line) {
  std::fprintf(stderr, "orch: broken invariant: %.*s (%.*s:%d)\n", static_cast<int>(what.size()),
               what.data(), static_cast<int>(file.size()), file.data(), line);
  std::abort();
}

}  // namespace base
