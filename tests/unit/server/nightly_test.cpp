// SPDX-License-Identifier: Apache-2.0
#include "controller/server/nightly.hpp"

#include "base/units.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace controller {
namespace {

using Names = std::vector<std::string>;

TEST(Nightly, WhatIsDue) {
  const struct {
    const char* what;
    const char* now;
    std::int64_t keep;
    Names names;
    NightlyPlan plan;
  } cases[] = {
      {"the first one is made at once", "2026-03-05T12:00:00Z", 3, {}, {"state-2026-03-05.db", {}}},
      {"before two it is still last night",
       "2026-03-05T01:59:59Z",
       3,
       {},
       {"state-2026-03-04.db", {}}},
      {"a night that has its snapshot", "2026-03-06T01:59:59Z", 3, {"state-2026-03-05.db"}, {}},
      {"the next night",
       "2026-03-06T02:00:00Z",
       3,
       {"state-2026-03-05.db"},
       {"state-2026-03-06.db", {}}},
      {"over the end of a year", "2027-01-01T01:00:00Z", 3, {}, {"state-2026-12-31.db", {}}},
      {"nothing goes before tonight's is there",
       "2026-03-05T12:00:00Z",
       1,
       {"state-2026-03-01.db", "state-2026-03-02.db", "state-2026-03-04.db"},
       {"state-2026-03-05.db", {}}},
      {"the oldest go",
       "2026-03-05T12:00:00Z",
       2,
       {"state-2026-03-05.db", "state-2026-02-28.db", "state-2026-03-04.db", "state-2025-03-09.db"},
       {std::nullopt, {"state-2025-03-09.db", "state-2026-02-28.db"}}},
      {"one is kept where none is asked for",
       "2026-03-05T12:00:00Z",
       0,
       {"state-2026-03-04.db", "state-2026-03-05.db"},
       {std::nullopt, {"state-2026-03-04.db"}}},
      {"tonight's stays beside those of a clock that was ahead",
       "2026-03-05T12:00:00Z",
       2,
       {"state-2026-03-04.db", "state-2026-03-05.db", "state-2036-01-01.db"},
       {std::nullopt, {"state-2026-03-04.db"}}},
      {"what a kill left half made goes",
       "2026-03-05T12:00:00Z",
       2,
       {"state-2026-03-04.db.making", "state-2026-03-04.db.making-journal", "state-2026-03-05.db"},
       {std::nullopt, {"state-2026-03-04.db.making", "state-2026-03-04.db.making-journal"}}},
      {"what is not ours stays",
       "2026-03-05T12:00:00Z",
       1,
       {"mine.db", "state-2026-03-0x.db", "state-2026-03-01.db.mine", "state-2026-03-05.db",
        "state-26-03-01.db", "state-2026-03-01.dbx"},
       {}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    EXPECT_EQ(plan_nightly(c.names, c.keep, *base::parse_rfc3339(c.now)), c.plan);
  }
}

TEST(Nightly, AYearOfNightsLeavesTheLastSevenAtAnyHour) {
  auto now = *base::parse_rfc3339("2026-01-01T00:00:00Z");
  Names names;
  int made = 0;
  for (int hour = 0; hour < 365 * 24; ++hour, now = now + base::hours(1)) {
    auto plan = plan_nightly(names, 7, now);
    if (plan.make) {
      ++made;
      names.push_back(*plan.make);
      plan = plan_nightly(names, 7, now);
    }
    EXPECT_FALSE(plan.make);
    for (const auto& name : plan.remove)
      std::erase(names, name);
    ASSERT_LE(names.size(), 7U);
  }
  EXPECT_EQ(made, 366);  // the first hours belong to the night before
  EXPECT_EQ(names, (Names{"state-2026-12-25.db", "state-2026-12-26.db", "state-2026-12-27.db",
                          "state-2026-12-28.db", "state-2026-12-29.db", "state-2026-12-30.db",
                          "state-2026-12-31.db"}));
}

}  // namespace
}  // namespace controller
