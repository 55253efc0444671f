// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

#include "controller/store/opening.hpp"
#include "tests/sim/disk/sql.hpp"
#include "tests/unit/store/support.hpp"

namespace controller {
namespace {

class Settings : public ::testing::Test {
 protected:
  Settings() { EXPECT_TRUE(create_store(place, kCluster)); }
  Folder folder;
  StorePlace place = folder.store();
};

TEST_F(Settings, EveryOneHoldsOnAnOpenStore) {
  auto opened = open_existing(place);
  ASSERT_TRUE(opened) << opened.error().message;
  for (const auto& setting : kSettings) {
    SCOPED_TRACE(setting.read);
    EXPECT_EQ(*opened->database.value(setting.read), setting.wanted);
  }
  EXPECT_EQ(*opened->database.value("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(*opened->database.value("PRAGMA locking_mode"), "exclusive");
  EXPECT_EQ(*opened->database.value("PRAGMA application_id"), "1869767528");
  EXPECT_EQ(*opened->database.value("PRAGMA user_version"), std::to_string(kSchemaVersion));
  EXPECT_FALSE(std::filesystem::exists(place.path + "-shm"));
}

TEST_F(Settings, WhatAStoreNeverNeedsIsRefused) {
  auto opened = open_existing(place);
  ASSERT_TRUE(opened);
  const struct {
    const char* what;
    const char* sql;
  } cases[] = {
      {"other files", "ATTACH ':memory:' AS other"},
      {"extensions", "SELECT load_extension('x')"},
      {"a written schema", "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = ''"},
      {"double quotes for text", "SELECT \"text\""},
      {"a long statement", nullptr},
      {"deep expressions", nullptr},
  };
  std::string deep = "SELECT 1";
  for (int i = 0; i < 100; ++i)
    deep += "+(1";
  deep += std::string(100, ')');
  const std::string wide = "SELECT '" + std::string(70'000, 'x') + "'";
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const char* sql = c.sql;
    if (sql == nullptr)
      sql = std::string_view(c.what) == "a long statement" ? wide.c_str() : deep.c_str();
    EXPECT_NE(opened->database.script(sql), Fault::none);
  }
}

TEST_F(Settings, EveryTableIsStrict) {
  const auto rows = sim::run_sql(place.path, "",
                                 "SELECT name, strict FROM pragma_table_list WHERE type = 'table' "
                                 "AND name NOT LIKE 'sqlite_%' ORDER BY name",
                                 sim::Access::read);
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(*rows, (std::vector<std::string>{"change|1", "change_floor|1", "head|1", "identity|1",
                                             "object|1", "sample|1"}));
}

TEST_F(Settings, ASecondOpenerIsRefusedAndTheFirstGoesOn) {
  const auto first = loaded(place);
  ASSERT_TRUE(first);
  const auto second = SqliteStore::open(place);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, base::Code::unavailable);
  EXPECT_EQ(exit_of_store(second.error()), base::Exit::busy);
  EXPECT_NE(second.error().message.find("another process has it open"), std::string::npos);
  const auto person = sim::run_sql(place.path, "", "SELECT * FROM object", sim::Access::read);
  ASSERT_FALSE(person);
  EXPECT_NE(person.error().message.find("locked"), std::string::npos);
  EXPECT_FALSE(first->commit(put(1, "a", "{}")));
}

TEST_F(Settings, ASecondOpenerOnTheSimulatedDiskIsRefusedToo) {
  sim::CrashDisk disk("second-opener", 1);
  ASSERT_TRUE(create_store(place_on(disk), kCluster));
  const auto first = loaded(place_on(disk));
  ASSERT_TRUE(first);
  EXPECT_EQ(SqliteStore::open(place_on(disk)).error().code, base::Code::unavailable);
}

/// Closes standard input for a while, as a careless supervisor would.
class NoStandardInput {
 public:
  NoStandardInput() : kept_(::dup(0)) { ::close(0); }
  NoStandardInput(const NoStandardInput&) = delete;
  NoStandardInput& operator=(const NoStandardInput&) = delete;
  ~NoStandardInput() {
    ::dup2(kept_, 0);
    ::close(kept_);
  }

 private:
  int kept_;
};

TEST_F(Settings, ItsDescriptorsAreAboveTheStandardOnesAndEndAtExec) {
  if (!std::filesystem::exists("/proc/self/fd")) GTEST_SKIP() << "no /proc here";
  const NoStandardInput closed;
  const auto store = loaded(place);
  ASSERT_TRUE(store);
  int seen = 0;
  for (int fd = 0; fd < 256; ++fd) {
    std::error_code none;
    const auto target = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), none);
    if (target.string().find(place.path) != 0) continue;
    SCOPED_TRACE(target.string());
    ++seen;
    EXPECT_GT(fd, 2);
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_EQ(seen, 2);  // the file and its log
}

TEST_F(Settings, ItsFilesAreOursAlone) {
  const auto store = loaded(place);
  for (const auto& [name, facts] : folder.files()) {
    SCOPED_TRACE(name);
    EXPECT_EQ(facts.substr(0, 4), "600 ");
  }
}

}  // namespace
}  // namespace controller
