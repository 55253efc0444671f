// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cstdio>

#include "agentd/harness/run_folders.hpp"
#include "agentd/harness/samples_file.hpp"
#include "base/file.hpp"
#include "tests/unit/agentd/bfcl_run.hpp"

namespace agentd {
namespace {

using tests::Folder;
using tests::outcomes;

api::Sample sample(const std::string& task, api::Outcome outcome = api::Outcome::pass) {
  api::Sample out;
  out.run = "u1";
  out.attempt = 1;
  out.task = task;
  out.outcome = outcome;
  out.score = outcome == api::Outcome::pass ? 1 : 0;
  return out;
}

TEST(SamplesFile, WhatWasAppendedIsReadBack) {
  Folder folder;
  api::Sample full = sample("a");
  full.category = "c";
  full.tokens_in = 5;
  full.tokens_out = 0;
  full.wall_seconds = 1.5;
  full.finished = {base::Instant{1'700'000'000'000}};
  RunRecord record;
  const std::vector<api::Sample> first{full, sample("b", api::Outcome::error)};
  ASSERT_TRUE(append_samples(folder.at("samples.jsonl"), first, record));
  ASSERT_TRUE(append_samples(folder.at("samples.jsonl"), {sample("c")}, record));
  const auto facts = base::facts_of(folder.at("samples.jsonl"));
  EXPECT_EQ(record.samples_bytes, facts->size);
  EXPECT_EQ(record.samples_inode, facts->inode);
  const auto all = read_samples(folder.at("samples.jsonl"), record);
  ASSERT_TRUE(all);
  EXPECT_EQ(*all, (std::vector<api::Sample>{full, first[1], sample("c")}));
}

TEST(SamplesFile, TextOfAHarnessIsCutAndCleaned) {
  Folder folder;
  api::Sample dirty = sample("a");
  dirty.message = std::string("\x1b[31m\0\xff", 7) + std::string(5000, 'x');
  RunRecord record;
  ASSERT_TRUE(append_samples(folder.at("s"), {dirty}, record));
  const auto all = read_samples(folder.at("s"), record);
  ASSERT_TRUE(all && all->size() == 1);
  EXPECT_LE((*all)[0].message.size(), 1024U + 3U);
  EXPECT_EQ(folder.get("s").find('\0'), std::string::npos);
}

TEST(SamplesFile, ATearAnywhereLosesAtMostTheLineThatWasTorn) {
  const Folder folder(tests::kInMemory);
  const std::string path = folder.at("s");
  RunRecord whole;
  ASSERT_TRUE(append_samples(path, {sample("a"), sample("b"), sample("c")}, whole));
  const std::string text = folder.get("s");
  const auto line = text.size() / 3;
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    SCOPED_TRACE(cut);
    folder.put("s", text.substr(0, cut));
    const std::string wanted = cut == text.size() ? "a pass; b pass; c pass"
                               : cut >= 2 * line  ? "a pass; b pass"
                               : cut >= line      ? "a pass"
                                                  : "";
    RunRecord record;
    const auto torn = read_samples(path, record);
    ASSERT_TRUE(torn);
    EXPECT_EQ(outcomes(*torn), wanted);
    ASSERT_TRUE(append_samples(path, {sample("d")}, record));
    const auto after = read_samples(path, record);
    ASSERT_TRUE(after);
    EXPECT_EQ(after->back().task, "d");
    EXPECT_EQ(folder.get("s").substr(0, cut), text.substr(0, cut)) << "it only grows";
    std::string seen = outcomes(*after);
    // A line that was whole but for its newline is now a whole line.
    const bool only_newline = cut == line - 1 || cut == 2 * line - 1 || cut == 3 * line - 1;
    if (!only_newline) {
      EXPECT_EQ(seen, wanted.empty() ? "d pass" : wanted + "; d pass");
    }
  }
}

TEST(SamplesFile, AFileThatShrankOrIsAnotherOneIsAConflictForReadAndAppend) {
  struct Case {
    const char* name;
    void (*harm)(const Folder&);
  };
  const Case cases[] = {
      {"shrank", [](const Folder& f) { ASSERT_EQ(::truncate(f.at("s").c_str(), 10), 0); }},
      {"gone", [](const Folder& f) { ASSERT_EQ(::unlink(f.at("s").c_str()), 0); }},
      {"replaced",
       [](const Folder& f) {
         f.put("copy", f.get("s") + "\n");
         ASSERT_EQ(std::rename(f.at("copy").c_str(), f.at("s").c_str()), 0);
       }},
      {"a link",
       [](const Folder& f) {
         ASSERT_EQ(std::rename(f.at("s").c_str(), f.at("copy").c_str()), 0);
         ASSERT_EQ(::symlink(f.at("copy").c_str(), f.at("s").c_str()), 0);
       }},
      {"a pipe",
       [](const Folder& f) {
         ASSERT_EQ(::unlink(f.at("s").c_str()), 0);
         ASSERT_EQ(::mkfifo(f.at("s").c_str(), 0600), 0);
       }},
      {"a folder",
       [](const Folder& f) {
         ASSERT_EQ(::unlink(f.at("s").c_str()), 0);
         ASSERT_EQ(::mkdir(f.at("s").c_str(), 0700), 0);
       }},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    Folder folder;
    RunRecord record;
    ASSERT_TRUE(append_samples(folder.at("s"), {sample("a"), sample("b")}, record));
    c.harm(folder);
    const RunRecord before = record;
    const auto read = read_samples(folder.at("s"), record);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, base::Code::conflict) << read.error().message;
    const auto appended = append_samples(folder.at("s"), {sample("c")}, record);
    ASSERT_FALSE(appended);
    EXPECT_EQ(record.samples_bytes, before.samples_bytes);
  }
}

