// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/time.hpp"

#include <optional>
#include <string>
#include <vector>

namespace controller {

/// Where the snapshots of every night go, and how many stay; no folder: none are made.
struct NightlySettings {
  std::string folder;
  std::int64_t keep = 7;
};

/// What is due in the folder. While tonight's snapshot is missing nothing goes: the old ones are
/// all there is.
struct NightlyPlan {
  std::optional<std::string> make;  // the name of tonight's snapshot
  std::vector<std::string> remove;  // the oldest that are too many, and what a kill left half made
  bool operator==(const NightlyPlan&) const = default;
};

/// Decides from the names in the folder and the wall clock (UTC). A night begins at 2:00; one that
/// was slept through is made up for at once. Names that are not `state-YYYY-MM-DD.db` are never
/// touched.
NightlyPlan plan_nightly(const std::vector<std::string>& names, std::int64_t keep,
                         base::Instant wall);

}  // namespace controller
