// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <csignal>

#include "agentd/process/proc.hpp"
#include "agentd/process/record.hpp"
#include "agentd/process/secrets.hpp"
#include "agentd/process/shim.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "tests/unit/agentd/process_bench.hpp"

namespace agentd {
namespace {

using State = Child::State;
using tests::Bench;
using tests::Bystander;
using tests::eventually;
using tests::is_alive;

bool all_gone(const std::vector<std::int64_t>& pids) {
  for (const auto pid : pids) {
    if (is_alive(pid)) return false;
  }
  return true;
}

/// A child with a grandchild in its session, one in a session of its own, and one that also lost
/// its environment; each prints its pid.
constexpr const char* kFamily =
    "sh -c 'echo $$; exec sleep 1000' &"
    "setsid sh -c 'echo $$; exec sleep 1000' &"
    "env -i setsid sh -c 'echo $$; exec /bin/sleep 1000' &"
    "echo $$;";

TEST(ProcessTree, ASignalReachesTheWholeTree) {
  for (const int number : {SIGTERM, SIGKILL}) {
    SCOPED_TRACE(number);
    Bench bench;
    ASSERT_TRUE(bench.processes.start(bench.shell("a", std::string(kFamily) + "wait")));
    ASSERT_TRUE(eventually([&] { return bench.numbers().size() == 4; }));
    ASSERT_TRUE(bench.processes.signal("a", number));
    bench.child_in("a", State::exited);
    EXPECT_TRUE(eventually([&] { return all_gone(bench.numbers()); }));
  }
}

TEST(ProcessTree, WhatTheChildLeftBehindIsSwept) {
  Bench bench;
  ASSERT_TRUE(bench.processes.start(
      bench.shell("a", std::string(kFamily) + "while [ ! -e go ]; do sleep 0.01; done; exit 3")));
  ASSERT_TRUE(eventually([&] { return bench.numbers().size() == 4; }));
  const auto early = bench.processes.sweep("a");
  ASSERT_FALSE(early) << "it is still running";
  EXPECT_EQ(early.error().code, base::Code::conflict);

  bench.folder.put("go", "");
  EXPECT_EQ(bench.child_in("a", State::exited).exit_code, 3) << "orphans do not hold up the news";
  EXPECT_FALSE(all_gone(bench.numbers()));
  EXPECT_FALSE(bench.processes.forget("a")) << "or nobody could find them any more";
  EXPECT_TRUE(eventually([&] {
    const auto swept = bench.processes.sweep("a");
    return swept && *swept;
  }));
  EXPECT_TRUE(all_gone(bench.numbers()));
  EXPECT_TRUE(bench.processes.forget("a"));
}

TEST(ProcessTree, AChildOutlivesItsShimAndItsEndIsUnknown) {
  Bench bench;
  ASSERT_TRUE(bench.processes.start(bench.shell("a", "echo x; exec sleep 1000")));
  ASSERT_TRUE(eventually([&] { return bench.output() == "x\n"; }));
  const Child before = bench.child_in("a", State::running);
  const auto shim = bench.shim_of("a");
  ASSERT_EQ(::kill(static_cast<pid_t>(shim), SIGKILL), 0);
  ASSERT_TRUE(eventually([&] { return !is_alive(shim); }));

  ShimProcesses next_agent(bench.folder.path(), tests::shim_program());
  for (auto* processes : {&bench.processes, &next_agent}) {
    const auto children = processes->list();
    ASSERT_TRUE(children && children->size() == 1);
    EXPECT_EQ(children->front().state, State::running);
    EXPECT_EQ(children->front().pid, before.pid);
    EXPECT_TRUE(processes->start(bench.shell("a", "echo twice"))) << "adopted, not doubled";
  }
  ASSERT_TRUE(bench.processes.signal("a", SIGTERM));
  const Child after = bench.child_in("a", State::exited);
  EXPECT_FALSE(after.exit_code);
  EXPECT_EQ(after.failure, "");
  EXPECT_EQ(bench.output(), "x\n");
}

TEST(ProcessTree, OrphansOfADeadShimAreFoundByTheirCookie) {
  Bench bench;
  ASSERT_TRUE(bench.processes.start(
      bench.shell("a", "setsid sh -c 'echo $$; exec sleep 1000' & echo $$; wait")));
  ASSERT_TRUE(eventually([&] { return bench.numbers().size() == 2; }));
  const Child child = bench.child_in("a", State::running);
  const auto shim = bench.shim_of("a");
  ASSERT_EQ(::kill(static_cast<pid_t>(shim), SIGKILL), 0);
  ASSERT_EQ(::kill(static_cast<pid_t>(child.pid), SIGKILL), 0);
  ASSERT_TRUE(eventually([&] { return !is_alive(child.pid) && !is_alive(shim); }));
  EXPECT_FALSE(all_gone(bench.numbers()));
  EXPECT_EQ(bench.child("a").state, State::exited);
  EXPECT_TRUE(eventually([&] {
    const auto swept = bench.processes.sweep("a");
    return swept && *swept;
  }));
  EXPECT_TRUE(all_gone(bench.numbers()));
}

TEST(ProcessTree, ChildrenSurviveTheAgentAndAreAdopted) {
  Bench bench;
  std::int64_t pid = 0;
  {
    ShimProcesses agent(bench.folder.path(), tests::shim_program());
    ASSERT_TRUE(agent.start(bench.shell("a", "while [ ! -e go ]; do sleep 0.01; done; exit 5")));
  }
  pid = bench.child_in("a", State::running).pid;
  EXPECT_TRUE(is_alive(pid));
  bench.folder.put("go", "");
  EXPECT_EQ(bench.child_in("a", State::exited).exit_code, 5);
}

/// A record whose child.json names the bystander, changed by the case.
struct Impostor {
  Bench bench;
  Bystander bystander;
  Started started;