TEST(SamplesFile, SpoiledLinesAreLeftOut) {
  Folder folder;
  folder.put("s",
             "}{\n\xff\n\n[]\n{\"task\":\"a\",\"outcome\":\"pass\",\"score\":1}\n"
             "{\"task\":\"b\",\"outcome\":\"maybe\"}\n{\"task\":\"c\",\"outcome\":\"fail\"}{\n"
             "{\"task\":\"d\",\"outcome\":\"fail\"}\n");
  const auto all = read_samples(folder.at("s"), {});
  ASSERT_TRUE(all);
  EXPECT_EQ(outcomes(*all), "a pass; d fail");
}

TEST(SamplesFile, ATaskIdThatIsNoneIsRefusedByNameAndNothingIsWritten) {
  Folder folder;
  RunRecord record;
  for (const std::string& id :
       {std::string(), std::string(201, 'a'), std::string("a\nb"), std::string("a\0b", 3),
        std::string("\x1b["), std::string("\xff")}) {
    SCOPED_TRACE(id);
    const auto appended = append_samples(folder.at("s"), {sample("good"), sample(id)}, record);
    ASSERT_FALSE(appended);
    EXPECT_EQ(appended.error().code, base::Code::invalid);
    EXPECT_FALSE(folder.has("s"));
  }
  EXPECT_TRUE(append_samples(folder.at("s"), {sample(std::string(200, 'a'))}, record));
}

TEST(Sample, ALineIsHeldAgainstItsDescription) {
  struct Case {
    const char *line, *error;  // a piece of the error; null: it is a sample
  };
  const Case cases[] = {
      {R"({"task":"a","outcome":"pass"})", nullptr},
      {R"({"task":"a","outcome":"fail","extra":[1]})", nullptr},
      {R"({"task":"a"})", "outcome"},
      {R"({"outcome":"pass"})", "task"},
      {R"({"task":"a","outcome":"won"})", "outcome"},
      {R"({"task":"a","outcome":"pass","score":2})", "score"},
      {R"({"task":"a","outcome":"pass","score":"1"})", "score"},
      {R"({"task":"a","outcome":"pass","tokensIn":-1})", "tokensIn"},
      {R"({"task":"a\nb","outcome":"pass"})", "task"},
      {R"(Loading...)", "JSON"},
      {R"([])", "JSON"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.line);
    const auto parsed = parse_sample(c.line);
    ASSERT_EQ(static_cast<bool>(parsed), c.error == nullptr);
    if (!parsed) {
      EXPECT_NE(parsed.error().message.find(c.error), std::string::npos) << parsed.error().message;
    }
  }
  EXPECT_EQ(parse_sample(R"({"task":"a","outcome":"pass"})")->score, 1);
  EXPECT_EQ(parse_sample(R"({"task":"a","outcome":"pass","score":0.5})")->score, 0.5);
}

TEST(RunCounts, TheFirstScoreOfATaskCounts) {
  const RunCounts counts =
      count_tasks({sample("a", api::Outcome::error), sample("a"), sample("a", api::Outcome::fail),
                   sample("b", api::Outcome::fail), sample("b", api::Outcome::error),
                   sample("c", api::Outcome::error), sample("c", api::Outcome::error)});
  EXPECT_EQ(counts, (RunCounts{1, 1, 1}));
}

}  // namespace
}  // namespace agentd
