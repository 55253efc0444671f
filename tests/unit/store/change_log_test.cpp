// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/disk/sql.hpp"
#include "tests/unit/store/support.hpp"

namespace controller {
namespace {

using Rest = SqliteStore::Trimmed::Rest;

constexpr base::Instant kNow{1'000'000};

/// A store whose change log has so many lines for each revision, one minute apart.
struct ChangeLog : ::testing::Test {
  ChangeLog() {
    place.changes_max = 1000;
    place.changes_min = 0;
    place.changes_age = base::Duration{1'000'000};
    EXPECT_TRUE(create_store(place, kCluster));
  }
  void fill(SqliteStore& store, std::initializer_list<int> lines) {
    for (const int count : lines) {
      Round round;
      round.revision = ++revision;
      for (int i = 0; i < count; ++i) {
        round.changes.push_back(change(revision, "m" + std::to_string(i)));
        round.changes.back().at = base::Instant{revision * 60'000};
      }
      ASSERT_FALSE(store.commit(round));
    }
  }
  /// To the end; gives the number of steps.
  int trim(SqliteStore& store, base::Instant now = kNow) {
    int steps = 0;
    for (;; ++steps) {
      const auto done = store.trim_changes(now);
      EXPECT_FALSE(done.error);
      if (done.rest == Rest::none) return steps;
    }
  }
  Folder folder;
  StorePlace place = folder.store();
  std::int64_t revision = 0;
};

TEST_F(ChangeLog, IsBoundByNumberInWholeRevisions) {
  const struct {
    const char* name;
    std::initializer_list<int> lines;
    std::int64_t max, step, floor;
    std::size_t left;
  } cases[] = {
      {"nothing to do", {1, 1, 1}, 3, 10, 0, 3},
      {"one too many", {1, 1, 1, 1}, 3, 10, 1, 3},
      {"several steps", {1, 1, 1, 1, 1, 1, 1, 1, 1}, 2, 3, 7, 2},
      {"a revision stays whole", {3, 3, 3}, 4, 10, 1, 6},
      {"a revision that is longer than a step", {5, 1, 1}, 2, 2, 1, 2},
      {"a revision that is longer than the bound", {1, 5}, 2, 10, 1, 5},
      {"none is to stay", {1, 2}, 0, 10, 2, 0},
      {"none is to stay, in steps", {4, 4, 1}, 0, 3, 3, 0},
      {"an empty log", {}, 0, 10, 0, 0},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    Folder own;
    StorePlace there = own.store();
    there.changes_max = c.max;
    there.changes_min = 0;
    there.changes_age = place.changes_age;
    there.changes_step = c.step;
    ASSERT_TRUE(create_store(there, kCluster));
    revision = 0;
    {
      const auto store = loaded(there);
      fill(*store, c.lines);
      trim(*store);
      EXPECT_EQ(store->changes_floor(), c.floor);
      EXPECT_TRUE(store->check());
    }
    const auto store = loaded(there);
    EXPECT_EQ(store->changes_floor(), c.floor) << "after a start";
    const auto rows = store->changes(0, 1000);
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->size(), c.left);
    for (const auto& row : *rows)
      EXPECT_GT(row.revision, c.floor);
  }
}

TEST_F(ChangeLog, OldLinesGoButNeverTheLast) {
  place.changes_min = 2;
  const auto store = loaded(place);
  fill(*store, {1, 1, 1, 1, 1});
  trim(*store, base::Instant{60'000} + place.changes_age);
  EXPECT_EQ(store->changes_floor(), 0) << "as old as may be";
  trim(*store, base::Instant{60'001} + place.changes_age);
  EXPECT_EQ(store->changes_floor(), 1);
  trim(*store, base::Instant{1'000'000'000});
  EXPECT_EQ(store->changes_floor(), 3) << "a clock that jumps takes not all";
  EXPECT_EQ(store->changes(0, 10)->size(), 2U);
}

TEST_F(ChangeLog, RoundsGoOnBetweenTheSteps) {
  place.changes_max = 2;
  place.changes_step = 2;
  const auto store = loaded(place);
  fill(*store, {1, 1, 1, 1, 1, 1});
  ASSERT_EQ(store->trim_changes(kNow).rest, Rest::more);
  fill(*store, {1});
  EXPECT_GT(trim(*store), 1);
  EXPECT_EQ(store->changes_floor(), 5);
  EXPECT_EQ(store->changes(5, 10)->size(), 2U);
}

TEST_F(ChangeLog, AFloorThatIsNotAsWrittenIsFound) {
  {
    const auto store = loaded(place);
    fill(*store, {1, 1});
  }
  place.changes_max = 1;
  { trim(*loaded(place)); }
  ASSERT_TRUE(
      sim::run_sql(place.path, "", "UPDATE change_floor SET revision = 2", sim::Access::write));
  const auto back = read_all(place);
  ASSERT_FALSE(back);
  EXPECT_NE(back.error().message.find("floor of the change log"), std::string::npos)
      << back.error().message;
}

TEST_F(ChangeLog, AFullDiskHoldsNothingUp) {
  sim::CrashDisk disk("full-trim", 1);
  auto there = place_on(disk);
  there.changes_max = 1;
  there.changes_min = 0;
  ASSERT_TRUE(create_store(there, kCluster));
  const auto store = loaded(there);
  fill(*store, {1, 1, 1});
  disk.fail_at(1, sim::CrashDisk::Fault::full);
  const auto refused = store->trim_changes(kNow);
  ASSERT_TRUE(refused.error);
  EXPECT_FALSE(refused.error->fatal);
  EXPECT_EQ(store->changes_floor(), 0);
  fill(*store, {1});
  EXPECT_GT(trim(*store), 0);
  EXPECT_EQ(store->changes_floor(), 3);
}

}  // namespace
}  // namespace controller
