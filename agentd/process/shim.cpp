// SPDX-License-Identifier: Apache-2.0
#include "agentd/process/shim.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <vector>

#include "agentd/process/child_image.hpp"
#include "agentd/process/proc.hpp"
#include "agentd/process/record.hpp"
#include "agentd/process/record_lock.hpp"
#include "base/clock.hpp"
#include "base/exit_code.hpp"
#include "base/file.hpp"
#include "base/hooks.hpp"

namespace agentd {
namespace {

struct Pipe {
  Fd out, in;  // what is written to `in` comes out of `out`

  static base::Result<Pipe> make() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
      return base::unavailable("make a pipe: " + errno_text(errno));
    }
    return Pipe{Fd(ends[0]), Fd(ends[1])};
  }
};

/// Whoever stops or leaves the shim's terminal, session or unit does not mean the shim: it ends
/// when its tree does.
void detach() {
  ::setsid();
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGCHLD, SIG_DFL);  // an ignored one would throw the exit codes away
  for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGPIPE})
    ::signal(number, SIG_IGN);
}

std::vector<std::string> take_secrets() {
  std::vector<std::string> secrets;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (text.starts_with(kSecretPrefix)) secrets.emplace_back(text.substr(kSecretPrefix.size()));
  }
  return secrets;
}

/// In the forked process. It waits until its record is on disk: a child that nobody knows of may
/// never execute anything, and when the shim dies first it ends here.
[[noreturn]] void run_child(const ChildImage& image, const Fd& gate, const Fd& report) {
  ::setsid();
  char word = 0;
  ssize_t got = -1;
  do {
    got = ::read(gate.get(), &word, 1);
  } while (got < 0 && errno == EINTR);
  if (got != 1) ::_exit(0);
  const int number = become(image, report.get());
  [[maybe_unused]] const auto told = ::write(report.get(), &number, sizeof number);
  ::_exit(127);
}

base::Result<Started> describe_child(pid_t pid, const std::string& cookie) {
  const auto child = read_stat(pid);
  if (!child) return child.error();
  const auto shim = read_stat(::getpid());
  if (!shim) return shim.error();
  const auto boot_id = read_boot_id();
  if (!boot_id) return boot_id.error();
  return Started{{child->pid, child->start_ticks},
                 {shim->pid, shim->start_ticks},
                 *boot_id,
                 cookie,
                 base::wall_now()};
}

/// Forks, writes child.json, lets the child go. An error means that nothing was executed.
base::Result<pid_t> start_child(const std::string& folder, const Intent& intent) {
  auto image = make_child_image(intent, take_secrets());
  if (!image) return std::move(image).error();
  auto gate = Pipe::make();
  if (!gate) return std::move(gate).error();
  auto report = Pipe::make();
  if (!report) return std::move(report).error();

  // A signal for the child must wait until the child has its own dispositions: the shim ignores
  // some.
  sigset_t all, before;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::fork();
  if (pid < 0) return base::unavailable("fork: " + errno_text(errno));
  if (pid == 0) {
    gate->in.close();
    run_child(*image, gate->out, report->in);
  }
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  gate->out.close();
  report->in.close();

  ORCH_FAILPOINT("shim.fork.after");
  auto started = describe_child(pid, intent.cookie);
  if (!started) return std::move(started).error().within("look at the child");
  if (auto written = write_started(folder, *started); !written) return std::move(written).error();
  ORCH_FAILPOINT("shim.record.after");
  if (::write(gate->in.get(), "g", 1) != 1)
    return base::internal("the child ended before its start");
  ORCH_FAILPOINT("shim.release.after");
  int number = 0;
  if (::read(report->out.get(), &number, sizeof number) == sizeof number) {
    return base::invalid("execute \"" + image->program + "\": " + errno_text(number));
  }
  return pid;
}

/// A full disk must not lose an exit code at once; a lost one is reported as unknown, never as 0.
void write_ended_patiently(const std::string& folder, const Ended& ended) {
  constexpr int kTries = 600, kPauseMs = 1000;
  ORCH_FAILPOINT("shim.exit.before");
  for (int i = 0; i < kTries; ++i) {
    if (write_ended(folder, ended)) {
      ORCH_FAILPOINT("shim.exit.after");
      return;
    }
    if (!base::facts_of(folder)) return;  // the record was dropped: nobody waits for it
    ::poll(nullptr, 0, kPauseMs);
  }
}

Ended ended_by(int status) {
  Ended ended;
  ended.at = base::wall_now();
  if (WIFSIGNALED(status)) {
    ended.signal = WTERMSIG(status);
  } else {
    ended.code = WEXITSTATUS(status);
  }
  return ended;
}

/// Until no process of the tree is left: orphans come to the shim, because it is their reaper.
void wait_for_all(const std::string& folder, std::optional<pid_t> child) {
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, 0);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) return;
    if (child == pid) write_ended_patiently(folder, ended_by(status));
  }
}

/// Only a proved absence of both files lets a child be started.
bool is_fresh(const std::string& folder) {
  const auto started = base::facts_of(folder + "/child.json");
  const auto ended = base::facts_of(folder + "/exit.json");
  return !started && started.error().code == base::Code::not_found && !ended &&
         ended.error().code == base::Code::not_found;
}

}  // namespace

int run_shim(const std::string& folder) {
  detach();
  const auto lock = RecordLock::take(folder);
  if (!lock) return static_cast<int>(base::Exit::busy);
  if (!is_fresh(folder)) return static_cast<int>(base::Exit::done);
  ORCH_FAILPOINT("shim.lock.after");

  const auto intent = read_intent(folder);
  auto child = intent ? start_child(folder, *intent) : base::Result<pid_t>(intent.error());
  if (!child) {
    Ended ended;
    ended.failure = child.error().message;
    ended.at = base::wall_now();
    write_ended_patiently(folder, ended);
  }
  wait_for_all(folder, child ? std::optional<pid_t>(*child) : std::nullopt);
  return static_cast<int>(base::Exit::done);
}

}  // namespace agentd
