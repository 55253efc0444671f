// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <cstdio>

#include "agentd/process/notes.hpp"
#include "agentd/process/proc.hpp"
#include "agentd/process/record.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "tests/unit/agentd/process_bench.hpp"

namespace agentd {
namespace {

using State = Child::State;
using tests::Bench;
using tests::eventually;
using tests::is_alive;

TEST(ShimProcesses, AnExitCodeIsKept) {
  Bench bench;
  Launch launch = bench.shell("a", "echo out; echo err >&2; exit 7");
  launch.labels = {{"for", "server"}};
  ASSERT_TRUE(bench.processes.start(launch));
  const Child child = bench.child_in("a", State::exited);
  EXPECT_EQ(child.exit_code, 7);
  EXPECT_EQ(child.failure, "");
  EXPECT_EQ(child.labels, launch.labels);
  EXPECT_EQ(bench.output(), "out\nerr\n");
}

TEST(ShimProcesses, ASignalCounts128AndItsNumber) {
  Bench bench;
  ASSERT_TRUE(bench.processes.start(bench.shell("a", "exec sleep 1000")));
  const Child child = bench.child_in("a", State::running);
  EXPECT_TRUE(is_alive(child.pid));
  ASSERT_TRUE(bench.processes.signal("a", SIGTERM));
  EXPECT_EQ(bench.child_in("a", State::exited).exit_code, 128 + SIGTERM);
  EXPECT_TRUE(bench.processes.signal("a", SIGTERM)) << "fine when it is gone";
}

TEST(ShimProcesses, AChildThatIgnoresTermEndsByKill) {
  Bench bench;
  ASSERT_TRUE(bench.processes.start(
      bench.shell("a", "trap 'echo term' TERM; echo ready; while :; do sleep 0.01; done")));
  ASSERT_TRUE(eventually([&] { return bench.output() == "ready\n"; }));
  ASSERT_TRUE(bench.processes.signal("a", SIGTERM));
  ASSERT_TRUE(eventually([&] { return bench.output().find("term") != std::string::npos; }));
  EXPECT_EQ(bench.child("a").state, State::running);
  ASSERT_TRUE(bench.processes.signal("a", SIGKILL));
  EXPECT_EQ(bench.child_in("a", State::exited).exit_code, 128 + SIGKILL);
}

TEST(ShimProcesses, TheEnvironmentIsExactlyWhatWasAsked) {
  Bench bench;
  Launch launch = bench.shell("a", "");
  launch.command = {"env"};
  launch.env["ORCH_INSTANCE"] = "a name that is taken";
  ASSERT_TRUE(bench.processes.start(launch));
  bench.child_in("a", State::exited);
  const auto intent = read_intent(bench.record("a"));
  ASSERT_TRUE(intent);
  EXPECT_EQ(bench.output(), "PATH=/usr/bin:/bin\nORCH_INSTANCE=" + intent->cookie + "\n");
}

TEST(ShimProcesses, NobodyHoldsAPipeOrATerminal) {
  Bench bench;
  ASSERT_TRUE(bench.processes.start(bench.shell("a", "echo ready; exec sleep 1000")));
  ASSERT_TRUE(eventually([&] { return bench.output() == "ready\n"; }));
  const Child child = bench.child_in("a", State::running);
  const std::map<std::string, std::string> wanted = {
      {"0", "/dev/null"}, {"1", bench.folder.at("output")}, {"2", bench.folder.at("output")}};
  std::map<std::string, std::string> seen;
  const std::string fds = "/proc/" + std::to_string(child.pid) + "/fd";
  const auto names = base::list_folder(fds);
  ASSERT_TRUE(names);
  for (const auto& name : *names) {
    char target[4096];
    const auto size = ::readlink((fds + "/" + name).c_str(), target, sizeof target);
    if (size > 0) seen[name] = std::string(target, static_cast<std::size_t>(size));
  }
  EXPECT_EQ(seen, wanted);
  const auto stat = read_stat(child.pid);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->session, child.pid);
}

TEST(ShimProcesses, TheOutputKeepsEveryByteAndIsAppendedTo) {
  Bench bench;
  bench.folder.put("output", "before\n");
  Launch launch = bench.shell("a", "printf 'a\\0b\\033[31m\\377\\n'; echo apart >&2");
  launch.errors = bench.folder.at("errors");
  ASSERT_TRUE(bench.processes.start(launch));
  bench.child_in("a", State::exited);
  EXPECT_EQ(bench.output(), std::string("before\na\0b\033[31m\377\n", 17));
  EXPECT_EQ(*base::read_file(launch.errors), "apart\n");
}

TEST(ShimProcesses, StartingTwiceHasOneEffect) {
  Bench bench;
  const Launch launch = bench.shell("a", "echo started; exec sleep 1000");
  ASSERT_TRUE(bench.processes.start(launch));
  ASSERT_TRUE(bench.processes.start(launch)) << "while it is being started";
  ShimProcesses after_a_crash(bench.folder.path(), tests::shim_program());
  ASSERT_TRUE(after_a_crash.start(launch)) << "by an agent that knows of no shim";
  ASSERT_TRUE(eventually([&] { return bench.output() == "started\n"; }));
  const Child child = bench.child_in("a", State::running);
  ASSERT_TRUE(bench.processes.start(launch)) << "while it runs";
  EXPECT_EQ(bench.child("a").pid, child.pid);
  ASSERT_TRUE(bench.processes.signal("a", SIGKILL));
  bench.child_in("a", State::exited);
  const auto again = bench.processes.start(launch);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, base::Code::conflict);
  EXPECT_EQ(bench.output(), "started\n");
}

