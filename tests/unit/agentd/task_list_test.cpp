// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/unit/agentd/run_rig.hpp"

namespace agentd {
namespace {

using tests::RunRig;

/// A harness that does what it is told to, by the file; task `b` breaks in the first attempt.
const std::string kHarness = R"(
  while read -r task; do
    outcome=pass
    test "$task$ORCH_ATTEMPT" = b1 && outcome=error
    echo "{\"task\": \"$task\", \"outcome\": \"$outcome\"}" >> out/samples.jsonl
    echo "$ORCH_ATTEMPT $task" >> out/ran
  done < "${ORCH_TASKS_FILE:-/dev/null}"
)";

api::RunWanted listed(std::int64_t attempt, const std::string& lister) {
  auto wanted = RunRig::run(attempt, kHarness);
  wanted.env = {{"SEED", "$(seed)", ""}};
  wanted.seed = 7;
  wanted.tasks.command = {"/bin/sh", "-c", lister, "lister", "$(run.dir)", "$$(x)"};
  return wanted;
}

TEST(TaskLists, OfACommandAreAskedForOnceAndTellEachAttemptWhatToDo) {
  RunRig rig;
  const std::string lister =
      "echo asked $SEED \"$2\" >> asked; test \"$PWD\" = \"$1\" && printf 'a\\nb\\nc\\n'";
  rig.assign(listed(1, lister));
  EXPECT_EQ(rig.ended(), "Finished");
  EXPECT_EQ(rig.seen().total, 3);
  EXPECT_EQ(rig.sent(), "a pass; b error; c pass; ");
  EXPECT_EQ(rig.get("asked"), "asked 7 $(x)\n") << "no shell sees what $$ stands for";
  EXPECT_EQ(rig.get("log"), "") << "the list itself is no output of the harness";
  rig.restart();
  rig.assign(listed(2, "exit 9"));
  EXPECT_EQ(rig.ended(), "Finished");
  EXPECT_EQ(rig.get("out/ran"), "1 a\n1 b\n1 c\n2 b\n");
  EXPECT_EQ(rig.get(".orch/tasks.txt"), "b\n");
  rig.restart();
  rig.assign(listed(3, "exit 9"));
  EXPECT_EQ(rig.ended(), "Finished");
  EXPECT_EQ(rig.seen().message, "every task is scored; nothing was launched");
}

TEST(TaskLists, ThatAreNoneEndTheAttemptWithTheReason) {
  const std::string who = "the command that lists the tasks";
  const struct {
    const char* lister;
    std::string message;
  } cases[] = {
      {"echo no data >&2; exit 3", who + " ended with 3; the run's log has what it said"},
      {"kill -9 $$", who + " ended with 137; the run's log has what it said"},
      {"true", who + " printed no task"},
      {"echo a; echo a", who + ": line 2 comes twice: \"a\""},
      {"printf 'a\\0b\\n'", who + ": line 1 is no task id (control characters or no UTF-8): "},
      {"head -c 300 /dev/zero | tr '\\0' x; sleep 1000", who + ": line 1 has more than 200 bytes"},
      {"yes", who + ": line 2 comes twice: \"y\""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.lister);
    RunRig rig;
    rig.assign(listed(1, c.lister));
    EXPECT_EQ(rig.ended(), "Finished");
    EXPECT_EQ(rig.seen().reason, "TaskList");
    // The size is looked at first, and how far an endless list came is no matter.
    const bool large = rig.seen().message == who + " printed more than 2097152 bytes";
    EXPECT_TRUE(large || rig.seen().message.starts_with(c.message)) << rig.seen().message;
    EXPECT_EQ(rig.get("out/ran"), "");
  }
  RunRig rig;
  auto wanted = listed(1, "");
  wanted.tasks.command = {"no-such-program"};
  rig.assign(wanted);
  EXPECT_EQ(rig.ended(), "Finished");
  EXPECT_EQ(rig.seen().message,
            "list the tasks: \"no-such-program\": not found in PATH (/usr/bin:/bin)");
}

TEST(TaskLists, WhatACommandComplainsAboutIsInTheLogOfTheRun) {
  RunRig rig;
  rig.assign(listed(1, "echo no data >&2; exit 3"));
  EXPECT_EQ(rig.ended(), "Finished");
  EXPECT_EQ(rig.get("log"), "no data\n");
}

TEST(TaskLists, ASubsetIsHandedOverAndWhereNothingIsKnownThereIsNoFile) {
  RunRig rig;
  auto wanted = RunRig::run(1, kHarness);
  wanted.tasks.list = {"a", "c", "d"};
  wanted.subset = {"c"};
  rig.assign(wanted);
  EXPECT_EQ(rig.ended(), "Finished");
  EXPECT_EQ(rig.sent(), "c pass; ");
  RunRig unknown;
  unknown.assign(RunRig::run(1, "echo ${ORCH_TASKS_FILE-unset} > out/told"));
  EXPECT_EQ(unknown.ended(), "Finished");
  EXPECT_EQ(unknown.get("out/told"), "unset\n");
}

}  // namespace
}  // namespace agentd
