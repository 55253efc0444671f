// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/agentd/process_bench.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <csignal>

#include "agentd/process/proc.hpp"
#include "agentd/process/record.hpp"
#include "base/check.hpp"
#include "base/clock.hpp"
#include "base/text.hpp"

namespace agentd::tests {
namespace {

constexpr base::Duration kProcessDeadline{20'000};  // far above what a loaded machine needs

void kill_now(std::int64_t pid) {
  ::kill(static_cast<pid_t>(pid), SIGKILL);
}

}  // namespace

std::string shim_program() {
  return ORCH_TEST_SHIM;
}

bool is_alive(std::int64_t pid) {
  const auto stat = read_stat(pid);
  return stat && !stat->ended();
}

Bench::~Bench() {
  const auto children = processes.list();
  if (!children) return;
  for (const auto& child : *children) {
    const auto started = read_started(record(child.id));
    if (!started) continue;
    (void)kill_all({started->child, started->shim, started->cookie});
    if (const auto shim = read_stat(started->shim.pid);
        shim && shim->start_ticks == started->shim.start_ticks) {
      kill_now(started->shim.pid);
    }
  }
}

Launch Bench::shell(const std::string& id, const std::string& script) const {
  Launch launch;
  launch.id = id;
  launch.command = {"/bin/sh", "-c", script};
  launch.env = {{"PATH", "/usr/bin:/bin"}};
  launch.workdir = folder.path();
  launch.output = folder.at("output");
  return launch;
}

std::string Bench::output() const {
  return folder.get("output");
}

std::vector<std::int64_t> Bench::numbers() const {
  std::vector<std::int64_t> out;
  for (const auto& word : base::split(output(), '\n')) {
    if (const auto number = base::to_integer(word)) out.push_back(*number);
  }
  return out;
}

Child Bench::child(const std::string& id) {
  const auto children = processes.list();
  EXPECT_TRUE(children);
  for (const auto& child : *children) {
    if (child.id == id) return child;
  }
  Child none;
  none.failure = "not in the list";
  return none;
}

Child Bench::child_in(const std::string& id, Child::State state) {
  const auto until = base::steady_now() + kProcessDeadline;
  for (;;) {
    Child found = child(id);
    if (found.state == state) return found;
    std::vector<pollfd> polls;
    for (const int fd : processes.watch_fds())
      polls.push_back({fd, POLLIN, 0});
    const auto left = (until - base::steady_now()).count();
    if (left <= 0 || ::poll(polls.data(), polls.size(), static_cast<int>(left)) <= 0) {
      ADD_FAILURE() << id << " is in state " << static_cast<int>(found.state);
      return found;
    }
  }
}

std::int64_t Bench::shim_of(const std::string& id) const {
  const auto started = read_started(record(id));
  return started ? started->shim.pid : 0;
}

Bystander::Bystander(const std::vector<std::string>& env) {
  std::vector<std::string> words{"/bin/sleep", "1000"};
  std::vector<std::string> entries = env;
  std::vector<char*> argv, envp;
  for (auto& word : words)
    argv.push_back(word.data());
  for (auto& entry : entries)
    envp.push_back(entry.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  pid_t pid = 0;
  CHECK(::posix_spawn(&pid, words[0].c_str(), nullptr, nullptr, argv.data(), envp.data()) == 0);
  pid_ = pid;
}

Bystander::~Bystander() {
  kill_now(pid_);
  ::waitpid(static_cast<pid_t>(pid_), nullptr, 0);
}

std::int64_t Bystander::start_ticks() const {
  const auto stat = read_stat(pid_);
  return stat ? stat->start_ticks : 0;
}

}  // namespace agentd::tests