TEST(ShimProcesses, AnyNumberOfShimsForOneRecordStartsOneChild) {
  Bench bench;
  ShimProcesses broken(bench.folder.path(), "/bin/true");
  ASSERT_TRUE(broken.start(bench.shell("a", "echo started")));  // the intent alone
  const std::string folder = bench.record("a"), program = tests::shim_program();
  std::vector<pid_t> pids(8);
  for (auto& pid : pids) {
    char* argv[] = {const_cast<char*>(program.c_str()), const_cast<char*>("shim"),
                    const_cast<char*>(folder.c_str()), nullptr};
    char* envp[] = {nullptr};
    ASSERT_EQ(::posix_spawn(&pid, program.c_str(), nullptr, nullptr, argv, envp), 0);
  }
  for (const auto pid : pids)
    ::waitpid(pid, nullptr, 0);
  EXPECT_EQ(bench.child("a").state, State::exited);
  EXPECT_EQ(bench.output(), "started\n");
}

TEST(ShimProcesses, AStartThatWasCutOffAfterItsIntentIsDoneByTheNextAgent) {
  Bench bench;
  const Launch launch = bench.shell("a", "echo started");
  {
    ShimProcesses cut_off(bench.folder.path(), "/bin/true");
    ASSERT_TRUE(cut_off.start(launch));
  }
  EXPECT_EQ(bench.child("a").state, State::intended);
  EXPECT_TRUE(bench.processes.signal("a", SIGKILL)) << "there is nothing to signal";
  ASSERT_TRUE(bench.processes.start(launch));
  EXPECT_EQ(bench.child_in("a", State::exited).exit_code, 0);
  EXPECT_EQ(bench.output(), "started\n");
}

TEST(ShimProcesses, AShimThatCannotBeStartedIsAnErrorAndLeavesTheIntent) {
  Bench bench;
  ShimProcesses broken(bench.folder.path(), bench.folder.at("absent"));
  const auto started = broken.start(bench.shell("a", "true"));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, base::Code::unavailable);
  EXPECT_EQ(bench.child("a").state, State::intended);
}

