// SPDX-License-Identifier: Apache-2.0
#include "cli/kubeconfig.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/process.hpp"
#include "tests/bench/side.hpp"
#include "wire/client.hpp"

#include <csignal>
#include <functional>
#include <optional>

namespace bench {
namespace {

constexpr const char* kModels = "/apis/orch/v1/models";

wire::Request request_of(const std::string& method, const std::string& target,
                         std::string body = "") {
  wire::Request request;
  request.method = method;
  request.target = target;
  if (!body.empty()) request.headers = {{"Content-Type", "application/json"}};
  request.body = std::move(body);
  return request;
}

/// The object's version as the answer to a write tells it. It is cut out, not parsed: what a client
/// does with an answer is not the server's figure, and etcd's client parses nothing either.
std::string version_in(const std::string& body) {
  constexpr std::string_view kField = R"("resourceVersion":")";
  const auto at = body.find(kField);
  if (at == std::string::npos) give_up("ours: an answer without a version: " + body.substr(0, 500));
  const auto begin = at + kField.size();
  return body.substr(begin, body.find('"', begin) - begin);
}

/// What `clients` do at once, each waiting for its answer before it asks again.
struct Work {
  int clients = 1;
  std::function<std::optional<wire::Request>(int client)> next;  // nothing: this one is done
  std::function<void(int client, const wire::Response&)> took;
};

class Ours : public Side {
 public:
  Ours(std::string program, const std::string& folder)
      : program_(std::move(program)), data_(folder + "/data"), log_(folder + "/log") {
    const int code = Process({program_, "--data-dir", data_, "init"}, log_).wait();
    if (code != 0) give_up("orch-controller init ended with " + std::to_string(code));
    start();
  }

  void fill(int count) override {
    versions_.assign(static_cast<std::size_t>(count), "");
    int begun = 0;
    std::vector<int> at(kFillers);
    drive({kFillers,
           [&](int client) -> std::optional<wire::Request> {
             if (begun == count) return std::nullopt;
             at[index(client)] = begun;
             return request_of("POST", kModels, object_text(begun++, 0, ""));
           },
           [&](int client, const wire::Response& answer) { keep(at[index(client)], answer); }});
  }

  double updates(int clients, Micros span) override {
    long done = 0;
    std::vector<int> at(index(clients));
    for (int client = 0; client < clients; ++client)
      at[index(client)] = client;
    const auto began = micros_now();
    drive({clients,
           [&](int client) -> std::optional<wire::Request> {
             if (micros_now() - began > span) return std::nullopt;
             return put_of(at[index(client)]);
           },
           [&](int client, const wire::Response& answer) {
             auto& number = at[index(client)];
             keep(number, answer);
             number += clients;
             if (number >= static_cast<int>(versions_.size())) number = client;
             ++done;
           }});
    return static_cast<double>(done) * 1e6 / static_cast<double>((micros_now() - began).count());
  }

  std::vector<Micros> put_to_watch(int puts) override {
    std::string stream;
    bool open = false;
    const auto from = version_now();
    const auto watch = client_->stream(
        request_of("GET", kModels + std::string("?watch=true&resourceVersion=") + from), {},
        base::Duration{0},
        {.on_head = [&](const wire::Response& head) { open = head.status == 200; },
         .on_data = [&](std::string_view bytes) { stream += bytes; },
         .on_end = [](const base::Status&) { give_up("ours: the watch ended"); }});
    until([&] { return open; });
    std::vector<Micros> spans;
    for (int i = 0; i < puts; ++i) {
      const int number = i % static_cast<int>(versions_.size());
      bool answered = false;
      std::optional<Micros> seen;
      const auto began = micros_now();
      const auto call = client_->send(put_of(number), {}, [&](base::Result<wire::Response> answer) {
        keep(number, checked(answer));
        answered = true;
      });
      const auto mark = turn_mark(turn_);
      until([&] {
        if (!seen && stream.find(mark) != std::string::npos && stream.back() == '\n')
          seen = micros_now();
        return answered && seen;
      });
      spans.push_back(*seen - began);
      stream.clear();
    }
    return spans;
  }

