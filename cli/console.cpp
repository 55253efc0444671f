// SPDX-License-Identifier: Apache-2.0
#include "cli/console.hpp"

#include "base/text.hpp"

#include <poll.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>

namespace cli {
namespace {

constexpr std::size_t kBuffered = 64 * 1024;
constexpr std::string_view kWipe = "\r\x1b[K";

/// The first `columns` characters; a line that wraps could not be taken away again.
std::string cut_to(std::string_view text, int columns) {
  std::string out;
  for (const char c : text) {
    const bool begins = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (begins && columns-- <= 0) break;
    out += c;
  }
  return out;
}

}  // namespace

Sink sink_of(int fd) {
  return [fd](std::string_view bytes) {
    while (!bytes.empty()) {
      const auto wrote = ::write(fd, bytes.data(), bytes.size());
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0 && errno == EAGAIN) {  // somebody left the descriptor non-blocking
        pollfd wait{fd, POLLOUT, 0};
        ::poll(&wait, 1, -1);
        continue;
      }
      if (wrote <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return true;
  };
}

Console::~Console() {
  moving({});
}

void Console::out(std::string_view text) {
  if (broken_) return;
  waiting_ += text;
  if (waiting_.size() > kBuffered) flush();
}

bool Console::flush() {
  if (broken_) return false;
  if (waiting_.empty()) return true;
  moving({});
  broken_ = !setup_.out(waiting_);
  waiting_.clear();
  return !broken_;
}

void Console::look() {
  if (setup_.out_fd < 0) return;
  pollfd seen{setup_.out_fd, 0, 0};
  if (::poll(&seen, 1, 0) == 1 && (seen.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
    broken_ = true;
}

void Console::note(std::string_view line) {
  flush();
  moving({});
  setup_.err(std::string(line) + "\n");
}

void Console::moving(std::string_view line) {
  if (setup_.err_is == Terminal::no) return;
  if (line.empty() && !line_shown_) return;
  line_shown_ = !line.empty();
  setup_.err(std::string(kWipe) + cut_to(base::printable(line), std::max(setup_.width - 1, 0)));
}

std::string Console::foreign(std::string_view text) const {
  return setup_.out_is == Terminal::yes ? base::printable(text) : std::string(text);
}

std::string Console::bold(std::string_view text) const {
  if (setup_.color == Color::no) return std::string(text);
  return "\x1b[1m" + std::string(text) + "\x1b[0m";
}

}  // namespace cli
