// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "tests/sim/stage.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sim {

/// Every fault of a run passes here under a number, so that a failing run can be shortened: the
/// same seed, and of its faults only some.
class Faults {
 public:
  struct Fault {
    std::int64_t number = 0;
    base::Instant at;
    std::string what;
  };

  explicit Faults(Stage& stage) : stage_(stage) {}
  /// Of those that will be asked for only these happen.
  void only(std::optional<std::set<std::int64_t>> numbers) { only_ = std::move(numbers); }

  /// Shall the fault happen that the dice asked for?
  bool take(std::string what) {
    ++asked_;
    if (only_ && !only_->contains(asked_)) return false;
    taken_.push_back({asked_, stage_.now(), std::move(what)});
    return true;
  }
  const std::vector<Fault>& taken() const { return taken_; }

 private:
  Stage& stage_;
  std::int64_t asked_ = 0;
  std::optional<std::set<std::int64_t>> only_;
  std::vector<Fault> taken_;
};

}  // namespace sim
