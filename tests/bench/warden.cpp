// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/warden.hpp"

#include "tests/bench/side.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace bench {
namespace {

/// SIGCHLD, SIGINT and SIGTERM, which the warden waits for instead of being interrupted.
sigset_t awaited() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM})
    sigaddset(&set, signal);
  return set;
}

/// Waits until the worker has ended or somebody wants it to; gives the exit code.
int watch_over(int worker) {
  const auto set = awaited();
  for (;;) {
    int signal = 0, status = 0;
    sigwait(&set, &signal);
    if (signal != SIGCHLD) {
      ::kill(worker, SIGKILL);
      return 128 + signal;
    }
    if (::waitpid(worker, &status, WNOHANG) == worker)
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
}

}  // namespace

int with_folder(const std::string& above, const std::function<int(const std::string&)>& work) {
  std::string folder = above + "/orch-bench-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) {
    std::fprintf(stderr, "bench-api: cannot make a folder in %s: name another with --dir\n",
                 above.c_str());
    return 73;
  }
  // Servers whose starter was killed become our children, so that we see their end.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const auto set = awaited();
  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, &set, &before);
  const int worker = ::fork();
  if (worker == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setpgid(0, 0);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    std::exit(work(folder));
  }
  const int code = worker < 0 ? 69 : watch_over(worker);
  while (::waitpid(-1, nullptr, 0) > 0) {
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return code;
}

}  // namespace bench
