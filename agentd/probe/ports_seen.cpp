// SPDX-License-Identifier: Apache-2.0
#include "agentd/probe/ports_seen.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <charconv>

#include "base/file.hpp"
#include "base/text.hpp"
#include "wire/port_holder.hpp"

namespace agentd {
namespace {

constexpr std::int64_t kPortMax = 65'535;

/// Loopback and "any address", of both families, as the kernel writes them.
bool is_met(std::string_view address) {
  constexpr std::string_view kMet[] = {"0100007F", "00000000", "00000000000000000000000000000000",
                                       "00000000000000000000000001000000",
                                       "0000000000000000FFFF00000100007F"};
  return std::find(std::begin(kMet), std::end(kMet), address) != std::end(kMet);
}

std::vector<std::string_view> columns_of(std::string_view line) {
  std::vector<std::string_view> columns;
  while (!(line = base::trimmed(line)).empty()) {
    const auto end = std::min(line.find(' '), line.size());
    columns.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
  return columns;
}

class Socket {
 public:
  Socket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

/// The kernel's choice, or 0.
std::int64_t pick_port() {
  const Socket socket;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  if (socket.get() < 0 || ::bind(socket.get(), plain, size) != 0) return 0;
  if (::getsockname(socket.get(), plain, &size) != 0) return 0;
  return ntohs(address.sin_port);
}

}  // namespace

std::optional<std::int64_t> find_listener(std::string_view table, std::int64_t port) {
  constexpr std::string_view kListens = "0A";
  constexpr std::size_t kAddress = 1, kState = 3, kUser = 7;
  for (const auto& line : base::split(table, '\n')) {
    const auto columns = columns_of(line);
    if (columns.size() <= kUser || columns[kState] != kListens) continue;
    const auto colon = columns[kAddress].rfind(':');
    if (colon == std::string_view::npos || !is_met(columns[kAddress].substr(0, colon))) continue;
    const auto digits = columns[kAddress].substr(colon + 1);
    std::int64_t number = 0;
    const auto end = digits.data() + digits.size();
    if (std::from_chars(digits.data(), end, number, 16).ptr == end && number == port)
      return base::to_integer(columns[kUser]).value_or(-1);
  }
  return std::nullopt;
}

base::Result<PortState> see_port(std::int64_t port) {
  if (port < 1 || port > kPortMax) {
    return base::invalid("look at port " + std::to_string(port) + ": there is no such port");
  }
  PortState state;
  std::optional<std::int64_t> user;
  for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    const auto table = base::read_file(path);
    if (!table && table.error().code == base::Code::not_found) continue;  // no IPv6 here
    if (!table) return table.error();
    if (!user) user = find_listener(*table, port);
  }
  if (!user) return state;
  state.taken = true;
  const auto holder = wire::port_holder(static_cast<std::uint16_t>(port));
  if (!holder) {
    // Another user's, or one in a namespace that we cannot look into. Our own children have our
    // user; what has another is none of them, whatever answers there.
    state.holder = "a process of user id " + std::to_string(*user) + " that is hidden from us";
    if (*user != static_cast<std::int64_t>(::geteuid())) state.session = PortState::kForeign;
    return state;
  }
  state.holder = "pid " + std::to_string(holder->pid) + " (" + holder->command + ")";
  if (const auto session = ::getsid(holder->pid); session > 0) state.session = session;
  return state;
}

base::Result<std::int64_t> find_free_port(const std::vector<std::int64_t>& avoid) {
  constexpr int kTries = 100;  // the kernel picks at random, so it seldom meets the same twice
  for (int i = 0; i < kTries; ++i) {
    const auto port = pick_port();
    const bool fits = port > 0 && std::find(avoid.begin(), avoid.end(), port) == avoid.end();
    if (fits) return port;
  }
  return base::unavailable("find a free port on loopback: the kernel gives none");
}

}  // namespace agentd
