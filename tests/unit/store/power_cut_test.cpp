// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/dice.hpp"
#include "tests/unit/store/support.hpp"

namespace controller {
namespace {

/// What happened in many lives of one store, each ended by a power cut.
struct Toll {
  int cuts = 0;
  int acknowledged = 0;
  int lost = 0;       // a life that came back without something acknowledged, or refused to
  int shortened = 0;  // a life that came back with a shorter change log
  int unproved = 0;   // the round that was cut came back whole
  std::string first_loss;
  std::uint64_t hash = 0;
};

constexpr std::int64_t kLines = 40;

/// Plays a controller that commits rounds of any size until the power goes, over and over on the
/// same disk, and compares what comes back with what was acknowledged.
class Player {
 public:
  Player(std::uint64_t seed, StorePlace::Durability durability)
      : dice_(seed), disk_("power-" + std::to_string(seed), dice_.roll()), place_(place_on(disk_)) {
    place_.durability = durability;
    // Small, so that the folding of the log is cut too.
    place_.log_pages_max = 4 + dice_.upto(30);
    place_.log_pages_idle = 1 + dice_.upto(20);
    // Short, so that the shortening of the change log is cut too.
    place_.changes_max = kLines;
    place_.changes_min = 0;
    place_.changes_step = 1 + dice_.upto(10);
    EXPECT_TRUE(create_store(place_, kCluster));
  }

  Toll play(int cuts) {
    while (toll_.cuts < cuts && toll_.lost < 1) {
      // Early cuts hit the opening and the loading, late ones the rounds and the folding.
      disk_.power_cut_at(1 + dice_.upto(dice_.one_in(4) ? 40 : 400));
      live();
      disk_.power_cut();
      disk_.power_on();
      ++toll_.cuts;
    }
    check_all();
    toll_.hash = disk_.hash();
    return toll_;
  }

 private:
  void live() {
    auto store = SqliteStore::open(place_);
    if (!store) return refused(store.error());
    auto all = (*store)->load();
    if (!all) return refused(all.error());
    if (all->term <= term_) lose("a term came back");
    term_ = all->term;
    const Contents back = contents_of(**store, *all, disk_);
    if (!disk_.dark()) compare(back, (*store)->changes_floor());
    while (!disk_.dark() && toll_.lost == 0)
      if (!commit_one(**store)) return;
  }

  static Contents contents_of(SqliteStore& store, const Loaded& loaded,
                              const sim::CrashDisk& disk) {
    Contents contents{loaded.rows, {}, {}, loaded.revision};
    auto changes = store.changes(0, 1'000'000);
    auto samples = store.samples("");
    if (disk.dark()) return contents;
    if (!changes || !samples) {
      ADD_FAILURE() << "reading failed";
      return contents;
    }
    contents.changes = std::move(*changes);
    contents.samples = std::move(*samples);
    return contents;
  }

  /// The change log may have been shortened, by whole revisions and as far as was allowed.
  void compare(const Contents& back, std::int64_t floor) {
    if (floor < floor_) lose("the floor of the change log fell");
    floor_ = floor;
    if (floor > 0) ++toll_.shortened;
    for (auto* wanted : {&acknowledged_, &after_cut_}) {
      auto& lines = wanted->changes;
      const auto kept = std::find_if(lines.begin(), lines.end(),
                                     [&](const ChangeRow& row) { return row.revision > floor; });
      if (kept != lines.begin() && lines.end() - kept < kLines) lose("too much was removed");
      lines.erase(lines.begin(), kept);
    }
    if (cut_round_ && back == after_cut_) {
      ++toll_.unproved;
      acknowledged_ = after_cut_;
    } else if (back != acknowledged_) {
      lose("acknowledged revision " + std::to_string(acknowledged_.revision) + ", came back " +
           std::to_string(back.revision));
    }
    cut_round_ = false;
  }

  bool commit_one(SqliteStore& store) {
    const Round round = make_round();
    after_cut_ = acknowledged_;
    apply(after_cut_, round);
    const auto error = store.commit(round);
    cut_round_ = error.has_value();
    if (error) return false;
    acknowledged_ = after_cut_;
    ++toll_.acknowledged;
    if (dice_.one_in(3)) static_cast<void>(store.idle());
    if (dice_.one_in(3)) return !store.trim_changes(base::Instant{0}).error;
    return true;
  }

  Round make_round() {
    Round round;
    round.revision = acknowledged_.revision;
    const auto objects = dice_.one_in(10) ? 30 : 1 + dice_.upto(3);
    for (std::int64_t i = 0; i < objects; ++i) {
      const std::string name = "m" + std::to_string(dice_.upto(20));
      const auto bytes = std::string(static_cast<std::size_t>(dice_.upto(3000)), 'x');
      ++round.revision;
      if (dice_.one_in(5)) {
        round.removals.push_back({"Model", name});
      } else {
        round.puts.push_back(object("Model", name, round.revision, bytes));
      }
      round.changes.push_back(change(round.revision, name));
    }
    if (dice_.one_in(3)) {
      round.samples.push_back(sample("r", "t" + std::to_string(dice_.upto(50)), dice_.one_in(2)));
    }
    return round;
  }

