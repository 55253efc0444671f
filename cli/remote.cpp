// SPDX-License-Identifier: Apache-2.0
#include "cli/remote.hpp"

#include "base/clock.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace cli {
namespace {

constexpr std::size_t kAnswerBytes = 256 << 20;  // a list of everything in a large store
constexpr std::size_t kRefusalBytes = 1 << 20;

bool is_good(int status) {
  return status >= 200 && status < 300;
}

/// The text of `299 - "text"`; the whole value where it has another form.
std::string warning_text(const std::string& value) {
  const auto open = value.find('"');
  const auto close = value.rfind('"');
  if (open == std::string::npos || close == open) return value;
  std::string out;
  for (std::size_t i = open + 1; i < close; ++i) {
    if (value[i] == '\\' && i + 1 < close) ++i;
    out += value[i];
  }
  return out;
}

}  // namespace

std::optional<Failure> Remote::connect() {
  if (client_) return std::nullopt;
  auto places = session_.places;
  places.flag = session_.global.kubeconfig;
  auto found = find_cluster(places, session_.global.context);
  if (found.failure) return std::move(found.failure);
  cluster_ = std::move(found.cluster);
  auto endpoint = wire::Endpoint::parse(cluster_.server);
  if (!endpoint) return wrong_input(cluster_.path + ": " + endpoint.error().message);
  std::optional<wire::Tls> tls;
  if (endpoint->scheme == wire::Endpoint::Scheme::https) {
    auto made = wire::Tls::client(cluster_.ca, cluster_.certificate, cluster_.key);
    if (!made) return wrong_input(cluster_.path + ": " + made.error().message);
    tls = *std::move(made);
  }
  client_ = std::make_unique<wire::Client>(session_.loop, *std::move(endpoint), std::move(tls));
  return std::nullopt;
}

wire::Request Remote::request(const std::string& method, const std::string& path,
                              const Query& query, std::string_view accept) const {
  wire::Request out;
  out.method = method;
  out.path = path;
  out.query = query;
  out.target = path + wire::query_text(query);
  out.headers = {{"Accept", std::string(accept)}, {"User-Agent", "orch/" ORCH_VERSION}};
  return out;
}

Answer Remote::failed(base::Error error) const {
  auto failure = failure_of(std::move(error));
  if (failure.exit == base::Exit::unreachable)
    failure.message += " (is the controller of " + cluster_.path + " running?)";
  if (failure.exit == base::Exit::not_allowed)
    failure.message += " (certificates are those of " + cluster_.path + ")";
  return failure;
}

void Remote::show_warnings(const wire::Response& response) {
  for (const auto& header : response.headers)
    if (wire::find_header({header}, "Warning"))
      session_.console.note("Warning: " + base::printable(warning_text(header.value)));
}

base::Result<wire::Response> Remote::exchange(wire::Request request) {
  auto response = client_->call(
      std::move(request), {.timeout = session_.global.request_timeout, .body_max = kAnswerBytes});
  if (response) show_warnings(*response);
  return response;
}

Answer Remote::get_text(const std::string& path, const Query& query) {
  if (auto failure = connect()) return *std::move(failure);
  auto response = exchange(request("GET", path, query, "application/json, */*"));
  if (!response) return failed(std::move(response).error());
  if (!is_good(response->status)) return failure_of(response->status, response->body);
  return api::Json(std::move(response->body));
}

Answer Remote::get(const std::string& path, const Query& query, std::string_view accept) {
  if (auto failure = connect()) return *std::move(failure);
  auto response = exchange(request("GET", path, query, accept));
  if (!response) return failed(std::move(response).error());
  if (!is_good(response->status)) return failure_of(response->status, response->body);
  auto value = api::parse_json(response->body, 64);
  if (!value) return Failure{base::Exit::bug, "read the answer: " + value.error().message};
  return *std::move(value);
}

Answer Remote::send(const std::string& method, const std::string& path, const Query& query,
                    const api::Json& body) {
  if (auto failure = connect()) return *std::move(failure);
  auto asked = request(method, path, query, kJsonType);
  asked.headers.push_back({"Content-Type", "application/json"});
  asked.body = api::write_json(body);
  auto response = exchange(std::move(asked));
  if (!response) return failed(std::move(response).error());
  if (!is_good(response->status)) return failure_of(response->status, response->body);
  auto value = api::parse_json(response->body, 64);
  if (!value) return Failure{base::Exit::bug, "read the answer: " + value.error().message};
  return *std::move(value);
}

Remote::StreamEnd Remote::stream(const Stream& asked, const OnData& on_data) {
  using How = StreamEnd::How;
  if (auto failure = connect()) return {How::failed, StreamEnd::Began::no, std::move(failure)};
  StreamEnd end;
  std::optional<base::Status> over;
  int status = 0;
  std::string refusal;
  bool enough = false;
  const auto call = client_->stream(
      request("GET", asked.path, asked.query, asked.accept),
      {.timeout = session_.global.request_timeout, .body_max = kAnswerBytes}, asked.silence,
      {.on_head =
           [&](const wire::Response& head) {
             status = head.status;
             if (is_good(status)) end.began = StreamEnd::Began::yes;
             if (is_good(status) && asked.on_head) asked.on_head(head.headers);
             show_warnings(head);
           },
       .on_data =
           [&](std::string_view bytes) {
             if (enough) return;
             if (is_good(status))
               enough = on_data(bytes) == More::no;
             else if (refusal.size() + bytes.size() < kRefusalBytes)
               refusal += bytes;
           },
       .on_end = [&](base::Status how) { over = std::move(how); }});
  while (!over && !enough) {
    auto wait = base::seconds(1);
    if (asked.deadline) {
      const auto left = *asked.deadline - base::steady_now();
      if (left.count() <= 0) break;
      wait = std::min(wait, left);
    }
    session_.loop.run_once(wait);
    session_.console.look();
    enough = enough || session_.console.broken();
  }
  if (enough) {
    end.how = How::stopped;
  } else if (!over) {
    end.how = How::ran_out;
  } else if (status != 0 && !is_good(status)) {
    end.how = How::failed;
    end.failure = failure_of(status, refusal);
  } else if (!*over) {
    end.how = How::failed;
    end.failure = failed(over->error()).failure;
  }
  return end;
}

void Remote::pause(base::Duration wait) {
  bool over = false;
  const auto timer = session_.loop.after(wait, [&over] { over = true; });
  while (!over)
    session_.loop.run_once(wait);
}

}  // namespace cli