  explicit Impostor(const std::vector<std::string>& env) : bystander(env) {
    ShimProcesses broken(bench.folder.path(), "/bin/true");
    EXPECT_TRUE(broken.start(bench.shell("a", "true")));
    started.child = {bystander.pid(), bystander.start_ticks()};
    started.shim = {bystander.pid(), bystander.start_ticks() + 1};
    started.boot_id = *read_boot_id();
    started.cookie = read_intent(bench.record("a"))->cookie;
  }
};

TEST(ProcessTree, AProcessThatOnlyHasThePidIsNeverSignalled) {
  struct Case {
    const char* name;
    std::vector<std::string> env;
    void (*change)(Started&);
  };
  const Case cases[] = {
      {"it started at another time", {}, [](Started& s) { s.child.start_ticks -= 1; }},
      {"it started in another boot", {}, [](Started& s) { s.boot_id = "another"; }},
      {"it is a child of somebody else", {"ORCH_INSTANCE=another"}, [](Started&) {}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    Impostor impostor(c.env);
    c.change(impostor.started);
    ASSERT_TRUE(write_started(impostor.bench.record("a"), impostor.started));
    const Child child = impostor.bench.child("a");
    EXPECT_EQ(child.state, State::exited);
    EXPECT_FALSE(child.exit_code) << "nobody saw how it ended";
    EXPECT_TRUE(impostor.bench.processes.signal("a", SIGKILL));
    EXPECT_TRUE(
        send_signal({impostor.bystander.pid(), impostor.started.child.start_ticks - 1}, SIGKILL));
    EXPECT_TRUE(is_alive(impostor.bystander.pid()));
  }
}

TEST(ProcessTree, SweepLeavesAProcessWithAReusedPidAlone) {
  Impostor impostor({"ORCH_INSTANCE=another"});
  impostor.started.child.start_ticks -= 1;
  ASSERT_TRUE(write_started(impostor.bench.record("a"), impostor.started));
  const auto swept = impostor.bench.processes.sweep("a");
  ASSERT_TRUE(swept);
  EXPECT_TRUE(*swept);
  EXPECT_TRUE(is_alive(impostor.bystander.pid()));
}

TEST(ProcessRecord, ABrokenFileIsUnknownAndNothingIsDoneOnIt) {
  const std::string texts[] = {"", "{", "[]", "{\"pid\":\"x\"}", std::string("\0\0\0", 3)};
  for (const char* file : {"launch.json", "child.json", "exit.json", "notes.json"}) {
    for (const auto& text : texts) {
      const bool fine_as_notes = std::string(file) == "notes.json" && text.starts_with("{\"");
      if (fine_as_notes) continue;
      SCOPED_TRACE(std::string(file) + " " + text);
      Bench bench;
      ShimProcesses broken(bench.folder.path(), "/bin/true");
      ASSERT_TRUE(broken.start(bench.shell("a", "echo started")));
      bench.folder.put(std::string("children/a/") + file, text);
      EXPECT_EQ(bench.child("a").state, State::unknown);
      EXPECT_FALSE(bench.processes.start(bench.shell("a", "echo started")));
      EXPECT_FALSE(bench.processes.signal("a", SIGKILL));
      EXPECT_FALSE(bench.processes.sweep("a"));
      EXPECT_FALSE(bench.processes.forget("a"));
      EXPECT_EQ(bench.output(), "");
    }
  }
}

TEST(ProcessRecord, AMemberOfAnotherKindSpoilsItsRecord) {
  const tests::Folder folder(tests::kInMemory);
  const auto told = [&](const std::string& name, const std::string& text, auto read) {
    folder.put(name, text);
    const auto record = read(folder.path());
    return record ? std::string("read") : record.error().message;
  };
  for (const char* text : {R"({"code": 4294967296})",  // cut to an int it would be a success
                           R"({"code": 0, "signal": 9})", R"({"code": "0", "failure": "x"})",
                           R"({"signal": null})", R"({"at": "now", "code": 0})"}) {
    SCOPED_TRACE(text);
    EXPECT_NE(told("exit.json", text, read_ended).find("not what was written"), std::string::npos);
  }
  for (const char* spoiled :
       {R"("command": ["a", 1])", R"("command": ["a"], "env": {"A": 1})",
        R"("command": ["a"], "secrets": [])", R"("command": ["a"], "workdir": 3)"}) {
    SCOPED_TRACE(spoiled);
    const auto text = "{\"cookie\": \"c\", " + std::string(spoiled) + "}";
    EXPECT_NE(told("launch.json", text, read_intent).find("not what was written"),
              std::string::npos);
  }
  const std::string child = R"({"pid": 1, "startTicks": 1, "bootId": "b", "cookie": "c", "shim": )";
  EXPECT_NE(told("child.json", child + "7}", read_started), "read");
  EXPECT_NE(told("child.json", child + R"({"pid": "7"}})", read_started), "read");
  EXPECT_EQ(told("child.json", child + R"({"pid": 7}})", read_started), "read");
  EXPECT_NE(told("notes.json", R"({"a": 1})", read_notes), "read");
  EXPECT_EQ(told("exit.json", R"({"code": -1, "of": "another version"})", read_ended), "read");
}

TEST(ProcessRecord, AListThatCannotBeReadIsAnError) {
  Bench bench;
  bench.folder.put("children", "a file in the folder's place");
  EXPECT_FALSE(bench.processes.list());
}

TEST(ProcStat, TheCommandsNameMayHoldAnything) {
  const std::string rest = " S 10 20 30 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 286593 9 10";
  for (const char* name : {"sleep", "a) S 1 2 3", ") 1 2 3", "((", "", "a b", "x)\n(y"}) {
    SCOPED_TRACE(name);
    const auto stat = parse_stat("4711 (" + std::string(name) + ")" + rest);
    ASSERT_TRUE(stat);
    EXPECT_EQ(stat->pid, 4711);
    EXPECT_EQ(stat->parent, 10);
    EXPECT_EQ(stat->session, 30);
    EXPECT_EQ(stat->start_ticks, 286593);
    EXPECT_EQ(stat->state, 'S');
  }
  for (const char* text : {"", "4711", "4711 (x", "4711 (x) S 1 2", "x (y) S 1 2 3", ") 4711 ("})
    EXPECT_FALSE(parse_stat(text)) << text;
}

void expect_nowhere(const std::string& folder, const std::string& secret) {
  const auto names = base::list_folder(folder);
  ASSERT_TRUE(names);
  for (const auto& name : *names) {
    const auto text = base::read_file(folder + "/" + name);
    ASSERT_TRUE(text) << name;
    EXPECT_EQ(text->find(secret), std::string::npos) << name;
  }
}

TEST(Secrets, ReachTheChildAndNoFileAndNoArgument) {
  Bench bench;
  const std::string secret = "canary-3f9a";
  ASSERT_TRUE(base::make_folder(bench.folder.at("secrets"), 0700));
  ASSERT_TRUE(base::write_file(bench.folder.at("secrets/hub"), secret + "\n", 0600));
  Launch launch =
      bench.shell("a", "[ \"${TOKEN#canary-}\" = 3f9a ] && echo right; exec sleep 1000");
  launch.secrets = {{"TOKEN", "hub"}};
  ASSERT_TRUE(bench.processes.start(launch));
  ASSERT_TRUE(eventually([&] { return bench.output() == "right\n"; }));
  bench.child_in("a", State::running);
  expect_nowhere(bench.record("a"), secret);
  const auto words =
      base::read_file("/proc/" + std::to_string(bench.shim_of("a")) + "/cmdline", 4096);
  ASSERT_TRUE(words);
  EXPECT_EQ(words->find(secret), std::string::npos);
  EXPECT_NE(words->find(bench.record("a")), std::string::npos);
}

TEST(Secrets, AMissingOrOpenFileIsNamedAndNothingIsStarted) {
  Bench bench;
  ASSERT_TRUE(base::make_folder(bench.folder.at("secrets"), 0700));
  ASSERT_TRUE(base::write_file(bench.folder.at("secrets/open"), "x", 0644));
  ASSERT_TRUE(base::write_file(bench.folder.at("secrets/nul"), std::string("\0", 1), 0600));
  struct Case {
    const char* name;
    base::Code code;
  };
  const Case cases[] = {{"missing", base::Code::not_found},
                        {"open", base::Code::forbidden},
                        {"nul", base::Code::invalid},
                        {"../state.json", base::Code::invalid}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    Launch launch = bench.shell("a", "echo started");
    launch.secrets = {{"TOKEN", c.name}};
    const auto started = bench.processes.start(launch);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, c.code) << started.error().message;
    EXPECT_NE(started.error().message.find(c.name), std::string::npos);
    EXPECT_TRUE(bench.processes.list()->empty());
  }
}

}  // namespace
}  // namespace agentd
