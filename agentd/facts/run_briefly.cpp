// SPDX-License-Identifier: Apache-2.0
#include "agentd/facts/run_briefly.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "base/clock.hpp"
#include "base/text.hpp"

namespace agentd {
namespace {

constexpr std::size_t kPrintedBytes = 1 << 20;

base::Error failed(const std::string& program, const std::string& why) {
  return base::unavailable("run " + base::quoted(program) + ": " + why);
}

std::string text_of(int number) {
  return std::generic_category().message(number);
}

/// The pid, or an error; standard output goes to `out`, all else to nowhere.
base::Result<pid_t> spawn(const std::vector<std::string>& command, int out) {
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, out, 1);
  ::posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
  std::vector<std::string> words = command;
  std::vector<char*> argv;
  for (auto& word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int number =
      ::posix_spawn(&pid, words.front().c_str(), &files, nullptr, argv.data(), ::environ);
  ::posix_spawn_file_actions_destroy(&files);
  if (number != 0) return failed(command.front(), text_of(number));
  return pid;
}

/// Reads until the end; false when the deadline came first or it printed too much.
bool read_until(int fd, base::Instant deadline, std::string& printed) {
  std::array<char, 4096> block{};
  for (;;) {
    const auto left = (deadline - base::steady_now()).count();
    pollfd wait{fd, POLLIN, 0};
    const int ready = left > 0 ? ::poll(&wait, 1, static_cast<int>(left)) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0 || printed.size() > kPrintedBytes) return false;
    const auto n = ::read(fd, block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return true;
    printed.append(block.data(), static_cast<std::size_t>(n));
  }
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

base::Result<std::string> run_briefly(const std::vector<std::string>& command,
                                      base::Duration deadline) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed(command.front(), text_of(errno));
  const auto pid = spawn(command, ends[1]);
  ::close(ends[1]);
  std::string printed;
  const bool whole = pid && read_until(ends[0], base::steady_now() + deadline, printed);
  ::close(ends[0]);
  if (!pid) return pid.error();
  if (!whole) ::kill(*pid, SIGKILL);  // not waited for yet, so the pid is still its own
  const int status = wait_for(*pid);
  if (!whole) return failed(command.front(), "it gave no answer in time");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return failed(command.front(), "it failed");
  }
  return printed;
}

}  // namespace agentd
