// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "tests/unit/store/support.hpp"

namespace controller {
namespace {

class Rounds : public ::testing::Test {
 protected:
  Rounds() {
    const auto made = create_store(place, kCluster);
    EXPECT_TRUE(made) << made.error().message;
  }
  Folder folder;
  StorePlace place = folder.store();
};

TEST_F(Rounds, ANewStoreIsEmptyAndKnowsItsCluster) {
  auto store = SqliteStore::open(place);
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ((*store)->cluster(), kCluster);
  const auto all = (*store)->load();
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->cluster, kCluster);
  EXPECT_EQ(all->term, (api::Term{1, 1}));
  EXPECT_EQ(all->revision, 0);
  EXPECT_TRUE(all->rows.empty());
}

TEST_F(Rounds, WhatWasCommittedComesBackByteForByte) {
  Round round;
  round.puts = {object("Model", "b", 2, "{\"x\":\"\xc3\xa9\"}"),
                object("Machine", "a", 1, std::string("{\"nul\":\0}", 9)),
                object("Model", "a", 3, "")};
  round.changes = {change(1, "a"), change(2, "b"), change(3, "a")};
  round.samples = {sample("r1", "t1", true), sample("r1", "t2", false), sample("r2", "t1", true)};
  round.revision = 3;
  {
    const auto store = loaded(place);
    ASSERT_TRUE(store);
    ASSERT_FALSE(store->commit(round));
  }
  Contents wanted;
  apply(wanted, round);
  const auto back = read_all(place);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, wanted);
  EXPECT_EQ(back->rows.front().kind, "Machine");  // in the order of (kind, name)
}

TEST_F(Rounds, APutReplacesARemovalRemovesAndARemovalOfNothingIsFine) {
  Contents wanted;
  Round first = put(1, "a", "{\"v\":1}");
  first.puts.push_back(object("Model", "gone", 1, "{}"));
  Round second = put(2, "a", "{\"v\":2}");
  second.removals = {{"Model", "gone"}, {"Model", "never"}};
  // A name that is removed and made anew in one round is there afterwards, in its new life.
  Round third;
  third.removals = {{"Model", "a"}};
  third.puts = {{"Model", "a", "uid-2", 3, "{\"v\":3}"}};
  third.revision = 3;
  {
    const auto store = loaded(place);
    for (const Round& round : {first, second, third}) {
      ASSERT_FALSE(store->commit(round));
      apply(wanted, round);
    }
  }
  EXPECT_EQ(*read_all(place), wanted);
  EXPECT_EQ(wanted.rows.size(), 1U);
}

TEST_F(Rounds, TheSameSampleTwiceIsOneRowAndTheFirstStays) {
  const auto store = loaded(place);
  Round round;
  round.samples = {sample("r", "t", true), sample("r", "t", false), sample("r", "t", true, 2)};
  ASSERT_FALSE(store->commit(round));
  Round again = round;
  again.samples.front().bytes = "{\"changed\":true}";
  ASSERT_FALSE(store->commit(again));
  EXPECT_EQ(*store->samples("r"), round.samples);
  EXPECT_TRUE(store->samples("other")->empty());
}

TEST_F(Rounds, ComparingAndSettingIsNotTheStoresBusiness) {
  const auto store = loaded(place);
  ASSERT_FALSE(store->commit(put(5, "a", "{}")));
  // The row claims to be older than the one that it replaces: the core decided so.
  Round round;
  round.puts = {object("Model", "a", 2, "{\"older\":true}")};
  round.revision = 6;
  EXPECT_FALSE(store->commit(round));
}

TEST_F(Rounds, TheChangeLogIsReadInPiecesAndNeverCutsARevision) {
  const auto store = loaded(place);
  Round round;
  for (const auto* name : {"a", "b", "c"})
    round.changes.push_back(change(1, name));
  round.changes.push_back(change(2, "d"));
  round.changes.push_back(change(3, "e"));
  round.revision = 3;
  ASSERT_FALSE(store->commit(round));
  const struct {
    std::int64_t after;
    std::size_t limit, lines;
  } cases[] = {{0, 100, 5}, {0, 4, 4}, {0, 2, 3},  {0, 1, 3},  {0, 0, 0},
               {1, 100, 2}, {1, 1, 1}, {2, 10, 1}, {3, 10, 0}, {99, 10, 0}};
  for (const auto& c : cases) {
    SCOPED_TRACE(std::to_string(c.after) + " " + std::to_string(c.limit));
    EXPECT_EQ(store->changes(c.after, c.limit)->size(), c.lines);
  }
}

TEST_F(Rounds, EveryLoadRaisesTheStart) {
  for (std::int64_t start = 1; start <= 3; ++start) {
    auto store = SqliteStore::open(place);
    ASSERT_TRUE(store);
    EXPECT_EQ((*store)->load()->term, (api::Term{1, start}));
  }
}

TEST_F(Rounds, AStoreThatWasOnlyOpenedChangesNothing) {
  { ASSERT_FALSE(loaded(place)->commit(put(1, "a", "{}"))); }
  const auto before = folder.files();
  {
    auto store = SqliteStore::open(place);
    ASSERT_TRUE(store);
    EXPECT_TRUE((*store)->check());
  }
  EXPECT_TRUE(check_store(place));
  EXPECT_EQ(folder.files(), before);
}

TEST_F(Rounds, ACleanEndLeavesOneFileOnly) {
  { ASSERT_FALSE(loaded(place)->commit(put(1, "a", "{}"))); }
  const auto files = folder.files();
  EXPECT_EQ(files.size(), 2U);
  EXPECT_TRUE(files.contains("state.db"));
  EXPECT_TRUE(files.contains("state.db.incarnation"));
}

TEST_F(Rounds, TheLogIsFoldedWhenNobodyWaitsAndIsUsedAgain) {
  place.log_pages_idle = 4;
  place.log_pages_max = 1'000'000;
  const auto store = loaded(place);
  const auto log_bytes = [&] { return std::filesystem::file_size(place.path + "-wal"); };
  std::uintmax_t highest = 0;
  for (std::int64_t i = 1; i <= 40; ++i) {
    ASSERT_FALSE(store->commit(put(i, "a", std::string(3000, 'x'))));
    ASSERT_FALSE(store->idle());
    highest = std::max(highest, log_bytes());
  }
  EXPECT_LT(highest, 20U * 4120U);
}

TEST_F(Rounds, TheLogIsFoldedWhenItIsTooLongEvenUnderLoad) {
  place.log_pages_max = 16;
  const auto store = loaded(place);
  for (std::int64_t i = 1; i <= 100; ++i)
    ASSERT_FALSE(store->commit(put(i, "a" + std::to_string(i), std::string(3000, 'x'))));
  EXPECT_LT(std::filesystem::file_size(place.path + "-wal"), 40U * 4120U);
}

TEST_F(Rounds, ARoundOfManyObjectsIsOneTransaction) {
  Round round;
  for (int i = 0; i < 2000; ++i)
    round.puts.push_back(object("Model", "m" + std::to_string(i), 1, std::string(2000, 'b')));
  round.revision = 1;
  { ASSERT_FALSE(loaded(place)->commit(round)); }
  EXPECT_EQ(read_all(place)->rows.size(), 2000U);
}

}  // namespace
}  // namespace controller
