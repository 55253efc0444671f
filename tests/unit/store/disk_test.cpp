// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/disk/disk_files.hpp"
#include "tests/sim/disk/sql.hpp"
#include "tests/unit/store/support.hpp"

namespace sim {
namespace {

constexpr std::size_t kSector = 512;

std::string left_of(const DiskFile& file, std::uint64_t seed) {
  base::Dice dice(seed);
  return file.survived(dice);
}

TEST(CrashDisk, WhatWasSyncedSurvivesEveryCut) {
  DiskFile file;
  file.write(0, std::string(3 * kSector, 'a'));
  file.truncate(2 * kSector);
  file.sync();
  for (std::uint64_t seed = 0; seed < 200; ++seed)
    ASSERT_EQ(left_of(file, seed), std::string(2 * kSector, 'a'));
}

TEST(CrashDisk, AWriteThatWasNotSyncedIsKeptForgottenOrGarbledSectorBySector) {
  DiskFile file;
  file.write(0, std::string(4 * kSector, 'a'));
  file.sync();
  file.write(100, std::string(2 * kSector, 'b'));
  int kept = 0, forgotten = 0, garbled = 0, torn = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const std::string left = left_of(file, seed);
    ASSERT_EQ(left.substr(0, 100), std::string(100, 'a'));
    ASSERT_EQ(left.substr(100 + 2 * kSector), std::string(2 * kSector - 100, 'a'));
    const auto first = left.substr(100, kSector - 100), second = left.substr(kSector, kSector);
    const bool first_kept = first == std::string(first.size(), 'b');
    const bool second_kept = second == std::string(kSector, 'b');
    kept += first_kept && second_kept;
    torn += first_kept != second_kept;
    forgotten += second == std::string(kSector, 'a');
    garbled += !second_kept && second != std::string(kSector, 'a');
  }
  EXPECT_GT(kept, 50);
  EXPECT_GT(forgotten, 50);
  EXPECT_GT(garbled, 20);
  EXPECT_GT(torn, 50);
}

TEST(CrashDisk, ASyncThatFailedLosesItsBytesAlthoughTheyCanBeRead) {
  DiskFile file;
  file.write(0, "old");
  file.sync();
  file.write(0, "new");
  file.forget_pending();
  file.sync();
  EXPECT_EQ(file.seen(), "new");
  EXPECT_EQ(left_of(file, 1), "old");
}

TEST(CrashDisk, ANameIsSafeOnceItsFileOrItsRemovalWasSynced) {
  int kept = 0, back = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    DiskFolder folder;
    folder.put("removed", "x");
    folder.put("removed-and-synced", "x");
    folder.create("new")->write(0, "y");
    const auto synced = folder.create("new-and-synced");
    folder.sync("new-and-synced", *synced);
    folder.remove("removed", DiskFolder::Synced::no);
    folder.remove("removed-and-synced", DiskFolder::Synced::yes);
    base::Dice dice(seed);
    folder.power_cut(dice);
    ASSERT_TRUE(folder.find("new-and-synced"));
    ASSERT_FALSE(folder.find("removed-and-synced"));
    kept += folder.find("new") != nullptr;
    back += folder.find("removed") != nullptr;
  }
  EXPECT_GT(kept, 20);
  EXPECT_LT(kept, 80);
  EXPECT_GT(back, 20);
  EXPECT_LT(back, 80);
}

TEST(CrashDisk, ItsClockAndItsSleepAreVirtual) {
  CrashDisk disk("clock-disk", 1);
  disk.set_time(base::Instant{86'400'000});
  const auto rows = run_sql("x.db", disk.name(), "SELECT datetime('now')", Access::create);
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->front(), "1970-01-02 00:00:00");
}

TEST(CrashDisk, AnOpenFileIsDeadAfterACutAndNothingOpensUntilThePowerIsBack) {
  CrashDisk disk("cut-disk", 1);
  ASSERT_TRUE(run_sql("x.db", disk.name(), "CREATE TABLE t(a)", Access::create));
  disk.power_cut();
  EXPECT_FALSE(run_sql("x.db", disk.name(), "SELECT count(*) FROM sqlite_schema", Access::write));
  disk.power_on();
  EXPECT_TRUE(run_sql("x.db", disk.name(), "SELECT count(*) FROM sqlite_schema", Access::write));
}

}  // namespace
}  // namespace sim
