// SPDX-License-Identifier: Apache-2.0
#include <functional>

#include "controller/store/database.hpp"
#include "tests/sim/disk/sql.hpp"
#include "tests/unit/store/support.hpp"

namespace controller {
namespace {

using sim::CrashDisk;

Round big_round(std::int64_t revision) {
  Round round = put(revision, "big", std::string(20'000, 'x'));
  round.removals = {{"Model", "first"}};
  round.samples = {sample("r", "t", true)};
  return round;
}

/// A store with one round in it, on a disk of its own.
struct Rig {
  explicit Rig(const std::string& name) : disk(name, 1), place(place_on(disk)) {
    EXPECT_TRUE(create_store(place, kCluster));
    const auto store = loaded(place);
    EXPECT_FALSE(store->commit(put(1, "first", "{}")));
    apply(before, put(1, "first", "{}"));
    after = before;
    apply(after, big_round(2));
  }
  /// What is there after the power went.
  Contents back() {
    disk.heal();
    disk.power_cut();
    disk.power_on();
    auto all = read_all(place);
    EXPECT_TRUE(all) << all.error().message;
    return all ? *all : Contents{};
  }
  CrashDisk disk;
  StorePlace place;
  Contents before, after;
};

TEST(Faults, ADiskThatIsFullAtTheNthWriteLeavesNothingOfTheRoundAndALaterTrySucceeds) {
  int failed = 0;
  for (std::int64_t n = 1;; ++n) {
    SCOPED_TRACE(n);
    Rig rig("full-once");
    rig.place.log_pages_max = 1;  // folds at every commit, so that this runs full too
    {
      const auto store = loaded(rig.place);
      ASSERT_TRUE(store);
      rig.disk.fail_at(n, CrashDisk::Fault::full);
      const auto error = store->commit(big_round(2));
      if (error) {
        ++failed;
        EXPECT_FALSE(error->fatal) << error->error.message;
        EXPECT_EQ(error->error.code, base::Code::unavailable);
        EXPECT_NE(error->error.message.find("the disk is full"), std::string::npos);
        EXPECT_EQ(store->changes(1, 10)->size(), 0U);
        EXPECT_FALSE(store->commit(big_round(2)));
      }
    }
    EXPECT_EQ(rig.back(), rig.after);
    if (!rig.disk.failed()) break;
    ASSERT_LT(n, 1000);
  }
  EXPECT_GT(failed, 5);
}

TEST(Faults, ADiskThatStaysFullRefusesEveryRoundUntilThereIsRoom) {
  Rig rig("full-long");
  {
    const auto store = loaded(rig.place);
    ASSERT_TRUE(store);
    rig.disk.fail_at(2, CrashDisk::Fault::full, CrashDisk::Lasting::lasting);
    for (int i = 0; i < 5; ++i) {
      const auto error = store->commit(big_round(2));
      ASSERT_TRUE(error);
      EXPECT_FALSE(error->fatal);
      EXPECT_EQ(error->error.code, base::Code::unavailable);
      // Reading goes on.
      EXPECT_EQ(store->changes(0, 10)->size(), 1U);
    }
    Round probe;
    probe.revision = 1;
    EXPECT_TRUE(store->commit(probe));
    rig.disk.heal();
    EXPECT_FALSE(store->commit(probe));
    EXPECT_FALSE(store->commit(big_round(2)));
  }
  EXPECT_EQ(rig.back(), rig.after);
}

TEST(Faults, APowerCutAfterAFullDiskTakesNothingBack) {
  for (std::int64_t n = 1; n < 30; ++n) {
    SCOPED_TRACE(n);
    Rig rig("full-cut");
    {
      const auto store = loaded(rig.place);
      rig.disk.fail_at(n, CrashDisk::Fault::full);
      const bool failed = store->commit(big_round(2)).has_value();
      rig.disk.heal();
      if (failed) {
        ASSERT_FALSE(store->commit(big_round(2)));
      }
      rig.disk.power_cut();
    }
    EXPECT_EQ(rig.back(), rig.after);
  }
}

TEST(Faults, ADiskThatFailsAtTheNthCallOfACommitEndsTheStore) {
  int failed = 0;
  for (std::int64_t n = 1;; ++n) {
    SCOPED_TRACE(n);
    Rig rig("io-commit");
    rig.place.log_pages_max = 1;
    bool done = false;
    {
      const auto store = loaded(rig.place);
      ASSERT_TRUE(store);
      rig.disk.fail_at(n, CrashDisk::Fault::io);
      const auto error = store->commit(big_round(2));
      done = !error;
      EXPECT_EQ(rig.disk.failed(), error.has_value());
      if (error) {
        ++failed;
        EXPECT_TRUE(error->fatal);
        EXPECT_EQ(error->error.code, base::Code::internal);
      }
    }
    const bool reached = rig.disk.failed();
    // Whether it is durable is not known, but it is all or nothing.
    const Contents back = rig.back();
    EXPECT_TRUE(back == rig.after || (!done && back == rig.before));
    if (!reached) break;
    ASSERT_LT(n, 1000);
  }
  EXPECT_GT(failed, 10);
}

/// Runs `step` on a disk that fails at its n-th call, for every n until it succeeds. It must fail
/// with `internal`, and what was there must be there afterwards.
void fail_everywhere(const std::string& name, CrashDisk::Fault fault,
                     const std::function<base::Status(const StorePlace&)>& step) {
  int failed = 0;
  for (std::int64_t n = 1;; ++n) {
    SCOPED_TRACE(name + " " + std::to_string(n));
    Rig rig(name);
    rig.disk.fail_at(n, fault);
    const auto done = step(rig.place);
    const bool reached = rig.disk.failed();
    if (!done) {
      ++failed;
      EXPECT_EQ(done.error().code, base::Code::internal) << done.error().message;
      EXPECT_EQ(exit_of_store(done.error()), base::Exit::io);
    }
    EXPECT_EQ(rig.back(), rig.before);
    if (!reached) break;
    ASSERT_LT(n, 2000);
  }
  EXPECT_GT(failed, 1);
}

base::Status open_and_load(const StorePlace& place) {
  auto store = SqliteStore::open(place);
  if (!store) return std::move(store).error();
  auto all = (*store)->load();
  return all ? base::ok() : base::Status(std::move(all).error());
}

base::Status take_snapshot(const StorePlace& place) {
  auto store = SqliteStore::open(place);
  if (!store) return std::move(store).error();
  return (*store)->snapshot("copy.db");
}

TEST(Faults, ADiskThatFailsAtTheNthCallOfAStartIsCalledThatAndNotDamage) {
  fail_everywhere("io-load", CrashDisk::Fault::io, open_and_load);
}

TEST(Faults, ADiskThatIsFullAtTheNthWriteOfAStartIsCalledThat) {
  fail_everywhere("full-load", CrashDisk::Fault::full, open_and_load);
}

TEST(Faults, ADiskThatFailsAtTheNthCallOfASnapshotHarmsNothing) {
  fail_everywhere("io-snapshot", CrashDisk::Fault::io, take_snapshot);
  fail_everywhere("full-snapshot", CrashDisk::Fault::full, take_snapshot);
}

TEST(Faults, AStoreThatCouldNotSyncNeverWritesAgain) {
  Rig rig("no-sync");
  const auto store = loaded(rig.place);
  rig.disk.fail_at(1, CrashDisk::Fault::io);
  ASSERT_TRUE(store->commit(big_round(2))->fatal);
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(static_cast<void>(store->commit(big_round(2))), "");
}

TEST(Faults, ATextThatIsTooLongIsRefusedAndLeavesNothing) {
  Rig rig("too-long");
  {
    const auto store = loaded(rig.place);
    Round round = big_round(2);
    round.puts.push_back(object("Model", "huge", 2, std::string(9 << 20, 'x')));
    const auto error = store->commit(round);
    ASSERT_TRUE(error);
    EXPECT_FALSE(error->fatal);
    EXPECT_EQ(error->error.code, base::Code::invalid);
    EXPECT_FALSE(store->commit(big_round(2)));
  }
  EXPECT_EQ(rig.back(), rig.after);
}

/// A round that meets the code at each of its writes.
std::optional<CommitError> commit_against(Rig& rig, SqliteStore& store, const FaultRow& row) {
  rig.disk.refuse_writes(row.code);
  auto error = store.commit(big_round(2));
  rig.disk.heal();
  return error;
}

void expect_policy(const FaultRow& row) {
  Rig rig("policy");
  {
    const auto store = loaded(rig.place);
    ASSERT_TRUE(store);
    const auto error = commit_against(rig, *store, row);
    ASSERT_TRUE(rig.disk.failed());
    ASSERT_TRUE(error);
    EXPECT_EQ(error->fatal, row.policy == Policy::end) << error->error.message;
    if (error->fatal) {
      EXPECT_EQ(error->error.code, base::Code::internal);
    } else {
      EXPECT_EQ(store->changes(1, 10)->size(), 0U);
      EXPECT_FALSE(store->commit(big_round(2)));
    }
  }
  EXPECT_EQ(rig.back(), row.policy == Policy::end ? rig.before : rig.after);
}

TEST(FaultsDeathTest, EachCodeOfSqliteDoesWhatTheTableOfPoliciesSays) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  int refused = 0, ended = 0, stopped = 0;
  for (const auto& row : fault_table()) {
    SCOPED_TRACE(row.name);
    if (row.policy != Policy::stop) {
      expect_policy(row);
      row.policy == Policy::end ? ++ended : ++refused;
      continue;
    }
    ++stopped;
    Rig rig("stops");
    const auto store = loaded(rig.place);
    EXPECT_DEATH(static_cast<void>(commit_against(rig, *store, row)), "broken invariant");
  }
  EXPECT_EQ(refused, 5);
  EXPECT_EQ(ended, 17);
  EXPECT_EQ(stopped, 5);
}

TEST(FaultsDeathTest, ARowThatBreaksTheSchemaIsOurOwnBug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Rig rig("constraint");
  const auto store = loaded(rig.place);
  Round round = put(2, "", "{}");
  EXPECT_DEATH(static_cast<void>(store->commit(round)), "Policy::stop");
}

TEST(FaultsDeathTest, ARevisionThatGoesBackIsOurOwnBug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Rig rig("backwards");
  const auto store = loaded(rig.place);
  EXPECT_DEATH(static_cast<void>(store->commit(put(0, "a", "{}"))), "revision");
}

TEST(FaultsDeathTest, NoMemoryEndsTheProcessAndLeavesTheStoreWhole) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Rig rig("no-memory");
  const auto store = loaded(rig.place);
  const auto commit_without_memory = [&] {
    sim::limit_sqlite_memory(sim::sqlite_memory() + 4096);
    static_cast<void>(store->commit(put(2, "a", std::string(1 << 20, 'x'))));
  };
  EXPECT_DEATH(commit_without_memory(), "out of memory");
}

}  // namespace
}  // namespace controller
