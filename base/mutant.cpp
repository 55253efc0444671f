// SPDX-License-Identifier: Apache-2.0
#include "base/mutant.hpp"

#ifdef ORCH_TEST_HOOKS
#include <cstring>

namespace base {

static const char* g_mutant = nullptr;  // set once, before anything runs

bool is_mutant(const char* name) {
  return g_mutant != nullptr && std::strcmp(g_mutant, name) == 0;
}

void set_mutant(const char* name) {
  g_mutant = name;
}

}  // namespace base
#endif
