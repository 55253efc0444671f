// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/dice.hpp"
#include "tests/unit/store/support.hpp"

namespace controller {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kSector = 512;
const std::string kMain = "state.db";
const std::string kLog = "state.db-wal";

/// A store on a disk of its own: ended well, or with a log of several rounds that a cut left.
class Original {
 public:
  Original(const std::string& name, int rounds_in_log) : disk_(name, 1), place_(place_on(disk_)) {
    EXPECT_TRUE(create_store(place_, kCluster));
    {
      const auto store = loaded(place_);
      for (std::int64_t i = 1; i <= 30; ++i)
        commit(*store, i);
    }
    folded_ = history_.size() - 1;
    const auto store = loaded(place_);
    for (int i = 1; i <= rounds_in_log; ++i)
      commit(*store, 30 + i);
    if (rounds_in_log > 0) disk_.power_cut();
    disk_.power_on();
    for (const auto& name_of : disk_.files())
      bytes_[name_of] = disk_.read(name_of);
  }
  const std::string& bytes(const std::string& file) const { return bytes_.at(file); }
  std::size_t sectors(const std::string& file) const { return bytes(file).size() / kSector; }

  /// What is read when one file holds these bytes.
  base::Result<Contents> read_with(const std::string& file, const std::string& bytes) {
    for (const auto& name : disk_.files())
      disk_.remove(name);
    for (const auto& [name, original] : bytes_)
      disk_.write(name, name == file ? bytes : original);
    if (auto refused = SqliteStore::open(place_); !refused) {
      // It must still be there for whoever can do better.
      EXPECT_TRUE(disk_.read(file) == bytes);
      return std::move(refused).error();
    }
    return read_all(place_);
  }
  base::Result<Contents> read_with_flip(const std::string& file, std::size_t at, int bit) {
    auto flipped = bytes(file);
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
    return read_with(file, flipped);
  }
  /// The contents after all rounds, or without the last of them.
  const Contents& after(std::size_t missing) const {
    return history_.at(history_.size() - 1 - missing);
  }
  /// Whether it is what was stored after some round of the log.
  bool is_prefix(const Contents& contents) const {
    return std::find(history_.begin() + static_cast<std::ptrdiff_t>(folded_), history_.end(),
                     contents) != history_.end();
  }