  void refused(const base::Error& error) {
    if (!disk_.dark()) lose("refused: " + error.message);
  }
  void lose(std::string why) {
    if (toll_.lost++ == 0) toll_.first_loss = std::move(why);
  }
  void check_all() {
    if (toll_.lost > 0) return;
    const auto whole = check_store(place_);
    if (!whole) lose("check: " + whole.error().message);
  }

  base::Dice dice_;
  sim::CrashDisk disk_;
  StorePlace place_;
  Contents acknowledged_, after_cut_;
  bool cut_round_ = false;
  std::int64_t floor_ = 0;
  api::Term term_;
  Toll toll_;
};

constexpr int kCutsOfADisk = 25;
constexpr int kBlocks = 20;  // so that the shards of the runner have something to share
constexpr int kDisksOfABlock = ORCH_POWER_CUTS / kBlocks / kCutsOfADisk;
static_assert(kDisksOfABlock * kBlocks * kCutsOfADisk == ORCH_POWER_CUTS);

/// ORCH_POWER_CUTS in all: 50,000 where the build is a fast one.
class PowerCutBlocks : public ::testing::TestWithParam<int> {};

TEST_P(PowerCutBlocks, LoseNothingAcknowledgedAndTearNothing) {
  int cuts = 0, acknowledged = 0, unproved = 0, shortened = 0;
  for (int disk = 0; disk < kDisksOfABlock; ++disk) {
    const int seed = 1 + GetParam() * kDisksOfABlock + disk;
    const auto toll =
        Player(static_cast<std::uint64_t>(seed), StorePlace::Durability::whole).play(kCutsOfADisk);
    ASSERT_EQ(toll.lost, 0) << "seed " << seed << ", cut " << toll.cuts << ": " << toll.first_loss;
    cuts += toll.cuts;
    acknowledged += toll.acknowledged;
    unproved += toll.unproved;
    shortened += toll.shortened;
  }
  EXPECT_EQ(cuts, kDisksOfABlock * kCutsOfADisk);
  EXPECT_GT(acknowledged, cuts);
  // The acknowledgement of some rounds was cut off although they are durable.
  EXPECT_GT(unproved, 0);
  EXPECT_GT(shortened, cuts / 4);
  RecordProperty("cuts", cuts);
  RecordProperty("acknowledged", acknowledged);
}
INSTANTIATE_TEST_SUITE_P(All, PowerCutBlocks, ::testing::Range(0, kBlocks));

TEST(PowerCuts, AHeaderThatIsTornOverATornEndOfAnEarlierCutIsNoDamage) {
  const auto toll = Player(354, StorePlace::Durability::whole).play(kCutsOfADisk);
  EXPECT_EQ(toll.lost, 0) << "cut " << toll.cuts << ": " << toll.first_loss;
}

TEST(PowerCuts, WithoutASyncAtEachCommitTheSameTestFindsLosses) {
  int lost = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    lost += Player(seed, StorePlace::Durability::weak).play(kCutsOfADisk).lost > 0;
  EXPECT_GT(lost, 10);
}

TEST(PowerCuts, TheSameSeedLeavesTheSameBytes) {
  const auto hash_of = [](std::uint64_t seed) {
    sim::seed_sqlite(7);
    const auto toll = Player(seed, StorePlace::Durability::whole).play(10);
    sim::seed_sqlite(0);
    EXPECT_EQ(toll.lost, 0);
    return toll.hash;
  };
  EXPECT_EQ(hash_of(3), hash_of(3));
  EXPECT_NE(hash_of(3), hash_of(4));
}

TEST(PowerCuts, AStoreThatWasCutWhileItWasMadeOpensEmptyOrIsRefusedAndCanBeMadeAgain) {
  int refused = 0, opened = 0;
  for (std::int64_t n = 1; n < 200; ++n) {
    sim::CrashDisk disk("make-disk", static_cast<std::uint64_t>(n));
    const auto place = place_on(disk);
    disk.power_cut_at(n);
    const bool made = static_cast<bool>(create_store(place, kCluster));
    if (made && !disk.dark()) break;
    disk.power_on();
    const auto back = read_all(place);
    if (back) {
      EXPECT_EQ(*back, Contents{});
    }
    back ? ++opened : ++refused;
    for (const auto& file : disk.files())
      disk.remove(file);
    ASSERT_TRUE(create_store(place, kCluster));
  }
  EXPECT_GT(refused, 5);
  EXPECT_GT(opened, 0);
}

}  // namespace
}  // namespace controller
