// SPDX-License-Identifier: Apache-2.0
#include "agentd/probe/prober.hpp"

#include <utility>

#include "agentd/probe/judge.hpp"
#include "agentd/probe/ports_seen.hpp"
#include "base/text.hpp"

namespace agentd {
namespace {

constexpr std::size_t kBodyBytes = 1 << 20;  // a list of models; more is no model server's answer

wire::Request get(const std::string& path) {
  wire::Request request;
  request.target = path;
  request.headers = {{"Accept", "application/json"}};
  return request;
}

}  // namespace

HttpProber::HttpProber(wire::Loop& loop, OnAnswer on_answer)
    : loop_(loop), on_answer_(std::move(on_answer)) {}

void HttpProber::ask(const std::string& ticket, const ProbeRequest& request) {
  drop(ticket);
  Question question;
  question.request = request;
  // A connection of its own for each question: a server that is to end must not wait for an idle
  // one of ours, and a new server on the port never gets an old one's connection.
  wire::Endpoint endpoint{wire::Endpoint::Scheme::http, "127.0.0.1", std::to_string(request.port)};
  question.client = std::make_unique<wire::Client>(loop_, endpoint, std::nullopt);
  questions_.insert_or_assign(ticket, std::move(question));

  switch (request.what) {
    case ProbeRequest::What::health:
      return send(ticket, get(request.path.empty() ? "/health" : request.path), judge_health);
    case ProbeRequest::What::identity:
      return send(ticket, get("/v1/models"), [request](const wire::Response& response) {
        return judge_models(response, request);
      });
    case ProbeRequest::What::generation:
      return send(ticket, generation_request(request), judge_generation);
  }
}

void HttpProber::drop(const std::string& ticket) {
  questions_.erase(ticket);
}

void HttpProber::send(const std::string& ticket, wire::Request request, Judge judge) {
  Question& question = questions_.at(ticket);
  const wire::Client::Options options{question.request.timeout, kBodyBytes};
  const std::string what = request.method + " " + request.target;
  question.call = question.client->send(
      std::move(request), options,
      [this, ticket, what, judge = std::move(judge)](base::Result<wire::Response> response) {
        ProbeAnswer answer = response
                                 ? judge(*response)
                                 : ProbeAnswer{false, what + ": " + response.error().message, {}};
        questions_.at(ticket).later =
            loop_.after(base::Duration{0}, [this, ticket, answer] { take(ticket, answer); });
      });
}

void HttpProber::take(const std::string& ticket, ProbeAnswer answer) {
  Question& question = questions_.at(ticket);
  for (const auto& [key, value] : answer.identity)
    question.identity.insert_or_assign(key, value);
  const ProbeRequest request = question.request;
  const bool has_more = request.what == ProbeRequest::What::identity &&
                        request.engine == api::Engine::llama_cpp && question.step++ == 0;
  if (answer.good && has_more) {
    return send(ticket, get("/props"), [request](const wire::Response& response) {
      return judge_props(response, request);
    });
  }
  if (answer.good) answer.identity = std::move(question.identity);
  drop(ticket);
  on_answer_(ticket, std::move(answer));
}

base::Result<PortState> HttpProber::port_state(std::int64_t port) {
  return see_port(port);
}

base::Result<std::int64_t> HttpProber::free_port(const std::vector<std::int64_t>& avoid) {
  return find_free_port(avoid);
}

}  // namespace agentd
