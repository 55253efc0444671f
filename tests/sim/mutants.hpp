// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <string>

namespace sim {

/// A bug made by hand in the product: a checker must find it.
struct Mutant {
  const char* name;
  const char* checker;  // the promise that must be named when it is found; several parted by |
  const char* about;
  const char* found_by = "all";  // a storm, or "sieve"
};
std::span<const Mutant> mutants();
/// Turns one on for the life of the process; false when there is none of that name, or
/// the build has no test hooks.
bool set_mutant(const std::string& name);

}  // namespace sim
