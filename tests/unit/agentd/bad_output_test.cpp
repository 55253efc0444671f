// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>
#include <cstdio>

#include "api/codec/check.hpp"
#include "api/codec/json.hpp"
#include "api/meta/describe.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "tests/unit/agentd/run_rig.hpp"

namespace agentd {
namespace {

using tests::RunRig;

const std::string kOneTask = R"(echo '{"task":"a","outcome":"pass"}' >> out/samples.jsonl)";

/// What a person can do to the file that remembers what is scored.
enum class Harm { shrinks, replaced, gone, linked };

void harm(const RunRig& rig, Harm how) {
  const auto path = rig.run_dir() + "/samples.jsonl";
  const auto text = rig.get("samples.jsonl");
  switch (how) {
    case Harm::shrinks: ASSERT_EQ(::truncate(path.c_str(), 5), 0); break;
    case Harm::replaced:
      rig.put("other", text);
      ASSERT_EQ(std::rename((rig.run_dir() + "/other").c_str(), path.c_str()), 0);
      break;
    case Harm::gone: ASSERT_EQ(::unlink(path.c_str()), 0); break;
    case Harm::linked:
      ASSERT_EQ(std::rename(path.c_str(), (rig.run_dir() + "/kept").c_str()), 0);
      ASSERT_EQ(::symlink("kept", path.c_str()), 0);
      break;
  }
}

TEST(SamplesThatShrankOrWereReplaced, StopTheRunAndItStaysSoAfterARestart) {
  const struct {
    Harm how;
    const char* message;
  } cases[] = {{Harm::shrinks, "shrank from "},
               {Harm::replaced, "was replaced by another file"},
               {Harm::gone, "is gone"},
               {Harm::linked, "is no regular file"}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    // While the attempt runs: the next sample finds it out, and the harness is ended.
    RunRig rig;
    rig.assign(RunRig::run(1, kOneTask + R"(
      while test ! -e go; do sleep 0.05; done
      echo '{"task":"b","outcome":"pass"}' >> out/samples.jsonl; sleep 1000)"));
    ASSERT_TRUE(rig.until([&](const api::RunSeen&) { return rig.sent() == "a pass; "; }));
    harm(rig, c.how);
    rig.put("go", "");
    EXPECT_EQ(rig.ended(), "Stuck");
    EXPECT_NE(rig.seen().message.find(c.message), std::string::npos) << rig.seen().message;
    EXPECT_TRUE(rig.until([](const api::RunSeen& seen) { return seen.pid == 0; }));
    EXPECT_EQ(rig.sent(), "a pass; ") << "nothing is made up";
    rig.restart();
    rig.assign(RunRig::run(1, kOneTask));
    EXPECT_EQ(rig.ended(), "Stuck");
    EXPECT_EQ(rig.seen().reason, "Stuck");
    // Nor does another attempt run again in silence what was scored.
    rig.assign(RunRig::run(2, kOneTask));
    EXPECT_EQ(rig.ended(), "Stuck");
    EXPECT_NE(rig.seen().message.find(c.message), std::string::npos) << rig.seen().message;
  }
}

TEST(SamplesThatShrankOrWereReplaced, AreFoundByTheNextAttempt) {
  RunRig rig;
  rig.assign(RunRig::run(1, kOneTask));
  ASSERT_EQ(rig.ended(), "Finished");
  harm(rig, Harm::shrinks);
  rig.assign(RunRig::run(2, "touch out/ran"));
  EXPECT_EQ(rig.ended(), "Stuck");
  EXPECT_EQ(rig.get("attempts/1.sha256"), "") << "nothing of the attempt was begun";
  EXPECT_FALSE(rig.bench.folder.has("runs/r-run-uid-/out/ran"));
}

/// What no terminal, table or JSON bears: NUL, escape sequences, broken UTF-8, lone surrogates.
const std::string kFilth = R"(printf 'a\000b\033[2J\033]0;t\007\377\355\240\200\r\n')";

/// Every text in the report, as it goes over the wire.
void expect_harmless(RunRig& rig) {
  const auto text = api::write_json(api::to_json(rig.report()));
  EXPECT_TRUE(base::is_utf8(text));
  EXPECT_TRUE(api::parse_json(text)) << text;
  for (const std::string bad : {"\\u0000", "\\u001b", "\\u0007", "\x1b"})
    EXPECT_EQ(text.find(bad), std::string::npos) << bad << " in " << text;
  EXPECT_LE(rig.seen().message.size(), base::limits::kMessageBytes);
}

TEST(BadOutput, IsKeptByteForByteInTheLogAndHarmsNoReport) {
  RunRig rig;
  const std::string script = kFilth + "; " + kFilth +
                             " >&2; head -c 3000000 /dev/zero; "
                             "head -c 3000000 /dev/zero | tr '\\0' x; exit 3";
  rig.assign(RunRig::run(1, script));
  EXPECT_EQ(rig.ended(), "Finished");
  EXPECT_EQ(rig.seen().exit_code, 3);
  const std::string filth("a\0b\x1b[2J\x1b]0;t\x07\xff\xed\xa0\x80\r\n", 19);
  const auto wanted = filth + filth + std::string(3'000'000, '\0') + std::string(3'000'000, 'x');
  EXPECT_TRUE(rig.get("log") == wanted) << rig.get("log").size() << " bytes";
  expect_harmless(rig);
}

TEST(BadOutput, OfAParserIsCleanedAndClippedInWhatPeopleRead) {
  const std::string endless = "head -c 3000000 /dev/zero | tr '\\0' x";
  const struct {
    const char* name;
    std::string parser;
    const char* message;
  } cases[] = {
      {"on stderr", kFilth + " >&2; exit 4", "it ended with 4: a b"},
      {"without end on stderr", endless + " >&2; exit 4", "it ended with 4: xxx"},
      {"a wrong outcome without end",
       "printf '{\"task\":\"a\",\"outcome\":\"'; " + endless + "; printf '\"}\\n'", "line 1"},
      {"a task id without end",
       "printf '{\"outcome\":\"pass\",\"task\":\"'; " + endless + "; printf '\"}\\n'", "line 1"},
      {"a field name without end", "printf '{\"outcome\":1,\"'; " + endless + "; printf '\":1}\\n'",
       "line 1"},
      {"an outcome of filth", "printf '{\"task\":\"a\",\"outcome\":\"\\033[2J\\377\"}\\n'",
       "line 1"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    RunRig rig;
    auto wanted = RunRig::run(1, "true");
    wanted.parser = {"", {"/bin/sh", "-c", c.parser}};
    rig.assign(wanted);
    EXPECT_EQ(rig.ended(), "Finished");
    EXPECT_EQ(rig.seen().reason, "Parser");
    EXPECT_NE(rig.seen().message.find(c.message), std::string::npos) << rig.seen().message;
    expect_harmless(rig);
    const auto progress = rig.get("progress.json");
    EXPECT_TRUE(api::parse_json(progress)) << progress;
  }
}

TEST(BadOutput, InSamplesIsCleanedAndClippedOnItsWay) {
  RunRig rig;
  auto wanted = RunRig::run(1, "true");
  wanted.parser = {
      "",
      {"/bin/sh", "-c",
       kFilth +
           "; printf "
           "'{\"task\":\"a\",\"outcome\":\"fail\",\"message\":\"\\\\u001b[2J\\\\ud800\\377'; "
           "head -c 3000000 /dev/zero | tr '\\0' x; printf '\"}\\n'; " +
           kFilth}};
  rig.assign(wanted);
  EXPECT_EQ(rig.ended(), "Finished");
  EXPECT_EQ(rig.seen().message, "");
  EXPECT_EQ(rig.sent(), "a fail; ") << "noise between samples is no sample";
  const auto line = rig.get("samples.jsonl");
  EXPECT_LT(line.size(), 2 * base::limits::kMessageBytes);
  EXPECT_TRUE(api::parse_json(line)) << line;
}

}  // namespace
}  // namespace agentd