TEST(ShimProcesses, WhatCannotBeStartedSaysWhy) {
  Bench bench;
  bench.folder.put("no-program", "text");
  ASSERT_EQ(::mkfifo(bench.folder.at("fifo").c_str(), 0600), 0);
  struct Case {
    const char* name;
    void (*change)(Launch&);
    const char* failure;
  };
  const Case cases[] = {
      {"absent", [](Launch& l) { l.command = {"llama-server"}; },
       "\"llama-server\": not found in PATH"},
      {"no-right", [](Launch& l) { l.command = {"./no-program"}; }, "permission denied"},
      {"in-path",
       [](Launch& l) {
         l.command = {"no-program"};
         l.env["PATH"] = "/bin:.";
       },
       "no-program\": permission denied"},
      {"workdir", [](Launch& l) { l.workdir += "/gone"; }, "gone\": no such file or directory"},
      {"output", [](Launch& l) { l.output = l.workdir + "/gone/x"; },
       "gone/x\": no such file or directory"},
      {"fifo", [](Launch& l) { l.output = l.workdir + "/fifo"; }, "open output file"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    Launch launch = bench.shell(c.name, "true");
    c.change(launch);
    ASSERT_TRUE(bench.processes.start(launch));
    const Child child = bench.child_in(c.name, State::exited);
    EXPECT_NE(child.failure.find(c.failure), std::string::npos) << child.failure;
    EXPECT_FALSE(child.exit_code);
    EXPECT_TRUE(bench.processes.forget(c.name));
  }
}

TEST(ShimProcesses, AScriptWithoutAnInterpreterIsRefusedByExecuteItself) {
  Bench bench;
  bench.folder.put("script", "echo no\n");
  ASSERT_EQ(::chmod(bench.folder.at("script").c_str(), 0700), 0);
  Launch launch = bench.shell("a", "");
  launch.command = {"./script"};
  ASSERT_TRUE(bench.processes.start(launch));
  const Child child = bench.child_in("a", State::exited);
  EXPECT_NE(child.failure.find("exec format error"), std::string::npos) << child.failure;
}

TEST(ShimProcesses, NotesAreDurableAndComeBackInTheList) {
  Bench bench;
  ASSERT_TRUE(bench.processes.start(bench.shell("a", "exec sleep 1000")));
  ASSERT_TRUE(bench.processes.note("a", "port", "4711"));
  ASSERT_TRUE(bench.processes.note("a", "stopping", "yes"));
  ASSERT_TRUE(bench.processes.note("a", "port", "4712"));
  const std::map<std::string, std::string> wanted{{"port", "4712"}, {"stopping", "yes"}};
  EXPECT_EQ(bench.child("a").notes, wanted);
  EXPECT_FALSE(bench.processes.note("absent", "x", "y"));
}

TEST(ShimProcesses, ForgetDropsOnlyWhatHasEndedOrWasNeverStarted) {
  Bench bench;
  ShimProcesses broken(bench.folder.path(), "/bin/true");
  ASSERT_TRUE(broken.start(bench.shell("never", "true")));
  EXPECT_TRUE(bench.processes.forget("never"));
  EXPECT_TRUE(bench.processes.forget("never")) << "fine when it is gone";

  ASSERT_TRUE(bench.processes.start(bench.shell("a", "exec sleep 1000")));
  bench.child_in("a", State::running);
  const auto early = bench.processes.forget("a");
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, base::Code::conflict);
  ASSERT_TRUE(bench.processes.signal("a", SIGKILL));
  bench.child_in("a", State::exited);
  EXPECT_TRUE(bench.processes.forget("a"));
  EXPECT_TRUE(bench.processes.list()->empty());
}

TEST(ShimProcesses, ARemovalThatWasCutOffIsFinishedAndStartsNothing) {
  Bench bench;
  ShimProcesses broken(bench.folder.path(), "/bin/true");
  ASSERT_TRUE(broken.start(bench.shell("a", "true")));
  // As forget leaves it between its two steps: set aside as a whole, files not yet removed.
  const std::string children = bench.folder.path() + "/children";
  ASSERT_EQ(std::rename((children + "/a").c_str(), (children + "/.old-a").c_str()), 0);
  const auto listed = bench.processes.list();
  ASSERT_TRUE(listed);
  EXPECT_TRUE(listed->empty());
  EXPECT_TRUE(base::list_folder(children)->empty());
}

TEST(ShimProcesses, AnIdThatIsNoFileNameIsRefused) {
  Bench bench;
  for (const char* id : {"", ".", "..", ".x", "a/b", "../a", "a b", "a\n"}) {
    SCOPED_TRACE(id);
    const auto started = bench.processes.start(bench.shell(id, "true"));
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, base::Code::invalid);
  }
}

TEST(FileNotes, AStateThatIsCutShortIsNamedWithTheWayOutAndNeverBegunAfresh) {
  tests::Folder folder;
  const std::string whole = R"({"life":2,"assignment":{"servers":[]}})";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    SCOPED_TRACE(length);
    ASSERT_TRUE(base::write_file(folder.at("state.json"), whole.substr(0, length)));
    const auto text = FileNotes(folder.at("state.json")).load();
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().code, base::Code::invalid);
    EXPECT_NE(text.error().message.find(folder.at("state.json")), std::string::npos);
    EXPECT_NE(text.error().message.find("join again"), std::string::npos) << text.error().message;
  }
}

TEST(FileNotes, TheStateComesBackAndIsPrivate) {
  tests::Folder folder;
  FileNotes notes(folder.at("state.json"));
  EXPECT_EQ(*notes.load(), "");
  ASSERT_TRUE(notes.save("{\"life\":1}"));
  ASSERT_TRUE(notes.save("{\"life\":2}"));
  EXPECT_EQ(*FileNotes(folder.at("state.json")).load(), "{\"life\":2}");
  EXPECT_TRUE(base::check_private(folder.at("state.json")));
}

}  // namespace
}  // namespace agentd
