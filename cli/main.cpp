// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "cli/input.hpp"
#include "cli/run.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <exception>

namespace {

constexpr int kInterrupted = 130;

/// Ctrl-C ends us at once, whatever we wait for; nothing of ours is half done. The moving line, if
/// there is one, is left behind.
void interrupted(int) {
  if (::isatty(STDERR_FILENO) != 0 && ::write(STDERR_FILENO, "\n", 1) < 0) ::_exit(kInterrupted);
  ::_exit(kInterrupted);
}

/// A descriptor that the caller closed must not become the next file or socket that we open.
void fill_standard_descriptors() {
  for (int fd = 0; fd <= STDERR_FILENO; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDONLY) < 0) return;
}

int width_of_terminal() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

cli::Terminal terminal(int fd) {
  return ::isatty(fd) != 0 ? cli::Terminal::yes : cli::Terminal::no;
}

int run(const std::vector<std::string>& words) {
  const char* no_color = std::getenv("NO_COLOR");
  const bool plain = no_color != nullptr && *no_color != '\0';
  const auto out_is = terminal(STDOUT_FILENO);
  cli::Console console(
      {.out = cli::sink_of(STDOUT_FILENO),
       .err = cli::sink_of(STDERR_FILENO),
       .out_is = out_is,
       .err_is = terminal(STDERR_FILENO),
       .color = out_is == cli::Terminal::yes && !plain ? cli::Color::yes : cli::Color::no,
       .width = width_of_terminal(),
       .out_fd = STDOUT_FILENO});
  wire::Loop loop;
  cli::Session session{console, loop, cli::places_of_environment(), {}, [] {
                         return cli::read_all(STDIN_FILENO, base::limits::kApplyBytes);
                       }};
  return static_cast<int>(cli::run(words, session));
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGINT, interrupted);
  fill_standard_descriptors();
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    cli::sink_of(STDERR_FILENO)("error: internal: " + std::string(error.what()) + "\n");
  } catch (...) {
    cli::sink_of(STDERR_FILENO)("error: internal\n");
  }
  return static_cast<int>(base::Exit::bug);
}
