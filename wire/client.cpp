// SPDX-License-Identifier: Apache-2.0
#include "wire/client.hpp"

#include "base/text.hpp"
#include "wire/client_inner.hpp"
#include "wire/sockets.hpp"

#include <algorithm>

namespace wire {
namespace {

constexpr std::size_t kIdleConnections = 64;  // more would be worth less than their memory
// Well below the time after which our servers close, so that we are the ones who let go.
constexpr base::Duration kIdleFor{60'000};

bool begins_with(const std::string& text, std::string_view prefix) {
  return std::string_view(text).substr(0, prefix.size()) == prefix;
}

base::Error bad_endpoint(const std::string& url) {
  return base::invalid("not an address of the form https://host:port, http://host:port or " +
                       std::string("unix:/path: ") + base::quoted(url));
}

base::Result<Endpoint> parse_unix(const std::string& url) {
  std::string path = url.substr(std::string_view("unix:").size());
  if (begins_with(path, "///")) path.erase(0, 2);
  if (path.empty() || path.front() != '/' || path.find('\0') != std::string::npos)
    return bad_endpoint(url);
  return Endpoint{Endpoint::Scheme::unix_socket, path, ""};
}

bool is_host(const std::string& host) {
  return std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c == '%';
  });
}

}  // namespace

base::Result<Endpoint> Endpoint::parse(const std::string& url) {
  if (begins_with(url, "unix:")) return parse_unix(url);
  const bool secure = begins_with(url, "https://");
  if (!secure && !begins_with(url, "http://")) return bad_endpoint(url);
  std::string rest = url.substr(url.find("//") + 2);
  if (!rest.empty() && rest.back() == '/') rest.pop_back();
  const bool has_port =
      rest.find(':', rest.rfind(']') == std::string::npos ? 0 : rest.rfind(']')) !=
      std::string::npos;
  if (!has_port) rest += secure ? ":443" : ":80";
  auto parts = split_host_port(rest);
  if (!parts || !is_host(parts->host) || parts->port == "0") return bad_endpoint(url);
  return Endpoint{secure ? Scheme::https : Scheme::http, parts->host, parts->port};
}

std::string Endpoint::text() const {
  if (scheme == Scheme::unix_socket) return "unix:" + host;
  return (scheme == Scheme::https ? "https://" : "http://") + join_host_port(host, port);
}

// ---- idle connections

Client::State::State(Loop& at, Endpoint to, std::shared_ptr<Tls::State> with)
    : loop(at), endpoint(std::move(to)), tls(std::move(with)) {
  host = endpoint.scheme == Endpoint::Scheme::unix_socket
             ? "localhost"
             : join_host_port(endpoint.host, endpoint.port);
}

std::shared_ptr<Connection> Client::State::take_idle() {
  while (!idle.empty()) {
    const auto connection = std::move(idle.back().connection);
    idle.pop_back();
    // Its end may have come while nobody was in the loop; and what nobody asked for is no answer.
    bool touched = false;
    connection->hand_over({.on_ready = {},
                           .on_bytes = [&](std::string_view) { touched = true; },
                           .on_sent = {},
                           .on_end = [&](const base::Status&) { touched = true; },
                           .on_gone = {}});
    connection->look();
    connection->hand_over({});
    if (!touched && connection->open()) return connection;
    connection->cut();
  }
  return nullptr;
}

void Client::State::keep_idle(const std::shared_ptr<Connection>& connection) {
  const auto forget = [weak = weak_from_this(), key = connection.get()] {
    const auto self = weak.lock();
    if (!self) return;
    const auto found = std::find_if(self->idle.begin(), self->idle.end(), [&](const Idle& entry) {
      return entry.connection.get() == key;
    });
    if (found == self->idle.end()) return;
    found->connection->cut();
    self->idle.erase(found);
  };
  // Whatever happens on an idle connection makes it useless: its end, or bytes nobody asked for.
  connection->hand_over({.on_ready = {},
                         .on_bytes = [forget](std::string_view) { forget(); },
                         .on_sent = {},
                         .on_end = [forget](const base::Status&) { forget(); },
                         .on_gone = {}});
  if (idle.size() == kIdleConnections) {
    idle.front().connection->cut();
    idle.erase(idle.begin());
  }
  idle.push_back({connection, loop.after(kIdleFor, forget)});
}

void Client::State::begin(const std::shared_ptr<ClientCall>& call) {
  std::erase_if(calls, [](const std::weak_ptr<ClientCall>& known) { return known.expired(); });
  calls.push_back(call);
  call->start();
}

// ---- the client

Client::Client(Loop& loop, Endpoint endpoint, std::optional<Tls> tls)
    : state_(std::make_shared<State>(loop, std::move(endpoint),
                                     tls ? tls->state() : std::shared_ptr<Tls::State>())) {}

Client::~Client() {
  for (const auto& weak : state_->calls)
    if (const auto call = weak.lock()) call->drop();
  for (const auto& entry : state_->idle)
    entry.connection->cut();
  state_->idle.clear();
}

Client::Call Client::send(Request request, Options options, OnResponse done) {
  auto call = std::make_shared<ClientCall>(state_, request, options, ClientCall::Kind::whole);
  call->on_response = std::move(done);
  state_->begin(call);
  return Call(std::move(call));
}

Client::Call Client::stream(Request request, Options options, base::Duration silence,
                            StreamEvents events) {
  auto call = std::make_shared<ClientCall>(state_, request, options, ClientCall::Kind::stream);
  call->events = std::move(events);
  call->silence = silence;
  state_->begin(call);
  return Call(std::move(call));
}

base::Result<Response> Client::call(Request request, Options options) {
  std::optional<base::Result<Response>> answer;
  const auto stops_before = stops(state_->loop);
  const auto handle = send(std::move(request), options,
                           [&](base::Result<Response> response) { answer = std::move(response); });
  // The call has a deadline of its own, so the wait here needs none.
  while (!answer && stops(state_->loop) == stops_before)
    state_->loop.run_once(base::seconds(1));
  if (answer) return *std::move(answer);
  return base::unavailable("ask " + state_->endpoint.text() + ": told to stop while waiting");
}

}  // namespace wire