  Micros list() override {
    const auto began = micros_now();
    const auto answer = ask("GET", kModels);
    const auto span = micros_now() - began;
    std::size_t items = 0;
    for (auto at = answer.body.find(R"("family":"turn-)"); at != std::string::npos;
         at = answer.body.find(R"("family":"turn-)", at + 1))
      ++items;
    if (items != versions_.size()) give_up("ours: a list of " + std::to_string(items));
    return span;
  }

  Micros restart() override {
    client_.reset();
    const int code = process_->end(SIGTERM);
    if (code != 0) give_up("orch-controller ended with " + std::to_string(code));
    const auto began = micros_now();
    start();
    (void)ask("GET", kModels + ('/' + object_name(0)));
    return micros_now() - began;
  }

  Usage usage() override { return process_->usage(); }

 private:
  static std::size_t index(int number) { return static_cast<std::size_t>(number); }

  void start() {
    process_ = std::make_unique<Process>(
        std::vector<std::string>{program_, "--data-dir", data_, "run", "--listen", "127.0.0.1:0"},
        log_);
    const auto ready = process_->first_line();
    if (!ready.starts_with("ready ")) give_up("orch-controller did not get ready: see " + log_);
    const auto found = cli::find_cluster({data_ + "/admin.kubeconfig", "", "", ""}, "");
    if (found.failure) give_up("ours: cannot read the kubeconfig in " + data_);
    auto tls = wire::Tls::client(found.cluster.ca, found.cluster.certificate, found.cluster.key);
    auto endpoint = wire::Endpoint::parse(ready.substr(6));
    if (!tls || !endpoint) give_up("ours: cannot reach " + ready.substr(6));
    client_.emplace(loop_, *std::move(endpoint), *std::move(tls));
  }

  static const wire::Response& checked(const base::Result<wire::Response>& answer) {
    if (!answer) give_up("ours: " + answer.error().message);
    if (answer->status >= 300)
      give_up("ours: " + std::to_string(answer->status) + ": " + answer->body.substr(0, 500));
    return *answer;
  }

  wire::Response ask(const std::string& method, const std::string& target) {
    return checked(client_->call(request_of(method, target), {}));
  }

  std::string version_now() {
    // The list's own version comes first in it.
    return version_in(ask("GET", kModels + std::string("?limit=1")).body);
  }

  wire::Request put_of(int number) {
    return request_of("PUT", kModels + ('/' + object_name(number)),
                      object_text(number, ++turn_, versions_[index(number)]));
  }

  void keep(int number, const wire::Response& answer) {
    versions_[index(number)] = version_in(answer.body);
  }

  template <class Condition>
  void until(Condition fulfilled) {
    while (!fulfilled())
      loop_.run_once(base::seconds(1));
  }

  void drive(const Work& work) {
    std::vector<wire::Client::Call> calls(index(work.clients));
    int busy = 0;
    std::function<void(int)> go = [&](int client) {
      auto request = work.next(client);
      if (!request) return;
      ++busy;
      calls[index(client)] =
          client_->send(*std::move(request), {}, [&, client](base::Result<wire::Response> answer) {
            --busy;
            work.took(client, checked(answer));
            go(client);
          });
    };
    for (int client = 0; client < work.clients; ++client)
      go(client);
    until([&] { return busy == 0; });
  }

  std::string program_, data_, log_;
  wire::Loop loop_;
  std::unique_ptr<Process> process_;
  std::optional<wire::Client> client_;
  std::vector<std::string> versions_;  // of each object, as last answered
  long turn_ = 0;
};

}  // namespace

std::unique_ptr<Side> make_ours(const std::string& program, const std::string& folder) {
  return std::make_unique<Ours>(program, folder);
}

}  // namespace bench
