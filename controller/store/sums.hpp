// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/core/store.hpp"

#include <cstdint>
#include <string>

namespace controller {

/// The one row that every round writes: which store this is and how far it is.
struct Head {
  std::string cluster, life;
  api::Term term;
  std::int64_t revision = 0;
  // Grows with every commit: SQLite writes no page whose bytes stay the same, and a round without
  // content must be written too.
  std::int64_t rounds = 0;
};

/// A sum over all fields of a row, stored beside it: SQLite keeps none, and a flipped bit in a text
/// would pass for truth. Any single changed byte changes the sum; it is no protection against
/// people.
std::int64_t sum_of(const Head& head);
std::int64_t sum_of(const Row& row);
std::int64_t sum_of(const ChangeRow& row);
std::int64_t sum_of(const SampleRow& row);
/// Of the revision up to which the change log is removed.
std::int64_t sum_of_floor(std::int64_t revision);

}  // namespace controller
