// SPDX-License-Identifier: Apache-2.0
#include "agentd/shell.hpp"

#include "agentd/core/agent.hpp"
#include "agentd/facts/facts.hpp"
#include "agentd/harness/parsers.hpp"
#include "agentd/harness/run_folders.hpp"
#include "agentd/harness/task_files.hpp"
#include "agentd/link/link.hpp"
#include "agentd/probe/prober.hpp"
#include "agentd/process/notes.hpp"
#include "agentd/process/processes.hpp"
#include "base/clock.hpp"
#include "base/exit_code.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "wire/pki.hpp"

#include <csignal>
#include <cstdio>
#include <iterator>
#include <memory>

#include <unistd.h>

namespace agentd {
namespace {

constexpr base::Duration kStepMin{10};

base::Moment moment() {
  return {base::steady_now(), base::wall_now()};
}

int complain(const base::Error& error, base::Exit code) {
  std::fprintf(stderr, "orch-agentd: %s\n", error.message.c_str());
  return static_cast<int>(code);
}

base::Result<std::string> token_text(const std::string& given) {
  if (given == "-") {
    std::string text;
    char buffer[4096];
    while (const auto n = std::fread(buffer, 1, sizeof buffer, stdin)) {
      text.append(buffer, n);
      if (text.size() > 4096) break;
    }
    return text;
  }
  if (given.starts_with("@")) return base::read_file(given.substr(1), 4096);
  return given;
}

/// Everything of a running agent, in the order in which it must end.
struct Shell {
  Shell(const Arguments& arguments, Membership m)
      : args(arguments),
        membership(std::move(m)),
        processes(args.data_dir, "/proc/self/exe"),  // also after an upgrade of the file
        notes(args.data_dir + "/state.json"),
        parsers(processes, args.child_env),
        prober(loop, [this](const std::string& ticket, ProbeAnswer answer) {
          if (agent) agent->probed(ticket, answer, moment());
          step_soon();
        }) {}

  Settings settings() const {
    Settings s;
    s.machine = membership.machine;
    s.cluster = membership.cluster;
    s.version = base::kVersion;
    s.agent_id = base::to_hex(wire::random_bytes(8));
    s.boot_id = boot_id();
    s.runs_folder = args.runs_folder.empty() ? args.data_dir + "/runs" : args.runs_folder;
    s.logs_folder = args.data_dir + "/logs";
    s.base_env = args.child_env;
    return s;
  }

  base::Status open() {
    const auto s = settings();
    for (const auto& folder : {s.runs_folder, s.logs_folder})
      if (auto made = base::make_folder(folder, 0700); !made) return made;
    auto opened = Agent::open({processes, notes, prober, folders, parsers, tasks}, s);
    if (!opened) return opened.error();
    agent.emplace(std::move(*opened));
    agent->set_facts(read_facts());
    return base::ok();
  }

  void step_soon() {
    if (stopping) return;
    timer = loop.after(kStepMin, [this] { step(); });
  }

  void step() {
    if (stopping) return;
    agent->step(moment());
    if (link) link->pump();
    if (going_down && agent->is_empty()) return stop();
    watch();
    const auto wake = agent->wake();
    const auto now = base::steady_now();
    const auto wait = wake ? std::max(*wake - now, kStepMin) : base::seconds(5);
    timer = loop.after(std::min<base::Duration>(wait, base::seconds(5)), [this] { step(); });
  }

  /// An exit is noticed at once, not at the next look.
  void watch() {
    watches.clear();
    for (const int fd : processes.watch_fds())
      watches.push_back(loop.when_readable(fd, [this] { step_soon(); }));
  }

  void stop() {
    stopping = true;
    timer.cancel();
    watches.clear();
    loop.stop();
  }

