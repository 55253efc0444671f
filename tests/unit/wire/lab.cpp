// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/wire/lab.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace wire::test {

RawSocket::RawSocket(const std::string& host_port) {
  const auto colon = host_port.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(host_port.substr(colon + 1))));
  ::inet_pton(AF_INET, host_port.substr(0, colon).c_str(), &address.sin_addr);
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int small = 4096;  // So that a peer that does not read is noticed soon.
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    ADD_FAILURE() << "cannot connect to " << host_port;
}

RawSocket::~RawSocket() {
  ::close(fd_);
}

void RawSocket::say(std::string_view bytes) {
  ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

void RawSocket::stop_saying() {
  ::shutdown(fd_, SHUT_WR);
}

const std::string& RawSocket::heard() {
  char bytes[16384];
  for (;;) {
    const auto got = ::recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno == ECONNRESET)) ended_ = true;
    if (got <= 0) return heard_;
    heard_.append(bytes, static_cast<std::size_t>(got));
  }
}

bool RawSocket::ended() {
  heard();
  return ended_;
}

}  // namespace wire::test
