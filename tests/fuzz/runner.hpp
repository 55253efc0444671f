// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "tests/fuzz/target.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace fuzz {

struct Bounds {
  std::int64_t ms_max = 0;  // of the processor, for one input
  std::string keep;         // where inputs go that found something
};

/// Runs inputs one by one and keeps those that break a promise, throw, or take too long. Whatever
/// ends the process (a CHECK, a signal, an input without an end) is told and kept as well, with
/// exit code 1.
class Runner {
 public:
  Runner(const Target& target, Bounds bounds);
  /// Is everything as promised?
  bool run(std::string_view input, const std::string& name);
  std::int64_t slowest_ms() const { return slowest_ms_; }

 private:
  std::string broken_by(std::string_view input);
  void keep(std::string_view input, const std::string& name, const std::string& why) const;

  const Target& target_;
  Bounds bounds_;
  std::int64_t slowest_ms_ = 0;
};

/// No more memory for this process than this, where no sanitizer needs it for itself.
void bound_memory(std::uint64_t bytes);

}  // namespace fuzz
