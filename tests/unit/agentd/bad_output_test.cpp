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

}  // namespace
}  // namespace agentd
