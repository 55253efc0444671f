// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/clock.hpp"
#include "wire/client.hpp"
#include "wire/loop.hpp"
#include "wire/pki.hpp"
#include "wire/server.hpp"
#include "wire/tls.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the tests of wire share: a CA, a service that does as it is told, and raw sockets.
namespace wire::test {

/// Valid now, with room on both sides.
inline Validity valid_now() {
  const auto now = base::wall_now();
  return {now - base::hours(1), now + base::hours(1)};
}
inline Validity valid_before() {
  const auto now = base::wall_now();
  return {now - base::hours(48), now - base::hours(24)};
}
inline Validity valid_later() {
  const auto now = base::wall_now();
  return {now + base::hours(24), now + base::hours(48)};
}

inline KeyPair new_ca(const std::string& name = "orch CA") {
  return *make_ca(name, valid_now());
}

inline KeyPair server_pair(const KeyPair& ca, Validity validity = valid_now()) {
  auto pair = *make_certificate(ca, {"controller", {}, {}, {"localhost", "127.0.0.1"}}, validity);
  pair.certificate += ca.certificate;
  return pair;
}

inline KeyPair client_pair(const KeyPair& ca, Validity validity = valid_now()) {
  return *make_certificate(
      ca, {"orch:machine:box1", {"orch:machines"}, {"spiffe://orch/c1/machine/box1"}, {}},
      validity);
}

inline Tls server_tls(const KeyPair& ca) {
  const auto pair = server_pair(ca);
  return *Tls::server(pair.certificate, pair.key, ca.certificate);
}

inline Tls client_tls(const KeyPair& ca) {
  const auto pair = client_pair(ca);
  return *Tls::client(ca.certificate, pair.certificate, pair.key);
}

/// Runs the loop until `until` holds; false when it does not come true in ten seconds of waiting.
inline bool run_until(Loop& loop, const std::function<bool()>& until) {
  const auto end = base::steady_now() + base::seconds(10);
  while (!until() && base::steady_now() < end)
    loop.run_once(base::Duration{50});
  return until();
}

/// Keeps what it was asked, and answers at once through `answer` when that is set.
class Asked final : public Service {
 public:
  std::size_t body_max(const Request&) override { return body_bound; }
  void on_request(Request request, std::shared_ptr<Exchange> exchange) override {
    requests.push_back(request);
    if (answer) return answer(std::move(request), std::move(exchange));
    exchanges.push_back(std::move(exchange));
  }

  void on_refused(const Request& head, const Refusal& refusal) override {
    refused.emplace_back(head, refusal);
  }

  std::size_t body_bound = 1 << 20;
  std::vector<std::pair<Request, Refusal>> refused;
  std::vector<Request> requests;
  std::vector<std::shared_ptr<Exchange>> exchanges;
  std::function<void(Request, std::shared_ptr<Exchange>)> answer;
};

inline void say_path(const Request& request, const std::shared_ptr<Exchange>& exchange) {
  exchange->respond({200, {{"Content-Type", "text/plain"}}, request.path});
}

/// A plain socket that says exactly what a test wants, for what no well-behaved client would send.
class RawSocket {
 public:
  explicit RawSocket(const std::string& host_port);
  ~RawSocket();
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  void say(std::string_view bytes);
  void stop_saying();
  /// What has come so far; `ended` once the other side closed.
  const std::string& heard();
  bool ended();

 private:
  int fd_ = -1;
  std::string heard_;
  bool ended_ = false;
};

}  // namespace wire::test
