// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/reconcilers/small_rig.hpp"

#include "base/text.hpp"

#include <gtest/gtest.h>

namespace reconcilers::placement_property_test {
namespace {

constexpr int kWorlds = 2'000;
constexpr int kStormSteps = 10;
constexpr int kCalmSteps = 100;  // 1000 s: silence, back-offs and a queue of runs one by one
constexpr int kQuietSteps = 3;

// First everything happens, then nothing: no step may break a promise, and in the end all that can
// be as it was asked is so, and nobody changes anything any more.
TEST(PlacementProperty, RandomRigsKeepTheirPromisesAndSettle) {
  for (std::uint64_t seed = 1; seed <= kWorlds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SmallRig rig(seed);
    for (int i = 0; i < kStormSteps; ++i)
      rig.storm_step();
    rig.end_storm();
    int steps = 0, quiet = 0;
    for (; steps < kCalmSteps && quiet < kQuietSteps && rig.broken().empty(); ++steps)
      quiet = rig.calm_step() ? 0 : quiet + 1;
    ASSERT_TRUE(rig.broken().empty()) << base::join(rig.broken(), "\n") << "\n" << rig.story();
    ASSERT_EQ(quiet, kQuietSteps) << "it never settles\n" << rig.story();
    const auto unmet = rig.unmet();
    ASSERT_TRUE(unmet.empty()) << base::join(unmet, "\n") << "\n" << rig.story();
  }
}

}  // namespace
}  // namespace reconcilers::placement_property_test
