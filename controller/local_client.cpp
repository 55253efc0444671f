// SPDX-License-Identifier: Apache-2.0
#include "controller/local_client.hpp"

#include "base/clock.hpp"
#include "base/text.hpp"
#include "controller/server/admin.hpp"
#include "wire/client.hpp"

namespace controller {
namespace {

constexpr base::Duration kPatience{5'000};
constexpr base::Duration kPause{100};
constexpr base::Duration kAnswer{120'000};  // a snapshot of a large store takes its time

base::Result<wire::Response> ask(wire::Loop& loop, const DataDir& dir, wire::Request request) {
  wire::Client client(loop, {wire::Endpoint::Scheme::unix_socket, dir.socket(), ""}, std::nullopt);
  return client.call(std::move(request), {kAnswer, 1 << 20});
}

}  // namespace

Turn take_turn(const DataDir& dir) {
  wire::Loop loop;
  const auto end = base::steady_now() + kPatience;
  for (;;) {
    auto lock = dir.lock();
    if (lock) return {std::move(*lock), "", {}};
    wire::Request alive;
    alive.target = "/livez";
    const auto answer = ask(loop, dir, std::move(alive));
    if (answer && answer->status == 200) return {std::nullopt, lock.error().message, {}};
    if (base::steady_now() >= end)
      return {
          std::nullopt, "",
          failed(base::Exit::busy, lock.error().message + " but does not answer on its socket")};
    const auto pause = loop.after(kPause, [] {});
    loop.run_once(kPause);
  }
}

base::Result<api::Json> ask_running(const DataDir& dir, const std::string& target,
                                    const api::Json& body) {
  wire::Loop loop;
  wire::Request request;
  request.method = "POST";
  request.target = target;
  request.headers = {{"Content-Type", "application/json"}};
  request.body = api::write_json(body);
  const auto answer = ask(loop, dir, std::move(request));
  if (!answer) return answer.error();
  auto json = api::parse_json(base::trimmed(answer->body));
  if (!json)
    return base::internal("read the controller's answer (" + std::to_string(answer->status) +
                          "): " + json.error().message);
  if (answer->status >= 300) return error_of(*json);
  return std::move(*json);
}

}  // namespace controller
