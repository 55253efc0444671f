// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <optional>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.hpp"
#include "tests/sim/disk/sql.hpp"
#include "tests/unit/store/support.hpp"

namespace controller {
namespace {

class Copies : public ::testing::Test {
 protected:
  Copies() { EXPECT_TRUE(create_store(place, kCluster)); }
  Round lab() const {
    Round round;
    round.revision = 5;
    round.puts = {
        object("Machine", "box1", 1,
               R"({"spec":{"class":"bench-host","memory":"96G","roles":["model-server"]},)"
               R"("status":{"conditions":[{"type":"Draining","status":"False"},)"
               R"({"type":"Ready","status":"True"}]}})"),
        object("Machine", "box2", 1, R"({"spec":{"class":"mac"}})"),
        object("Claim", "box1", 2, R"({"spec":{"deployment":"smol"}})"),
        object("Model", "smol", 3,
               R"({"spec":{"family":"smol","minMemory":"1G","source":{"file":"/w/smol.gguf"}}})"),
        object("Bench", "bfcl", 4, R"({"spec":{"harness":"bfcl-eval","timeout":"1h"}})"),
        object("BenchRun", "run-1", 5,
               R"({"spec":{"bench":"bfcl","model":"smol"},"status":{"phase":"Running",)"
               R"("progress":{"total":24,"done":3}}})")};
    round.changes = {change(5, "smol")};
    round.samples = {sample("r", "t", true)};
    return round;
  }
  /// What the sqlite3 program that people have says to it; nothing where there is none.
  std::optional<std::string> ask_cli(const std::string& file, const char* sql) const {
    const std::string out = folder.in("answer");
    const char* words[] = {"sqlite3", "-readonly", file.c_str(), sql, nullptr};
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    pid_t pid = 0;
    const int failed =
        ::posix_spawnp(&pid, words[0], &files, nullptr, const_cast<char**>(words), environ);
    ::posix_spawn_file_actions_destroy(&files);
    if (failed != 0) return std::nullopt;
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0);
    return *base::read_file(out);
  }
  std::vector<std::string> ask(const std::string& file, const std::string& sql) const {
    const auto rows = sim::run_sql(file, "", sql, sim::Access::read);
    EXPECT_TRUE(rows) << rows.error().message;
    return rows ? *rows : std::vector<std::string>();
  }

  Folder folder;
  StorePlace place = folder.store();
};

TEST_F(Copies, ASnapshotOfARunningStoreHasTheViews) {
  const auto store = loaded(place);
  ASSERT_FALSE(store->commit(lab()));
  const std::string copy = folder.in("copy.db");
  const auto made = store->snapshot(copy);
  ASSERT_TRUE(made) << made.error().message;
  const struct {
    const char* sql;
    std::vector<std::string> rows;
  } cases[] = {
      {"SELECT name, class, memory, ready, holder FROM machine ORDER BY name",
       {"box1|bench-host|96G|True|smol", "box2|mac|||"}},
      {"SELECT name, family, source, min_memory, nodes FROM model", {"smol|smol|/w/smol.gguf|1G|"}},
      {"SELECT name, harness, timeout FROM bench", {"bfcl|bfcl-eval|1h"}},
      {"SELECT name, bench, model, phase, total, done, score FROM job",
       {"run-1|bfcl|smol|Running|24|3|"}},
      {"SELECT count(*) FROM change", {"1"}},
      {"SELECT count(*) FROM sample", {"1"}},
      {"PRAGMA integrity_check", {"ok"}},
      {"PRAGMA journal_mode", {"delete"}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.sql);
    EXPECT_EQ(ask(copy, c.sql), c.rows);
  }
  // The store goes on, and the copy does not follow it.
  EXPECT_FALSE(store->commit(put(6, "later", "{}")));
  EXPECT_EQ(ask(copy, "SELECT count(*) FROM model"), std::vector<std::string>{"1"});
}

TEST_F(Copies, ASnapshotOpensInTheSqliteProgramFromAFolderThatCanNotBeWritten) {
  if (!ask_cli(":memory:", "SELECT 1")) GTEST_SKIP() << "no sqlite3 program here";
  const auto store = loaded(place);
  ASSERT_FALSE(store->commit(lab()));
  const std::string safe = folder.in("safe");
  ASSERT_TRUE(base::make_folder(safe));
  ASSERT_TRUE(store->snapshot(safe + "/copy.db"));
  std::filesystem::permissions(safe, std::filesystem::perms(0500));
  EXPECT_EQ(ask_cli(safe + "/copy.db", "SELECT name, ready FROM machine ORDER BY name"),
            "box1|True\nbox2|\n");
  EXPECT_EQ(base::list_folder(safe)->size(), 1U);
  std::filesystem::permissions(safe, std::filesystem::perms(0700));
}

TEST_F(Copies, ASnapshotIsPrivateAndLeavesNothingElse) {
  const auto store = loaded(place);
  ASSERT_TRUE(store->snapshot(folder.in("copy.db")));
  const auto files = folder.files();
  EXPECT_EQ(files.at("copy.db").substr(0, 4), "600 ");
  EXPECT_EQ(files.size(), 4U);  // the store, its log, its incarnation, the copy
}

TEST_F(Copies, ASnapshotNeverReplacesAFile) {
  const auto store = loaded(place);
  ASSERT_TRUE(base::write_file(folder.in("thesis.txt"), "years of work"));
  for (const std::string& name : {folder.in("thesis.txt"), place.path}) {
    SCOPED_TRACE(name);
    const auto made = store->snapshot(name);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, base::Code::conflict);
  }
  EXPECT_EQ(*base::read_file(folder.in("thesis.txt")), "years of work");
  EXPECT_FALSE(store->snapshot(folder.in("no-such-folder/copy.db")));
  EXPECT_FALSE(store->commit(put(1, "a", "{}")));
}

