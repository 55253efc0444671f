// SPDX-License-Identifier: Apache-2.0
#include "base/file.hpp"
#include "controller/store/schema.hpp"
#include "tests/sim/disk/sql.hpp"
#include "tests/unit/store/support.hpp"

namespace controller {
namespace {

std::string fixture(const std::string& name) {
  const auto text = base::read_file(std::string(ORCH_FIXTURES) + "/" + name);
  EXPECT_TRUE(text) << text.error().message;
  return text ? *text : std::string();
}

/// A store of an older version on a disk of its own.
struct Old {
  explicit Old(const std::string& name, const std::string& file = "v1.sql")
      : disk(name, 1), place(place_on(disk)) {
    const auto made =
        sim::run_sql(place.path, place.vfs, "PRAGMA locking_mode=EXCLUSIVE;" + fixture(file),
                     sim::Access::create);
    EXPECT_TRUE(made) << made.error().message;
    // Past the time in which a cut could undo what the fixture wrote.
    for (const auto& written : disk.files())
      disk.write(written, disk.read(written));
    disk.remove("state.db-journal");
  }
  sim::CrashDisk disk;
  StorePlace place;
};

TEST(Migrations, AStoreOfTheFirstVersionKeepsEverythingAndTakesSamplesToo) {
  Old old("old-store");
  {
    const auto store = loaded(old.place);
    ASSERT_TRUE(store);
    Round round;
    round.revision = 4;
    round.samples = {sample("r", "t", true)};
    ASSERT_FALSE(store->commit(round));
  }
  const auto all = read_all(old.place);
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->revision, 4);
  ASSERT_EQ(all->rows.size(), 2U);
  EXPECT_EQ(all->rows[0].name, "box1");
  EXPECT_EQ(all->rows[1].revision, 3);
  ASSERT_EQ(all->changes.size(), 3U);
  EXPECT_EQ(all->changes[2].because, "it's \"changed\"");
  EXPECT_EQ(all->samples.size(), 1U);
  EXPECT_TRUE(check_store(old.place));
}

TEST(Migrations, AStoreOfTheSecondVersionKeepsItsSamplesAndItsWholeChangeLog) {
  Old old("old-second", "v2.sql");
  const auto all = read_all(old.place);
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->rows.size(), 2U);
  EXPECT_EQ(all->changes.size(), 3U);
  ASSERT_EQ(all->samples.size(), 1U);
  EXPECT_EQ(all->samples[0].bytes, R"({"task":"t"})");
  EXPECT_EQ(loaded(old.place)->changes_floor(), 0);
}

TEST(Migrations, AMigratedStoreHasTheSchemaOfANewOne) {
  const auto schema_of = [](const StorePlace& place) {
    const auto rows = sim::run_sql(place.path, place.vfs,
                                   "PRAGMA locking_mode=EXCLUSIVE; SELECT name, sql FROM "
                                   "sqlite_schema ORDER BY name",
                                   sim::Access::write);
    EXPECT_TRUE(rows) << rows.error().message;
    return rows ? *rows : std::vector<std::string>();
  };
  sim::CrashDisk disk("new-schema", 1);
  ASSERT_TRUE(create_store(place_on(disk), kCluster));
  const auto wanted = schema_of(place_on(disk));
  for (const std::string file : {"v1.sql", "v2.sql"}) {
    SCOPED_TRACE(file);
    Old old("old-schema-" + file, file);
    ASSERT_TRUE(read_all(old.place));
    EXPECT_EQ(schema_of(old.place), wanted);
  }
}

TEST(Migrations, APowerCutAnywhereInAMigrationLosesNothing) {
  int cut = 0;
  for (std::int64_t n = 1;; ++n) {
    SCOPED_TRACE(n);
    Old old("old-cut");
    old.disk.power_cut_at(n);
    const auto first = read_all(old.place);
    if (first && !old.disk.dark()) break;
    ++cut;
    old.disk.power_cut();
    old.disk.power_on();
    const auto all = read_all(old.place);
    ASSERT_TRUE(all) << all.error().message;
    EXPECT_EQ(all->rows.size(), 2U);
    EXPECT_EQ(all->changes.size(), 3U);
    ASSERT_LT(n, 1000);
  }
  EXPECT_GT(cut, 20);
}

TEST(Migrations, ThereIsAFixtureOfEveryOlderVersion) {
  for (std::size_t version = 1; version < kSchemaVersion; ++version) {
    const std::string text = fixture("v" + std::to_string(version) + ".sql");
    EXPECT_NE(text.find("PRAGMA user_version=" + std::to_string(version) + ";"), std::string::npos);
  }
}

}  // namespace
}  // namespace controller
