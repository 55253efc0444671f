// SPDX-License-Identifier: Apache-2.0
#pragma once

/// A hand-made bug that only the simulator's own build of the core rooms can turn on, to prove that
/// a checker bites. In the three programs it is the constant false.
#ifdef ORCH_SIM_BUILD
namespace base {
/// Is this the mutant that `orch-sim --mutant` asked for?
bool is_mutant(const char* name);
}  // namespace base
#define ORCH_MUTANT(name) base::is_mutant(name)
#else
#define ORCH_MUTANT(name) false
#endif
