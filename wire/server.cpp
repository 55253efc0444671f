// SPDX-License-Identifier: Apache-2.0
#include "wire/server.hpp"

#include "base/log.hpp"
#include "wire/session.hpp"
#include "wire/sockets.hpp"

#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <utility>

namespace wire {
namespace {

constexpr int kAcceptsInTurn = 64;          // then the connections that we have get their turn
constexpr base::Duration kOutOfFiles{100};  // before we look whether a descriptor came free

/// Whether the failed accept concerns only the connection that is already gone again.
bool passing(int problem) {
  return problem == ECONNABORTED || problem == EINTR || problem == EPROTO;
}

}  // namespace

struct Server::State : std::enable_shared_from_this<Server::State> {
  struct Listener {
    std::unique_ptr<FdWatch> watch;
    enum class Kind { tls, plain };
    Kind kind = Kind::plain;
    std::string unix_path;
    Loop::Timer retry;
  };

  State(Loop& loop, Service& service, const Bounds& bounds)
      : core(std::make_shared<ServerCore>(loop, service, bounds)) {}

  void add(int fd, Listener::Kind kind, const std::string& unix_path);
  void watch(const std::shared_ptr<Listener>& listener);
  void accept_all(const std::shared_ptr<Listener>& listener);
  void admit(int fd, const Listener& listener);
  bool make_room();

  std::shared_ptr<ServerCore> core;
  std::vector<std::shared_ptr<Listener>> listeners;
  std::shared_ptr<Tls::State> tls;
};

void Server::State::add(int fd, Listener::Kind kind, const std::string& unix_path) {
  auto listener = std::make_shared<Listener>();
  listener->watch = std::make_unique<FdWatch>(core->loop, fd);
  listener->kind = kind;
  listener->unix_path = unix_path;
  listeners.push_back(listener);
  watch(listener);
}

void Server::State::watch(const std::shared_ptr<Listener>& listener) {
  listener->watch->want_read([weak = weak_from_this(), kept = std::weak_ptr<Listener>(listener)] {
    const auto self = weak.lock();
    const auto ready = kept.lock();
    if (self && ready) self->accept_all(ready);
  });
}

void Server::State::accept_all(const std::shared_ptr<Listener>& listener) {
  for (int turn = 0; turn < kAcceptsInTurn; ++turn) {
    const int fd = accept_from(listener->watch->fd());
    if (fd >= 0) {
      admit(fd, *listener);
    } else if (errno == EAGAIN) {
      break;
    } else if (!passing(errno)) {
      base::log::warn("wire.accept_failed", {{"why", std::strerror(errno)}});
      listener->retry = core->loop.after(
          kOutOfFiles, [weak = weak_from_this(), kept = std::weak_ptr<Listener>(listener)] {
            const auto self = weak.lock();
            const auto again = kept.lock();
            if (self && again) self->watch(again);
          });
      return;
    }
  }
  watch(listener);
}

/// Lets go of the connection that is owed least; false when each has a request in hand.
bool Server::State::make_room() {
  std::shared_ptr<Session> least;
  for (const auto& [key, session] : core->sessions)
    if (session->waits() && (!least || session->is_owed_less_than(*least))) least = session;
  if (!least) return false;
  base::log::warn("wire.connection_made_room", {{"peer", least->address()}});
  least->cut();
  core->sessions.erase(least.get());
  return true;
}

void Server::State::admit(int fd, const Listener& listener) {
  if (core->sessions.size() >= core->bounds.connections && !make_room()) {
    base::log::warn("wire.too_many_connections", {{"peer", peer_text(fd)}});
    ::close(fd);
    return;
  }
  auto connection = std::make_shared<Connection>(
      core->loop, fd, listener.kind == Listener::Kind::tls ? tls : nullptr, "");
  auto session = std::make_shared<Session>(core, std::move(connection));
  core->sessions.emplace(session.get(), session);
  session->start();
}

base::Result<HeldAddress> HeldAddress::tcp(const std::string& address) {
  auto listening = listen_tcp(address);
  if (!listening) return std::move(listening).error();
  return HeldAddress(listening->fd, std::move(listening->address), Kind::tcp);
}

base::Result<HeldAddress> HeldAddress::unix_socket(const std::string& path) {
  const auto fd = listen_unix_socket(path);
  if (!fd) return fd.error();
  return HeldAddress(*fd, path, Kind::unix_socket);
}

HeldAddress::HeldAddress(HeldAddress&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), address_(std::move(other.address_)), kind_(other.kind_) {}

HeldAddress::~HeldAddress() {
  if (fd_ < 0) return;
  if (kind_ == Kind::unix_socket) ::unlink(address_.c_str());
  ::close(fd_);
}

void Service::on_refused(const Request&, const Refusal&) {}

Server::Server(Loop& loop, Service& service, const Bounds& bounds)
    : state_(std::make_shared<State>(loop, service, bounds)) {}

Server::~Server() {
  stop_accepting();
  close_all();
  state_->core->sessions.clear();
}

base::Result<std::string> Server::listen(const std::string& address, const Tls& tls) {
  auto held = HeldAddress::tcp(address);
  if (!held) return std::move(held).error();
  std::string real = held->address();
  listen(std::move(*held), tls);
  return real;
}

void Server::listen(HeldAddress held, const Tls& tls) {
  use(tls);
  state_->add(std::exchange(held.fd_, -1), State::Listener::Kind::tls, "");
}

base::Result<std::string> Server::listen_plain(const std::string& address) {
  auto listening = listen_tcp(address);
  if (!listening) return std::move(listening).error();
  state_->add(listening->fd, State::Listener::Kind::plain, "");
  return listening->address;
}

base::Status Server::listen_unix(const std::string& path) {
  auto held = HeldAddress::unix_socket(path);
  if (!held) return std::move(held).error();
  listen_unix(std::move(*held));
  return base::ok();
}

void Server::listen_unix(HeldAddress held) {
  state_->add(std::exchange(held.fd_, -1), State::Listener::Kind::plain, held.address_);
}

void Server::use(const Tls& tls) {
  state_->tls = tls.state();
}

void Server::stop_accepting() {
  state_->core->doors = ServerCore::Doors::closing;
  for (const auto& listener : state_->listeners)
    if (!listener->unix_path.empty()) ::unlink(listener->unix_path.c_str());
  state_->listeners.clear();
}

void Server::close_all() {
  const auto sessions = state_->core->sessions;  // Dismissing one changes the table.
  for (const auto& [key, session] : sessions)
    session->dismiss();
}

std::size_t Server::connections() const {
  return state_->core->sessions.size();
}

}  // namespace wire
