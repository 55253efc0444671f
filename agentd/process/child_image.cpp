// SPDX-License-Identifier: Apache-2.0
#include "agentd/process/child_image.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>

#include "agentd/process/proc.hpp"
#include "base/text.hpp"

namespace agentd {
namespace {

constexpr std::string_view kPathFallback = "/usr/local/bin:/usr/bin:/bin";

base::Error failed(const std::string& what, const std::string& path, int number) {
  return base::invalid(what + base::quoted(path) + ": " + errno_text(number));
}

/// 0 or the errno that executing this file would give.
int look_at_program(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return errno;
  if (!S_ISREG(facts.st_mode)) return EACCES;
  return ::access(path.c_str(), X_OK) == 0 ? 0 : errno;
}

std::string within(const std::string& workdir, const std::string& path) {
  return path.starts_with('/') ? path : workdir + "/" + path;
}

/// As a shell looks for a program, but in the child's PATH and from the child's folder.
base::Result<std::string> find_program(const Launch& launch) {
  const std::string& name = launch.command.front();
  if (name.find('/') != std::string::npos) {
    const std::string path = within(launch.workdir, name);
    if (const int number = look_at_program(path)) return failed("", path, number);
    return path;
  }
  const auto found = launch.env.find("PATH");
  const std::string list = found == launch.env.end() ? std::string(kPathFallback) : found->second;
  std::string denied;
  for (const auto& folder : base::split(list, ':')) {
    const std::string path = within(launch.workdir, (folder.empty() ? "." : folder) + "/" + name);
    const int number = look_at_program(path);
    if (number == 0) return path;
    if (number == EACCES && denied.empty() && ::access(path.c_str(), F_OK) == 0) denied = path;
  }
  if (!denied.empty()) return failed("", denied, EACCES);
  return base::invalid(base::quoted(name) + ": not found in PATH (" + list + ")");
}

/// Appending, so that what others cut away or added in between stays true; never a pipe or a device
/// that could hold the child up.
base::Result<Fd> open_output(const std::string& path) {
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  Fd fd(::open(path.c_str(), kFlags, 0600));
  if (!fd) return failed("open output file ", path, errno);
  struct stat facts {};
  if (::fstat(fd.get(), &facts) != 0) return failed("open output file ", path, errno);
  if (!S_ISREG(facts.st_mode)) {
    return base::invalid("open output file " + base::quoted(path) + ": it is no regular file");
  }
  // Regular files know no waiting; the flag would be inherited and seen by the child.
  ::fcntl(fd.get(), F_SETFL, O_APPEND);
  return fd;
}

std::vector<std::string> env_of(const Intent& intent, const std::vector<std::string>& secrets) {
  std::vector<std::string> env;
  for (const auto& [name, value] : intent.launch.env) {
    const bool secret = intent.launch.secrets.contains(name);
    if (!secret && name != kInstanceVariable) env.push_back(name + "=" + value);
  }
  env.insert(env.end(), secrets.begin(), secrets.end());
  env.push_back(std::string(kInstanceVariable) + "=" + intent.cookie);
  return env;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (const auto& text : texts)
    out.push_back(const_cast<char*>(text.c_str()));  // execve's signature is older than const
  out.push_back(nullptr);
  return out;
}

}  // namespace

base::Result<ChildImage> make_child_image(const Intent& intent,
                                          const std::vector<std::string>& secrets) {
  const Launch& launch = intent.launch;
  ChildImage image;
  image.workdir = Fd(::open(launch.workdir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!image.workdir) return failed("open working folder ", launch.workdir, errno);
  auto program = find_program(launch);
  if (!program) return std::move(program).error();
  image.program = *std::move(program);
  image.command = launch.command;
  image.env = env_of(intent, secrets);
  image.input = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!image.input) return failed("open ", "/dev/null", errno);
  auto output = open_output(launch.output);
  if (!output) return std::move(output).error();
  image.output = *std::move(output);
  auto errors = open_output(launch.errors.empty() ? launch.output : launch.errors);
  if (!errors) return std::move(errors).error();
  image.errors = *std::move(errors);
  return image;
}

int become(const ChildImage& image, int report_fd) {
  for (int number = 1; number < NSIG; ++number)
    ::signal(number, SIG_DFL);  // a disposition to ignore would survive execve
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::fchdir(image.workdir.get()) != 0) return errno;
  if (::dup2(image.input.get(), STDIN_FILENO) < 0) return errno;
  if (::dup2(image.output.get(), STDOUT_FILENO) < 0) return errno;
  if (::dup2(image.errors.get(), STDERR_FILENO) < 0) return errno;
  // Everything else closes with execve, the report pipe included: its end says that it worked.
  if (::fcntl(report_fd, F_SETFD, FD_CLOEXEC) != 0) return errno;
  if (::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) != 0) return errno;
  ::execve(image.program.c_str(), pointers(image.command).data(), pointers(image.env).data());
  return errno;
}

}  // namespace agentd
