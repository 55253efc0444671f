// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cli/fake_api.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <filesystem>
#include <fstream>

namespace cli {

Folder::Folder() {
  std::string name = testing::TempDir() + "orch-cli-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no folder " << name;
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Folder::write(const std::string& name, const std::string& bytes, unsigned mode) const {
  const auto file = path(name);
  std::filesystem::create_directories(std::filesystem::path(file).parent_path());
  std::ofstream(file, std::ios::binary) << bytes;
  if (::chmod(file.c_str(), mode) != 0) ADD_FAILURE() << "no mode for " << file;
  return file;
}

FakeApi::FakeApi(wire::Loop& loop) : loop_(loop), server_(loop, *this) {
  auto listening = server_.listen_plain("127.0.0.1:0");
  if (listening)
    address = *listening;
  else
    ADD_FAILURE() << listening.error().message;
}

std::string FakeApi::listen(const wire::Tls& tls) {
  auto listening = server_.listen("127.0.0.1:0", tls);
  if (listening) return *listening;
  ADD_FAILURE() << listening.error().message;
  return {};
}

void FakeApi::leave() {
  server_.stop_accepting();
  server_.close_all();
}

std::size_t FakeApi::body_max(const wire::Request&) {
  return 8 << 20;
}

void FakeApi::on_request(wire::Request request, std::shared_ptr<wire::Exchange> exchange) {
  requests.push_back(request);
  const auto what = request.method + " " + request.path + (request.flag("watch") ? "?watch" : "");
  const auto found = answers_.find(what);
  if (found == answers_.end() || found->second.empty()) {
    exchange->respond({404, {}, status_body(404, "NotFound", what + " is not in the test")});
    return;
  }
  const auto answer = found->second.front();
  if (found->second.size() > 1) found->second.pop_front();
  answer(request, std::move(exchange));
}

void FakeApi::on(const std::string& what, int status, std::string body, wire::Headers headers) {
  on(what, [=](const wire::Request&, const std::shared_ptr<wire::Exchange>& exchange) {
    exchange->respond({status, headers, body});
  });
}

void FakeApi::on(const std::string& what, Answer answer) {
  answers_[what].push_back(std::move(answer));
}

void FakeApi::stream(const std::string& what, std::vector<std::string> pieces, Then then) {
  stream_with_head(what, {{"Content-Type", "application/json"}}, std::move(pieces), then);
}

void FakeApi::stream_with_head(const std::string& what, wire::Headers headers,
                               std::vector<std::string> pieces, Then then) {
  on(what, [this, headers = std::move(headers), pieces = std::move(pieces), then](
               const wire::Request&, std::shared_ptr<wire::Exchange> exchange) {
    exchange->head(200, headers);
    for (const auto& piece : pieces)
      exchange->write(piece);
    if (then == Then::finish) exchange->finish();
    if (then == Then::cut)  // a little later: a cut takes along what the peer has not read
      cuts_.push_back(loop_.after(base::Duration{20}, [exchange] { exchange->abort(); }));
    hanging_.push_back(std::move(exchange));
  });
}

Rig::Rig() : api(loop) {
  places.orch_variable = folder.write("kubeconfig", R"(
current-context: lab
contexts: [{name: lab, context: {cluster: lab, user: me}}]
clusters: [{name: lab, cluster: {server: "http://)" + api.address +
                                                        R"("}}]
users: [{name: me, user: {}}]
)");
}

Ran Rig::orch(const std::vector<std::string>& words) {
  Ran ran;
  auto left = out_bytes;
  Console console({.out =
                       [&](std::string_view bytes) {
                         if (bytes.size() > left) return false;
                         left -= bytes.size();
                         ran.out += bytes;
                         return true;
                       },
                   .err =
                       [&](std::string_view bytes) {
                         ran.err += bytes;
                         return true;
                       },
                   .out_is = out_is,
                   .err_is = err_is,
                   .color = Color::no,
                   .width = 80});
  Session session{console, loop, places, {}, [&] { return base::Result<std::string>(input); }};
  ran.exit = static_cast<int>(run(words, session));
  return ran;
}

std::vector<std::string> Rig::asked() const {
  std::vector<std::string> out;
  for (const auto& request : api.requests)
    out.push_back(request.method + " " + request.path + wire::query_text(request.query));
  return out;
}

std::string status_body(int code, const std::string& reason, const std::string& message) {
  return api::write_json(api::Json::object({{"kind", "Status"},
                                            {"apiVersion", "v1"},
                                            {"metadata", api::Json::object()},
                                            {"status", "Failure"},
                                            {"message", message},
                                            {"reason", reason},
                                            {"code", code}}));
}

}  // namespace cli
