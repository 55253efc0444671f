// SPDX-License-Identifier: Apache-2.0
#include "controller/server/nightly.hpp"

#include "base/units.hpp"

#include <algorithm>
#include <string_view>

namespace controller {
namespace {

constexpr base::Duration kNightBegins{2 * 3'600'000};  // people and their runs are quiet then
constexpr std::string_view kHead = "state-";
constexpr std::string_view kTail = ".db";
constexpr std::string_view kHalf = ".db.making";
constexpr std::size_t kDate = 10;  // YYYY-MM-DD

bool is_date(std::string_view text) {
  if (text.size() != kDate) return false;
  for (std::size_t i = 0; i < kDate; ++i) {
    const bool dash = i == 4 || i == 7;
    if (dash ? text[i] != '-' : text[i] < '0' || text[i] > '9') return false;
  }
  return true;
}

/// What stands behind the date in a name of ours; nothing when it is none.
std::optional<std::string_view> tail_of(std::string_view name) {
  if (!name.starts_with(kHead) || name.size() < kHead.size() + kDate) return std::nullopt;
  if (!is_date(name.substr(kHead.size(), kDate))) return std::nullopt;
  return name.substr(kHead.size() + kDate);
}

}  // namespace

NightlyPlan plan_nightly(const std::vector<std::string>& names, std::int64_t keep,
                         base::Instant wall) {
  const auto tonight =
      std::string(kHead) + base::rfc3339(wall - kNightBegins).substr(0, kDate) + std::string(kTail);
  if (std::find(names.begin(), names.end(), tonight) == names.end()) return {tonight, {}};

  NightlyPlan plan;
  std::vector<std::string> made;
  for (const auto& name : names) {
    const auto tail = tail_of(name);
    if (tail == kTail && name != tonight) made.push_back(name);
    if (tail && tail->starts_with(kHalf)) plan.remove.push_back(name);
  }
  // Dates sort as they are written. Tonight's stays even where a clock was ahead for a while.
  std::sort(made.begin(), made.end());
  const auto stay =
      std::min(made.size(), static_cast<std::size_t>(std::max<std::int64_t>(keep, 1) - 1));
  plan.remove.insert(plan.remove.end(), made.begin(),
                     made.end() - static_cast<std::ptrdiff_t>(stay));
  return plan;
}

}  // namespace controller
