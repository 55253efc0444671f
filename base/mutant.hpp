// SPDX-License-Identifier: Apache-2.0
#pragma once

/// A hand-made bug that the simulator can turn on in a build with test hooks, to prove that a
/// checker bites. No other program turns one on; without hooks it is the constant false.
#ifdef ORCH_TEST_HOOKS
namespace base {
/// Is this the mutant that `orch-sim --mutant` asked for?
bool is_mutant(const char* name);
/// Turns one on for the life of the process; before anything runs. The name must outlive it.
void set_mutant(const char* name);
}  // namespace base
#define ORCH_MUTANT(name) base::is_mutant(name)
#else
#define ORCH_MUTANT(name) false
#endif
