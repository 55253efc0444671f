// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <functional>
#include <span>

#include <sys/stat.h>

#include "base/file.hpp"
#include "tests/sim/disk/sql.hpp"
#include "tests/unit/store/support.hpp"

namespace controller {
namespace {

namespace fs = std::filesystem;

/// A file as a crash leaves it, taken while the store runs.
void take(const std::string& from, const std::string& to) {
  const auto bytes = base::read_file(from);
  ASSERT_TRUE(bytes) << bytes.error().message;
  ASSERT_TRUE(base::write_file(to, *bytes, 0600));
}

void flip(const std::string& file, std::size_t at) {
  auto bytes = *base::read_file(file);
  bytes.at(at) = static_cast<char>(bytes.at(at) ^ 0x10);
  ASSERT_TRUE(base::write_file(file, bytes, 0600));
}

void sql(const Folder& folder, const std::string& text) {
  const auto done = sim::run_sql(folder.in("state.db"), "", text, sim::Access::write);
  ASSERT_TRUE(done) << done.error().message;
}

/// A store that ended well, with several pages of objects.
void fill(const StorePlace& place, const std::string& cluster) {
  ASSERT_TRUE(create_store(place, cluster));
  const auto store = loaded(place);
  for (std::int64_t i = 1; i <= 20; ++i)
    ASSERT_FALSE(store->commit(put(i, "m" + std::to_string(i), std::string(900, 'x'))));
}

/// Leaves in `folder` what a kill -9 leaves: the file and a log of `rounds` commits.
void fill_and_crash(const Folder& folder, const std::string& cluster, int rounds) {
  Folder running;
  fill(running.store(), cluster);
  const auto store = loaded(running.store());
  for (int i = 1; i <= rounds; ++i)
    ASSERT_FALSE(store->commit(put(100 + i, "late" + std::to_string(i), "{}")));
  for (const char* suffix : {"", "-wal", ".incarnation"})
    take(running.in("state.db") + suffix, folder.in("state.db") + suffix);
}

/// What somebody did to a good store, and how it must be refused.
struct Case {
  const char* what;
  std::function<void(Folder&)> damage;
  base::Exit exit;
  const char* reason;
  const char* way_out;
};

const Case kFile[] = {
    {"absent", [](Folder& f) { fs::remove(f.in("state.db")); }, base::Exit::bad_state, "absent",
     "init"},
    {"0 bytes", [](Folder& f) { fs::resize_file(f.in("state.db"), 0); }, base::Exit::bad_state,
     "it is empty", "restore"},
    {"text", [](Folder& f) { ASSERT_TRUE(base::write_file(f.in("state.db"), "hello\n", 0600)); },
     base::Exit::bad_state, "not a database", "restore"},
    {"a long text",
     [](Folder& f) {
       ASSERT_TRUE(base::write_file(f.in("state.db"), std::string(99'999, 'x'), 0600));
     },
     base::Exit::bad_state, "not a database", "restore"},
    {"a folder",
     [](Folder& f) {
       fs::remove(f.in("state.db"));
       fs::create_directory(f.in("state.db"));
       fs::permissions(f.in("state.db"), fs::perms(0700));
     },
     base::Exit::bad_state, "folder", "restore"},
    {"half of it", [](Folder& f) { fs::resize_file(f.in("state.db"), 20'000); },
     base::Exit::bad_state, "malformed", "restore"},
    {"the last page is missing",
     [](Folder& f) { fs::resize_file(f.in("state.db"), fs::file_size(f.in("state.db")) - 4096); },
     base::Exit::bad_state, "malformed", "restore"},
    {"mode 0666", [](Folder& f) { ::chmod(f.in("state.db").c_str(), 0666); },
     base::Exit::not_allowed, "open to others", "chmod 600"},
    {"a symbolic link",
     [](Folder& f) {
       fs::rename(f.in("state.db"), f.in("real.db"));
       fs::create_symlink("real.db", f.in("state.db"));
     },
     base::Exit::not_allowed, "symbolic link", "name the place"},
};

const Case kByHand[] = {
    {"a database of somebody else", [](Folder& f) { sql(f, "PRAGMA application_id=1"); },
     base::Exit::bad_state, "no store of orch", "restore"},
    {"a newer version", [](Folder& f) { sql(f, "PRAGMA user_version=99"); }, base::Exit::bad_state,
     "a newer orch wrote it (version 99", "run that orch"},
    {"no version", [](Folder& f) { sql(f, "PRAGMA user_version=0"); }, base::Exit::bad_state,
     "version is 0", "restore"},
    {"an older version than its tables are", [](Folder& f) { sql(f, "PRAGMA user_version=1"); },
     base::Exit::bad_state, "already exists", "restore"},
    {"another journal mode", [](Folder& f) { sql(f, "PRAGMA journal_mode=DELETE"); },
     base::Exit::bad_state, "journal mode is delete", "restore"},
    {"no head", [](Folder& f) { sql(f, "DELETE FROM head"); }, base::Exit::bad_state,
     "does not say its revision", "restore"},
    {"no identity", [](Folder& f) { sql(f, "DELETE FROM identity"); }, base::Exit::bad_state,
     "which cluster", "restore"},
    {"another cluster", [](Folder& f) { sql(f, "UPDATE identity SET cluster = 'x'"); },
     base::Exit::bad_state, "sum of its head", "restore"},
    {"a revision that was set by hand", [](Folder& f) { sql(f, "UPDATE head SET revision = 1"); },
     base::Exit::bad_state, "sum of its head", "restore"},
    {"an object that was edited by hand",
     [](Folder& f) { sql(f, "UPDATE object SET body = '{}' WHERE name = 'm3'"); },
     base::Exit::bad_state, "object Model/m3 is not as written", "restore"},
    {"an older state, put here by hand",
     [](Folder& f) {
       Folder other;
       fill(other.store(), kCluster);
       { ASSERT_TRUE(loaded(other.store())->snapshot(other.in("copy.db"))); }
       ASSERT_TRUE(restore_store(other.in("copy.db"), other.store()));
       take(other.in("state.db.incarnation"), f.in("state.db.incarnation"));
     },
     base::Exit::bad_state, "there was a 2 here already", "restore"},
    {"an interrupted restore",
     [](Folder& f) { fs::rename(f.in("state.db"), f.in("state.db.replaced")); },
     base::Exit::bad_state, "interrupted", "run `restore FILE` again"},
};

const Case kBeside[] = {
    {"a log of another cluster's store",
     [](Folder& f) {
       Folder other;
       fill_and_crash(other, "another-cluster", 5);
       take(other.in("state.db-wal"), f.in("state.db-wal"));
     },
     base::Exit::bad_state, "belongs to another store", "move the log away"},
    {"a log of another store of the same cluster",
     [](Folder& f) {
       Folder other;
       fill_and_crash(other, kCluster, 5);
       take(other.in("state.db-wal"), f.in("state.db-wal"));
     },
     base::Exit::bad_state, "belongs to another store", "move the log away"},
    {"a rollback journal",
     [](Folder& f) { ASSERT_TRUE(base::write_file(f.in("state.db-journal"), "x", 0600)); },
     base::Exit::bad_state, "rollback journal", "restore"},
    {"a flipped bit in the middle of the log",
     [](Folder& f) {
       fill_and_crash(f, kCluster, 8);
       flip(f.in("state.db-wal"), 32 + 2 * 4120 + 1000);
     },
     base::Exit::bad_state, "write-ahead log", "restore"},
    {"a flipped bit in the header of the log",
     [](Folder& f) {
       fill_and_crash(f, kCluster, 8);
       flip(f.in("state.db-wal"), 13);
     },
     base::Exit::bad_state, "damaged at its header", "restore"},
    {"a log that others may write",
     [](Folder& f) {
       fill_and_crash(f, kCluster, 2);
       ::chmod(f.in("state.db-wal").c_str(), 0622);
     },
     base::Exit::not_allowed, "open to others", "chmod 600"},
};

void expect_refusal(const Case& c) {
  Folder folder;
  fill(folder.store(), kCluster);
  c.damage(folder);
  const auto before = folder.files();
  const auto all = read_all(folder.store());
  ASSERT_FALSE(all);
  EXPECT_EQ(exit_of_store(all.error()), c.exit) << all.error().message;
  EXPECT_NE(all.error().message.find(c.reason), std::string::npos) << all.error().message;
  EXPECT_NE(all.error().message.find(c.way_out), std::string::npos) << all.error().message;
  EXPECT_EQ(folder.files(), before);
}

TEST(Damage, EveryUnusableStateIsRefusedWithAReasonAndAWayOutAndLeftAsItIs) {
  for (const auto& cases : {std::span<const Case>(kFile), std::span<const Case>(kByHand),
                            std::span<const Case>(kBeside)}) {
    for (const auto& c : cases) {
      SCOPED_TRACE(c.what);
      expect_refusal(c);
    }
  }
}

TEST(Damage, AnUntouchedStoreAfterACrashOpens) {
  Folder folder;
  fill_and_crash(folder, kCluster, 8);
  const auto all = read_all(folder.store());
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->rows.size(), 28U);
}

}  // namespace
}  // namespace controller
