// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"
#include "wire/loop_inner.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// The system's socket calls, for the rest of wire only. Every socket here is close-on-exec and
/// non-blocking.
namespace wire {

struct Listening {
  int fd = -1;
  std::string address;  // host:port as it is
};
base::Result<Listening> listen_tcp(const std::string& address);
/// Mode 0600 from the first moment; replaces a socket file that nobody listens on.
base::Result<int> listen_unix_socket(const std::string& path);

/// The next waiting connection; -1 with errno as accept(2) leaves it.
int accept_from(int listener);

/// Begins to connect: the socket becomes writable when it is decided.
base::Result<int> begin_connect(const SocketAddress& address);
base::Result<int> begin_connect_unix(const std::string& path);
/// How the connecting ended.
base::Status connected(int fd);

/// "127.0.0.1:51234", "[::1]:51234" or "unix".
std::string peer_text(int fd);
/// The other side's user, on a unix socket.
std::optional<std::uint32_t> peer_uid(int fd);

struct HostPort {
  std::string host, port;
};
/// "host:port" or "[::1]:port"; a port is a number up to 65535.
base::Result<HostPort> split_host_port(const std::string& address);
std::string join_host_port(const std::string& host, const std::string& port);

}  // namespace wire