TEST_F(Copies, MakingAStoreWhereOneIsOrWasIsRefusedAndChangesNothing) {
  { ASSERT_FALSE(loaded(place)->commit(lab())); }
  const auto before = folder.files();
  const auto again = create_store(place, "another-cluster");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, base::Code::conflict);
  EXPECT_EQ(exit_of_store(again.error()), base::Exit::bad_state);
  EXPECT_EQ(folder.files(), before);
  // The store itself is lost, and what lies beside it says that there was one.
  std::filesystem::remove(place.path);
  EXPECT_EQ(create_store(place, kCluster).error().code, base::Code::conflict);
}

TEST_F(Copies, TheRemainsOfAnInterruptedMakingAreNoStore) {
  Folder other;
  ASSERT_TRUE(base::write_file(other.in("state.db.making"), "half"));
  EXPECT_EQ(SqliteStore::open(other.store()).error().code, base::Code::not_found);
  ASSERT_TRUE(create_store(other.store(), kCluster));
  EXPECT_TRUE(loaded(other.store()));
  EXPECT_FALSE(std::filesystem::exists(other.in("state.db.making")));
}

TEST_F(Copies, ARestoreBringsTheSnapshotBackAboveEveryOldFence) {
  const std::string copy = folder.in("copy.db");
  api::Term before;
  {
    const auto store = loaded(place);
    ASSERT_FALSE(store->commit(lab()));
    ASSERT_TRUE(store->snapshot(copy));
    ASSERT_FALSE(store->commit(put(900, "lost", "{}")));
  }
  for (std::int64_t incarnation = 2; incarnation <= 4; ++incarnation) {
    SCOPED_TRACE(incarnation);
    const auto done = restore_store(copy, place);
    ASSERT_TRUE(done) << done.error().message;
    auto store = SqliteStore::open(place);
    ASSERT_TRUE(store) << store.error().message;
    const auto all = (*store)->load();
    ASSERT_TRUE(all) << all.error().message;
    EXPECT_EQ(all->term.incarnation, incarnation);
    EXPECT_GT(all->term, before);
    EXPECT_GT(all->revision, 900);
    EXPECT_EQ(all->cluster, kCluster);
    EXPECT_EQ(all->rows.size(), 6U);
    EXPECT_EQ((*store)->samples("r")->size(), 1U);
    EXPECT_TRUE((*store)->check());
    EXPECT_FALSE((*store)->commit(put(all->revision + 1, "after", "{}")));
    before = all->term;
  }
  EXPECT_TRUE(std::filesystem::exists(place.path + ".replaced"));
  // A store has no views, and a snapshot of a restored store has them.
  {
    const auto store = loaded(place);
    ASSERT_TRUE(store->snapshot(folder.in("second.db")));
  }
  EXPECT_EQ(ask(place.path, "SELECT count(*) FROM sqlite_schema WHERE type = 'view'"),
            std::vector<std::string>{"0"});
  EXPECT_EQ(ask(folder.in("second.db"), "SELECT count(*) FROM machine"),
            std::vector<std::string>{"2"});
}

TEST_F(Copies, TheIncarnationRisesEvenWhenTheOldStoreIsGoneOrBroken) {
  const std::string copy = folder.in("copy.db");
  { ASSERT_TRUE(loaded(place)->snapshot(copy)); }
  ASSERT_TRUE(restore_store(copy, place));  // 2
  ASSERT_TRUE(base::write_file(place.path, "not a database", 0600));
  ASSERT_TRUE(restore_store(copy, place));  // 3
  std::filesystem::remove(place.path);
  ASSERT_TRUE(restore_store(copy, place));  // 4
  EXPECT_EQ(SqliteStore::open(place).operator*()->load()->term.incarnation, 4);
}