 private:
  void commit(SqliteStore& store, std::int64_t revision) {
    Round round = put(revision, "m" + std::to_string(revision % 17), std::string(700, 'x'));
    round.samples = {sample("r", "t" + std::to_string(revision), true)};
    ASSERT_FALSE(store.commit(round));
    Contents next = history_.back();
    apply(next, round);
    history_.push_back(std::move(next));
  }
  sim::CrashDisk disk_;
  StorePlace place_;
  std::map<std::string, std::string> bytes_;
  std::vector<Contents> history_{Contents{}};
  std::size_t folded_ = 0;
};

/// How many were refused, each with a reason and a way out, and how many opened as they should.
struct Tally {
  int refused = 0, opened = 0;
  int all() const { return refused + opened; }
};

void expect_refusal(const base::Error& error, Tally& tally) {
  ++tally.refused;
  EXPECT_EQ(exit_of_store(error), base::Exit::bad_state) << error.message;
  const bool way_out = error.message.find("restore") != std::string::npos ||
                       error.message.find("move the log away") != std::string::npos ||
                       error.message.find("run that orch") != std::string::npos;
  EXPECT_TRUE(way_out) << error.message;
}

/// A file that was damaged opens with everything in it, or not at all.
void expect_whole_or_refused(Original& store, const std::string& bytes, Tally& tally) {
  const auto all = store.read_with(kMain, bytes);
  if (!all) return expect_refusal(all.error(), tally);
  ++tally.opened;
  EXPECT_TRUE(*all == store.after(0)) << all->revision;
}

/// A log may end earlier, as after a cut: between two rounds, never within one.
void expect_prefix_or_refused(Original& store, const std::string& bytes, Tally& tally) {
  const auto all = store.read_with(kLog, bytes);
  if (!all) return expect_refusal(all.error(), tally);
  ++tally.opened;
  EXPECT_TRUE(store.is_prefix(*all)) << all->revision;
}

std::string garbage(base::Dice& dice, std::size_t count) {
  std::string out(count, '\0');
  for (char& c : out)
    c = static_cast<char>(dice.roll());
  return out;
}

/// One sector zeroed, filled with noise, or holding what belongs to another.
std::string with_bad_sector(const std::string& good, std::size_t sector, int how,
                            base::Dice& dice) {
  const auto sectors = static_cast<std::int64_t>(good.size() / kSector);
  const auto other = static_cast<std::size_t>(dice.upto(sectors)) * kSector;
  std::string bytes = good;
  const std::string fill = how == 0   ? std::string(kSector, '\0')
                           : how == 1 ? garbage(dice, kSector)
                                      : good.substr(other, kSector);
  bytes.replace(sector * kSector, kSector, fill);
  return bytes;
}

TEST(DamagedFiles, AFileThatWasCutAtAnySectorIsRefused) {
  Original store("cut-file", 0);
  Tally tally;
  for (std::size_t sector = 0; sector < store.sectors(kMain); ++sector) {
    SCOPED_TRACE(sector);
    expect_whole_or_refused(store, store.bytes(kMain).substr(0, sector * kSector), tally);
  }
  EXPECT_EQ(tally.opened, 0);
  EXPECT_GT(tally.refused, 100);
}

TEST(DamagedFiles, ALogThatWasCutAtAnySectorEndsBetweenTwoRounds) {
  Original store("cut-log", 12);
  Tally tally;
  for (std::size_t sector = 0; sector < store.sectors(kLog); ++sector) {
    SCOPED_TRACE(sector);
    expect_prefix_or_refused(store, store.bytes(kLog).substr(0, sector * kSector), tally);
  }
  EXPECT_GT(tally.opened, 100);
}

TEST(DamagedFiles, ABadSectorOfTheFileIsSeenOrHarmless) {
  Original store("sector-file", 0);
  base::Dice dice(3);
  Tally tally;
  for (std::size_t sector = 0; sector < store.sectors(kMain); ++sector) {
    for (int how = 0; how < 3; ++how) {
      SCOPED_TRACE(std::to_string(sector) + " " + std::to_string(how));
      expect_whole_or_refused(store, with_bad_sector(store.bytes(kMain), sector, how, dice), tally);
    }
  }
  EXPECT_GT(tally.refused, 100);
  EXPECT_GT(tally.opened, 10);
}

TEST(DamagedFiles, ABadSectorOfTheLogIsSeenOrLooksLikeATornEnd) {
  Original store("sector-log", 12);
  base::Dice dice(4);
  Tally tally;
  for (std::size_t sector = 0; sector < store.sectors(kLog); ++sector) {
    for (int how = 0; how < 2; ++how) {
      SCOPED_TRACE(std::to_string(sector) + " " + std::to_string(how));
      expect_prefix_or_refused(store, with_bad_sector(store.bytes(kLog), sector, how, dice), tally);
    }
  }
  EXPECT_GT(tally.refused, 200);
}

TEST(DamagedFiles, AFlippedBitInTheFileIsSeenOrHarmless) {
  Original store("flip-file", 0);
  base::Dice dice(1);
  Tally tally;
  for (std::size_t page = 0; page < store.bytes(kMain).size() / kPage; ++page) {
    for (int i = 0; i < 40; ++i) {
      // The header of each page at every byte, then its whole length at random.
      const auto inside =
          i < 20 ? static_cast<std::size_t>(i) : static_cast<std::size_t>(dice.upto(kPage));
      SCOPED_TRACE("page " + std::to_string(page + 1) + " byte " + std::to_string(inside));
      auto bytes = store.bytes(kMain);
      auto& byte = bytes[page * kPage + inside];
      byte = static_cast<char>(byte ^ (1 << dice.upto(8)));
      expect_whole_or_refused(store, bytes, tally);
    }
  }
  EXPECT_GT(tally.refused, 100);
  EXPECT_GT(tally.opened, 10);
}

TEST(DamagedFiles, AFlippedBitInTheLogIsSeenUnlessItLooksLikeATornEnd) {
  Original store("flip-log", 12);
  base::Dice dice(2);
  Tally tally;
  int torn = 0;
  for (int i = 0; i < 600; ++i) {
    const auto at = static_cast<std::size_t>(
        i < 32 ? i : dice.upto(static_cast<std::int64_t>(store.bytes(kLog).size())));
    SCOPED_TRACE(at);
    const auto all = store.read_with_flip(kLog, at, static_cast<int>(dice.upto(8)));
    if (!all) {
      expect_refusal(all.error(), tally);
      continue;
    }
    // The last round could have been in the middle of being written; and where the flip hides the
    // end of a round, so could the one before it.
    const bool known = *all == store.after(0) || *all == store.after(1) || *all == store.after(2);
    EXPECT_TRUE(known) << all->revision;
    torn += *all != store.after(0);
  }
  EXPECT_GT(tally.refused, 300);
  EXPECT_GT(torn, 0);
}

}  // namespace
}  // namespace controller