  const Arguments& args;
  Membership membership;
  wire::Loop loop;
  ShimProcesses processes;
  FileNotes notes;
  FileRunFolders folders;
  HarnessParsers parsers;
  FileTaskFiles tasks;
  HttpProber prober;
  std::optional<Agent> agent;
  std::unique_ptr<Link> link;
  wire::Loop::Timer timer;
  std::vector<wire::Loop::Timer> watches;
  bool stopping = false, going_down = false;
};

/// The data directory is ours alone, and only one agent works in it.
base::Result<base::FileLock> take_folder(const std::string& data_dir, int& code) {
  code = static_cast<int>(base::Exit::not_allowed);
  if (const auto facts = base::facts_of(data_dir); !facts) {
    code = static_cast<int>(base::Exit::cannot_create);
    if (auto made = base::make_folder(data_dir, 0700); !made) return made.error();
  }
  code = static_cast<int>(base::Exit::not_allowed);
  if (auto fine = base::check_private(data_dir); !fine) return fine.error();
  auto lock = base::FileLock::take(data_dir + "/lock");
  code = static_cast<int>(base::Exit::busy);
  if (!lock && lock.error().code == base::Code::unavailable) {
    const auto pid = base::read_file(data_dir + "/pid", 64);
    return base::unavailable(
        "another agent" +
        (pid ? " (pid " + std::string(base::trimmed(*pid)) + ")" : std::string()) + " works in \"" +
        data_dir + "\"");
  }
  if (lock) (void)base::write_file(data_dir + "/pid", std::to_string(::getpid()) + "\n", 0600);
  return lock;
}

/// The identity it has, or a new one by the token.
base::Result<Membership> member(const Arguments& args, int& code) {
  auto known = Membership::load(args.data_dir);
  code = static_cast<int>(base::Exit::bad_state);
  if (known) {
    if (!args.name.empty() && args.name != known->machine)
      return base::forbidden("\"" + args.data_dir + "\" holds the identity of machine \"" +
                             known->machine + "\", not of \"" + args.name +
                             "\"; give another --data-dir");
    if (!args.controller.empty() && args.controller != known->controller) {
      known->controller = args.controller;
      if (auto saved = known->save(args.data_dir); !saved) return saved.error();
    }
    return known;
  }
  if (known.error().code == base::Code::forbidden) {
    code = static_cast<int>(base::Exit::not_allowed);
    return known;
  }
  if (known.error().code != base::Code::not_found) return known;
  code = static_cast<int>(base::Exit::usage);
  if (args.join.empty() || args.controller.empty() || args.name.empty())
    return base::invalid("\"" + args.data_dir +
                         "\" holds no identity yet: give --controller, --name and --join (a token "
                         "from \"orch-controller --data-dir D token --machine NAME\")");
  const auto text = token_text(args.join);
  if (!text) return base::Error(text.error()).within("read the join token");
  const auto token = JoinToken::parse(*text);
  code = static_cast<int>(base::Exit::bad_input);
  if (!token) return token.error();
  wire::Loop loop;
  auto joined = join(loop, args.controller, *token, args.name);
  if (!joined) {
    code = static_cast<int>(base::exit_for(joined.error().code));
    return joined;
  }
  code = static_cast<int>(base::Exit::cannot_create);
  if (auto saved = joined->save(args.data_dir); !saved) return saved.error();
  return joined;
}

}  // namespace

int run_agent(const Arguments& args) {
  base::log::to_stderr(args.verbose ? base::log::Level::debug : base::log::Level::info);
  int code = 0;
  auto lock = take_folder(args.data_dir, code);
  if (!lock) return complain(lock.error(), static_cast<base::Exit>(code));
  auto membership = member(args, code);
  if (!membership) return complain(membership.error(), static_cast<base::Exit>(code));

  Shell shell(args, *membership);
  if (auto opened = shell.open(); !opened) return complain(opened.error(), base::Exit::bad_state);
  shell.link = std::make_unique<Link>(shell.loop, *shell.agent, *membership, args.data_dir,
                                      args.labels, [&shell] { shell.step_soon(); });
  shell.link->on_ready = [&shell] {
    std::printf("ready %s\n", shell.membership.machine.c_str());
    std::fflush(stdout);
  };
  shell.loop.on_signals({SIGTERM, SIGINT, SIGUSR1}, [&shell](int signal) {
    if (signal != SIGUSR1) return shell.stop();
    base::log::info("agent.down_asked", {});
    shell.going_down = true;
    shell.agent->go_down();
    shell.step_soon();
  });
  if (auto started = shell.link->start(); !started)
    return complain(started.error(), base::Exit::bad_state);
  base::log::info("agent.started", {{"machine", shell.membership.machine},
                                    {"controller", shell.membership.controller},
                                    {"life", shell.agent->life()}});
  shell.step();
  shell.loop.run();
  base::log::info("agent.stopped", {{"machine", shell.membership.machine}});
  return 0;
}

int run_down(const Arguments& args) {
  base::log::to_stderr(args.verbose ? base::log::Level::debug : base::log::Level::quiet);
  int code = 0;
  auto known = Membership::load(args.data_dir);
  if (!known)
    return complain(base::Error(known.error()).within("find the agent to stop"),
                    base::Exit::bad_state);
  auto lock = take_folder(args.data_dir, code);
  if (!lock && code == static_cast<int>(base::Exit::busy)) {
    // An agent runs: it stops its children by the same rules and then ends.
    const auto text = base::read_file(args.data_dir + "/pid", 64);
    const auto pid = text ? base::to_integer(base::trimmed(*text)) : std::nullopt;
    if (!pid || ::kill(static_cast<pid_t>(*pid), SIGUSR1) != 0)
      return complain(lock.error(), base::Exit::busy);
    std::fprintf(stderr, "orch-agentd: asked the running agent (pid %lld) to stop everything\n",
                 static_cast<long long>(*pid));
    wire::Loop waiting;
    while (!(lock = base::FileLock::take(args.data_dir + "/lock")))
      waiting.run_once(base::Duration{100});
  }
  if (!lock) return complain(lock.error(), static_cast<base::Exit>(code));
  Shell shell(args, *known);
  if (auto opened = shell.open(); !opened) return complain(opened.error(), base::Exit::bad_state);
  shell.going_down = true;
  shell.agent->go_down();
  shell.step();
  if (!shell.stopping) shell.loop.run();
  std::fprintf(stderr, "orch-agentd: nothing of machine \"%s\" runs here any more\n",
               known->machine.c_str());
  return 0;
}

}  // namespace agentd