TEST_F(Copies, ARestoreThatCanNotBeDoneChangesNothing) {
  const std::string copy = folder.in("copy.db");
  { ASSERT_TRUE(loaded(place)->snapshot(copy)); }
  Folder other;
  ASSERT_TRUE(create_store(other.store(), "another-cluster"));
  { ASSERT_TRUE(loaded(other.store())->snapshot(other.in("foreign.db"))); }
  ASSERT_TRUE(base::write_file(folder.in("text"), "hello", 0600));
  ASSERT_TRUE(base::write_file(folder.in("empty"), "", 0600));
  std::string damaged = *base::read_file(copy);
  damaged[5 * 4096 + 3] = '\x7f';
  ASSERT_TRUE(base::write_file(folder.in("damaged"), damaged, 0600));
  const auto before = folder.files();
  for (const std::string& name : {folder.in("absent"), folder.in("text"), folder.in("empty"),
                                  folder.in("damaged"), other.in("foreign.db"), folder.path()}) {
    SCOPED_TRACE(name);
    const auto done = restore_store(name, place);
    ASSERT_FALSE(done);
    EXPECT_NE(exit_of_store(done.error()), base::Exit::done);
    EXPECT_EQ(folder.files(), before);
  }
  const auto open = loaded(place);
  const auto done = restore_store(copy, place);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, base::Code::unavailable);
}

TEST_F(Copies, ASnapshotAndARestoreWorkOnTheSimulatedDiskToo) {
  sim::CrashDisk disk("copies", 1);
  const auto there = place_on(disk);
  ASSERT_TRUE(create_store(there, kCluster));
  {
    const auto store = loaded(there);
    ASSERT_FALSE(store->commit(lab()));
    ASSERT_TRUE(store->snapshot("copy.db"));
  }
  ASSERT_TRUE(restore_store("copy.db", there));
  auto store = SqliteStore::open(there);
  ASSERT_TRUE(store) << store.error().message;
  const auto all = (*store)->load();
  EXPECT_EQ(all->term.incarnation, 2);
  EXPECT_EQ(all->rows.size(), 6U);
}

TEST_F(Copies, RoundsBetweenTheStepsOfASnapshotAreInIt) {
  const auto store = loaded(place);
  Round first;
  first.revision = 1;
  for (int i = 0; i < 200; ++i)
    first.puts.push_back(object("Model", "m" + std::to_string(i), 1, std::string(2000, 'x')));
  ASSERT_FALSE(store->commit(first));
  auto copying = store->begin_snapshot(folder.in("copy.db"));
  ASSERT_TRUE(copying) << copying.error().message;
  std::int64_t revision = 1;
  int steps = 0;
  for (;; ++steps) {
    const auto rest = copying->step(3);
    ASSERT_TRUE(rest) << rest.error().message;
    if (*rest == Backup::Rest::none) break;
    ++revision;
    // Of the beginning and of the end, of what is copied and of what is not.
    auto round = put(revision, "m" + std::to_string(revision * 37 % 200), std::string(1500, 'y'));
    round.removals = {{"Model", "m" + std::to_string(revision * 91 % 200)}};
    if (round.removals.front().second == round.puts.front().name) round.removals.clear();
    ASSERT_FALSE(store->commit(round));
    ASSERT_FALSE(store->idle());
  }
  EXPECT_GT(steps, 20);
  const auto copied = copying->finish();
  ASSERT_TRUE(copied) << copied.error().message;
  const auto head = ask(folder.in("copy.db"), "SELECT revision FROM head");
  EXPECT_EQ(head, std::vector<std::string>{std::to_string(revision)});
  const auto sql = "SELECT name, revision, body FROM object ORDER BY name";
  const auto in_copy = ask(folder.in("copy.db"), sql);
  ASSERT_FALSE(store->commit(put(revision + 1, "later", "{}")));
  Folder other;
  ASSERT_TRUE(store->snapshot(other.in("all.db")));
  auto in_store = ask(other.in("all.db"), sql);
  std::erase_if(in_store, [](const std::string& row) { return row.starts_with("later|"); });
  EXPECT_EQ(in_copy, in_store);
}

TEST_F(Copies, ASnapshotThatIsGivenUpOrDroppedLeavesNothing) {
  const auto store = loaded(place);
  ASSERT_FALSE(store->commit(lab()));
  const auto before = folder.files();
  {
    auto dropped = store->begin_snapshot(folder.in("copy.db"));
    ASSERT_TRUE(dropped);
    ASSERT_TRUE(dropped->step(1));
  }
  {
    auto given_up = store->begin_snapshot(folder.in("copy.db"));
    ASSERT_TRUE(given_up);
    while (*given_up->step(10) == Backup::Rest::more) {
    }
    given_up->give_up();
    EXPECT_FALSE(given_up->finish());
  }
  EXPECT_EQ(folder.files(), before);
  ASSERT_FALSE(store->commit(put(6, "a", "{}")));
  EXPECT_TRUE(store->snapshot(folder.in("copy.db")));
}

}  // namespace
}  // namespace controller
