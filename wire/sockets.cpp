// SPDX-License-Identifier: Apache-2.0
#include "wire/sockets.hpp"

#include "base/text.hpp"
#include "wire/port_holder.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace wire {
namespace {

constexpr int kWaiting = 1024;  // connections that the kernel keeps until we accept them

base::Error system_error(int code) {
  return base::unavailable(std::strerror(code));
}

int make_socket(int family) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  // Without it the first answer on a connection waits 40 ms for the other side's delayed ACK.
  if (fd >= 0 && family != AF_UNIX) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

std::string number_port(const sockaddr_storage& address) {
  sockaddr_in6 six;
  sockaddr_in four;
  std::memcpy(&six, &address, sizeof six);
  std::memcpy(&four, &address, sizeof four);
  return std::to_string(ntohs(address.ss_family == AF_INET6 ? six.sin6_port : four.sin_port));
}

base::Error in_use(const HostPort& where) {
  std::string text = "listen on " + join_host_port(where.host, where.port) + ": address in use";
  const auto port = base::to_integer(where.port);
  const auto holder = port ? port_holder(static_cast<std::uint16_t>(*port)) : std::nullopt;
  if (holder) text += " by process " + std::to_string(holder->pid) + " (" + holder->command + ")";
  return base::unavailable(text);
}

base::Result<int> bind_and_listen(const addrinfo& at, const HostPort& where) {
  const int fd = make_socket(at.ai_family);
  if (fd < 0) return system_error(errno).within("make a socket");
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd, at.ai_addr, at.ai_addrlen) == 0 && ::listen(fd, kWaiting) == 0) return fd;
  const int problem = errno;
  ::close(fd);
  if (problem == EADDRINUSE) return in_use(where);
  auto error = system_error(problem);
  if (problem == EACCES || problem == EPERM) error.code = base::Code::forbidden;
  return std::move(error).within("listen on " + join_host_port(where.host, where.port));
}

/// A unix socket's name holds 107 bytes. A longer path is reached through its open folder.
class UnixName {
 public:
  explicit UnixName(const std::string& path) {
    address_.sun_family = AF_UNIX;
    std::string name = path;
    if (name.size() >= sizeof address_.sun_path) {
      const auto slash = path.rfind('/');
      if (slash == std::string::npos) return;
      folder_ = ::open(path.substr(0, slash).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
      name = "/proc/self/fd/" + std::to_string(folder_) + path.substr(slash);
    }
    if (name.size() < sizeof address_.sun_path)
      std::memcpy(address_.sun_path, name.data(), name.size());
  }
  ~UnixName() {
    if (folder_ >= 0) ::close(folder_);
  }
  UnixName(const UnixName&) = delete;
  UnixName& operator=(const UnixName&) = delete;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  static constexpr socklen_t kSize = sizeof(sockaddr_un);

 private:
  sockaddr_un address_{};
  int folder_ = -1;
};

/// A connected socket, or -1 and what the system said.
int connect_unix(const std::string& path, int& problem) {
  const int fd = make_socket(AF_UNIX);
  const UnixName name(path);
  if (fd >= 0 && ::connect(fd, name.get(), UnixName::kSize) == 0) return fd;
  problem = errno;
  if (fd >= 0) ::close(fd);
  return -1;
}

/// A socket file whose listener is gone refuses connections; anything else is not ours to remove.
base::Status clear_stale_socket(const std::string& path) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) return base::ok();
  if (!S_ISSOCK(facts.st_mode))
    return base::unavailable("listen on unix:" + path + ": a file that is no socket is there");
  int problem = 0;
  const int probe = connect_unix(path, problem);
  if (probe >= 0) ::close(probe);
  if (problem != ECONNREFUSED)
    return base::unavailable("listen on unix:" + path + ": another process listens there");
  ::unlink(path.c_str());
  return base::ok();
}

}  // namespace

base::Result<HostPort> split_host_port(const std::string& address) {
  const auto bad = [&] {
    return base::invalid("not of the form host:port: " + base::quoted(address));
  };
  const auto colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0) return bad();
  HostPort found{address.substr(0, colon), address.substr(colon + 1)};
  const auto port = base::to_integer(found.port);
  if (!port || *port < 0 || *port > 65535) return bad();
  const bool bracketed = found.host.front() == '[' && found.host.back() == ']';
  if (bracketed) found.host = found.host.substr(1, found.host.size() - 2);
  if (found.host.empty() || (!bracketed && found.host.find(':') != std::string::npos)) return bad();
  return found;
}

std::string join_host_port(const std::string& host, const std::string& port) {
  return host.find(':') == std::string::npos ? host + ':' + port : '[' + host + "]:" + port;
}

base::Result<Listening> listen_tcp(const std::string& address) {
  const auto where = split_host_port(address);
  if (!where) return where.error();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int problem = ::getaddrinfo(where->host.c_str(), where->port.c_str(), &hints, &found);
      problem != 0)
    return base::invalid("listen on " + address + ": " + ::gai_strerror(problem));
  auto fd = bind_and_listen(*found, *where);
  ::freeaddrinfo(found);
  if (!fd) return std::move(fd).error();
  sockaddr_storage real{};
  socklen_t size = sizeof real;
  ::getsockname(*fd, reinterpret_cast<sockaddr*>(&real), &size);
  return Listening{*fd, join_host_port(where->host, number_port(real))};
}

base::Result<int> listen_unix_socket(const std::string& path) {
  if (auto clear = clear_stale_socket(path); !clear) return std::move(clear).error();
  const int fd = make_socket(AF_UNIX);
  if (fd < 0) return system_error(errno).within("make a socket");
  ::fchmod(fd, 0600);  // Linux gives the file the mode that the socket has at bind.
  const UnixName name(path);
  if (::bind(fd, name.get(), UnixName::kSize) == 0 && ::chmod(path.c_str(), 0600) == 0 &&
      ::listen(fd, kWaiting) == 0)
    return fd;
  const int problem = errno;
  ::close(fd);
  return system_error(problem).within("listen on unix:" + path);
}

int accept_from(int listener) {
  const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  const int on = 1;
  if (fd >= 0) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

base::Result<int> begin_connect(const SocketAddress& address) {
  const int fd = make_socket(address.family);
  if (fd < 0) return system_error(errno);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(address.bytes.data()),
                static_cast<socklen_t>(address.bytes.size())) == 0 ||
      errno == EINPROGRESS)
    return fd;
  const int problem = errno;
  ::close(fd);
  return system_error(problem);
}

base::Result<int> begin_connect_unix(const std::string& path) {
  int problem = 0;
  const int fd = connect_unix(path, problem);
  if (fd >= 0) return fd;
  auto error = system_error(problem);
  if (problem == EACCES || problem == EPERM) error.code = base::Code::forbidden;
  return error;
}

base::Status connected(int fd) {
  int problem = 0;
  socklen_t size = sizeof problem;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size);
  if (problem == 0) return base::ok();
  return system_error(problem);
}

std::string peer_text(int fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return "unknown";
  if (peer.ss_family == AF_UNIX) return "unix";
  char host[NI_MAXHOST] = "";
  ::getnameinfo(reinterpret_cast<const sockaddr*>(&peer), size, host, sizeof host, nullptr, 0,
                NI_NUMERICHOST);
  return join_host_port(host, number_port(peer));
}

std::optional<std::uint32_t> peer_uid(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer.uid;
}

}  // namespace wire
