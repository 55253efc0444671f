// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/harness/run_folders.hpp"
#include "agentd/harness/walk.hpp"
#include "api/codec/json.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "tests/unit/agentd/bfcl_run.hpp"
#include "wire/pki.hpp"

namespace agentd {
namespace {

using tests::answer;
using tests::broken_answer;
using tests::Folder;
using tests::result_file;

api::RunWanted wanted_attempt(std::int64_t attempt, const std::string& builtin = "bfcl") {
  api::RunWanted wanted;
  wanted.uid = "u1";
  wanted.attempt = attempt;
  wanted.parser.builtin = builtin;
  return wanted;
}

TEST(FileRunFolders, ARecordComesBack) {
  Folder folder;
  FileRunFolders folders;
  const std::string run = folder.at("runs/a-1");
  auto record = folders.open(run);
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(record->attempt, 0);
  RunRecord full;
  full.attempt = 3;
  full.next_step = 1;
  full.ended = true;
  full.exit_code = 137;
  full.reason = "Killed";
  full.message = "it was killed";
  full.samples_bytes = 0;
  full.samples_inode = 0xFFFF'FFFF'FFFF'FFFFULL;
  ASSERT_TRUE(folders.save(run, full));
  const auto back = FileRunFolders().open(run);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->attempt, 3);
  EXPECT_EQ(back->next_step, 1);
  EXPECT_TRUE(back->ended);
  EXPECT_EQ(back->exit_code, 137);
  EXPECT_EQ(back->reason, "Killed");
  EXPECT_EQ(back->message, "it was killed");
  EXPECT_EQ(back->samples_inode, full.samples_inode);
}

TEST(FileRunFolders, ABrokenRecordIsAnErrorThatNamesIt) {
  for (const char* text : {"", "{", "[]", "{\"schema\":2}"}) {
    SCOPED_TRACE(text);
    Folder folder;
    folder.put(".orch/record.json", text);
    const auto record = FileRunFolders().open(folder.path());
    ASSERT_FALSE(record);
    EXPECT_NE(record.error().message.find("record.json"), std::string::npos);
  }
}

TEST(FileRunFolders, ProgressIsWrittenOnAChangeAndItsRevisionRises) {
  Folder folder;
  FileRunFolders folders;
  RunRecord record = *folders.open(folder.path());
  record.attempt = 1;
  ASSERT_TRUE(folders.save(folder.path(), record));
  const auto read = [&] { return *api::parse_json(base::trimmed(folder.get("progress.json"))); };
  EXPECT_EQ(read().integer_at("schema"), 1);
  EXPECT_EQ(read().integer_at("revision"), 1);
  EXPECT_EQ(read().integer_at("done"), 0);
  ASSERT_TRUE(folders.save(folder.path(), record));
  EXPECT_EQ(read().integer_at("revision"), 1) << "nothing changed";

  api::Sample sample;
  sample.task = "a";
  sample.outcome = api::Outcome::fail;
  ASSERT_TRUE(folders.append(folder.path(), {sample}, record));
  ASSERT_TRUE(folders.save(folder.path(), record));
  EXPECT_EQ(read().integer_at("done"), 1);
  EXPECT_EQ(read().integer_at("failed"), 1);
  EXPECT_EQ(read().integer_at("revision"), 2);

  FileRunFolders next_agent;
  record.attempt = 2;
  ASSERT_TRUE(next_agent.save(folder.path(), record));
  EXPECT_EQ(read().integer_at("revision"), 3);
  EXPECT_EQ(read().integer_at("failed"), 1) << "the counts come from the file";
}

TEST(FileRunFolders, WhatAnAttemptLeftIsKeptOnceAndCannotBeChanged) {
  Folder folder;
  FileRunFolders folders;
  ASSERT_TRUE(folders.open(folder.path()));
  const std::string left = answer("m_0") + broken_answer("m_1") + R"({"id":"m_2")";
  folder.put(result_file("multiple"), left);
  ASSERT_EQ(::symlink("/etc/passwd", folder.at("out/link").c_str()), 0);
  ASSERT_EQ(::mkfifo(folder.at("out/pipe").c_str(), 0600), 0);
  ASSERT_TRUE(folders.prepare(folder.path(), wanted_attempt(2), {"m_0", "m_9"}));

  const std::string kept = "attempts/1" + result_file("multiple").substr(3);
  EXPECT_EQ(folder.get(kept), left);
  EXPECT_EQ(folder.get("attempts/1.sha256"),
            wire::sha256_hex(left) + "  1" + result_file("multiple").substr(3) + "\n");
  EXPECT_TRUE(base::facts_of(folder.at("attempts/1/link"))->link);
  EXPECT_FALSE(folder.has("attempts/1/pipe"));
  EXPECT_EQ(folder.get(result_file("multiple")), answer("m_0"));
  EXPECT_EQ(folder.get(".orch/scored.txt"), "m_0\nm_9\n");
  struct stat facts {};
  ASSERT_EQ(::stat(folder.at(kept).c_str(), &facts), 0);
  EXPECT_EQ(facts.st_nlink, 1U);

  folder.put(result_file("multiple"), "appended\n");
  ASSERT_TRUE(folders.prepare(folder.path(), wanted_attempt(2), {}));
  EXPECT_EQ(folder.get(kept), left);
  ASSERT_TRUE(folders.prepare(folder.path(), wanted_attempt(3), {}));
  EXPECT_EQ(folder.get(kept), left);
}

TEST(FileRunFolders, ACopyThatWasCutOffIsMadeAnew) {
  Folder folder;
  FileRunFolders folders;
  ASSERT_TRUE(folders.open(folder.path()));
  folder.put("out/a", "whole");
  folder.put("attempts/.part-1/a", "wh");
  folder.put("attempts/.part-1/old/b", "gone by now");
  ASSERT_TRUE(folders.prepare(folder.path(), wanted_attempt(2, "jsonl"), {}));
  EXPECT_EQ(folder.get("attempts/1/a"), "whole");
  EXPECT_FALSE(folder.has("attempts/1/old"));
  EXPECT_FALSE(folder.has("attempts/.part-1"));
}

TEST(FileRunFolders, TheFirstAttemptCopiesNothing) {
  Folder folder;
  FileRunFolders folders;
  ASSERT_TRUE(folders.open(folder.path()));
  ASSERT_TRUE(folders.prepare(folder.path(), wanted_attempt(1), {}));
  EXPECT_TRUE(base::list_folder(folder.at("attempts"))->empty());
}

TEST(FileRunFolders, ALinkInTheHarnesssFolderIsNeverFollowed) {
  for (const char* name : {"out/score", "out"}) {
    SCOPED_TRACE(name);
    Folder folder, elsewhere;
    elsewhere.put("precious", "kept");
    elsewhere.put("score/precious", "kept");
    FileRunFolders folders;
    ASSERT_TRUE(folders.open(folder.path()));
    (void)::rmdir(folder.at(name).c_str());
    ASSERT_EQ(::symlink(elsewhere.path().c_str(), folder.at(name).c_str()), 0);
    EXPECT_FALSE(folders.prepare(folder.path(), wanted_attempt(2), {}));
    EXPECT_EQ(elsewhere.get("precious"), "kept");
    EXPECT_EQ(elsewhere.get("score/precious"), "kept");
  }
}

TEST(FileRunFolders, TheStampFollowsTheHarnesssFilesOnly) {
  Folder folder;
  FileRunFolders folders;
  RunRecord record = *folders.open(folder.path());
  const auto stamp = [&] { return *folders.stamp(folder.path()); };
  const auto first = stamp();
  ASSERT_TRUE(folders.save(folder.path(), record));
  folder.put("log", "line\n");
  folder.put("samples.jsonl", "");
  folder.put(".parser/1.out", "x");
  EXPECT_EQ(stamp(), first);
  folder.put("out/a", "x");
  const auto second = stamp();
  EXPECT_NE(second, first);
  EXPECT_EQ(stamp(), second);
  folder.put("out/a", "xy");
  EXPECT_NE(stamp(), second);
}

TEST(FileRunFolders, ATornLineOfAHarnessThatAppendsIsEnded) {
  Folder folder;
  FileRunFolders folders;
  ASSERT_TRUE(folders.open(folder.path()));
  folder.put("out/samples.jsonl", "{\"task\":\"a\"");
  ASSERT_TRUE(folders.prepare(folder.path(), wanted_attempt(2, "jsonl"), {}));
  EXPECT_EQ(folder.get("out/samples.jsonl"), "{\"task\":\"a\"\n");
  ASSERT_TRUE(folders.prepare(folder.path(), wanted_attempt(2, "jsonl"), {}));
  EXPECT_EQ(folder.get("out/samples.jsonl"), "{\"task\":\"a\"\n");
}

}  // namespace
}  // namespace agentd
