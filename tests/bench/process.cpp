// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/process.hpp"

#include "tests/bench/side.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <fstream>

namespace bench {
namespace {

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (auto& word : words)
    all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

/// In the forked process, where only system calls are safe.
[[noreturn]] void become(char* const* argv, char* const* environment, int out, const char* log) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Ctrl-C reaches the whole terminal; servers end when we say so.
  ::setpgid(0, 0);
  ::dup2(::open("/dev/null", O_RDONLY), 0);
  ::dup2(out, 1);
  ::dup2(::open(log, O_WRONLY | O_CREAT | O_APPEND, 0600), 2);
  ::execve(argv[0], argv, environment);
  ::_exit(127);
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments, const std::string& log,
                 const std::vector<std::string>& environment) {
  auto words = arguments;
  auto settings = environment;
  const auto argv = pointers(words);
  const auto envp = pointers(settings);
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) give_up("no pipe for " + words.front());
  pid_ = ::fork();
  if (pid_ < 0) give_up("cannot fork for " + words.front());
  if (pid_ == 0) become(argv.data(), envp.data(), pipe[1], log.c_str());
  ::close(pipe[1]);
  out_ = pipe[0];
}

Process::~Process() {
  if (pid_ > 0) (void)end(SIGKILL);
  ::close(out_);
}

std::string Process::first_line() {
  std::string line;
  char c = 0;
  while (::read(out_, &c, 1) == 1 && c != '\n')
    line += c;
  return line;
}

int Process::end(int signal) {
  ::kill(pid_, signal);
  return wait();
}

int Process::wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Usage Process::usage() const {
  const auto folder = "/proc/" + std::to_string(pid_);
  Usage usage;
  std::ifstream status(folder + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:"))
      usage.resident_mib = std::strtod(line.c_str() + 6, nullptr) / 1024;
  if (usage.resident_mib == 0) give_up("the server is gone: its memory cannot be read");
  // Fields 14 and 15; the second one, the name, may hold blanks and ends with a bracket.
  std::ifstream stat(folder + "/stat");
  std::string field;
  std::getline(stat, field, ')');
  for (int i = 3; i <= 15 && stat >> field; ++i)
    if (i >= 14) usage.cpu_seconds += std::strtod(field.c_str(), nullptr);
  usage.cpu_seconds /= static_cast<double>(::sysconf(_SC_CLK_TCK));
  return usage;
}

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd, plain, size) != 0 || ::getsockname(fd, plain, &size) != 0)
    give_up("no free port on the loopback interface");
  ::close(fd);
  return ntohs(address.sin_port);
}

}  // namespace bench
