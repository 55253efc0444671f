// SPDX-License-Identifier: Apache-2.0
#include "agentd/link/membership.hpp"

#include "api/codec/json.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "wire/pki.hpp"

namespace agentd {
namespace {

constexpr std::string_view kFile = "/membership.json";

base::Error refusal(const wire::Response& response) {
  const auto status = api::parse_json(response.body);
  const auto text = status ? status->text_at("message") : "";
  const auto message = text.empty() ? "HTTP " + std::to_string(response.status) : text;
  const bool busy = response.status >= 500;
  return busy ? base::unavailable(message) : base::forbidden(message);
}

}  // namespace

base::Result<Membership> Membership::load(const std::string& data_dir) {
  const auto path = data_dir + std::string(kFile);
  if (const auto fine = base::check_private(path); !fine) return fine.error();
  const auto text = base::read_file(path);
  if (!text) return text.error();
  const auto json = api::parse_json(*text);
  const auto damaged = [&] {
    return base::invalid("read the membership \"" + path +
                         "\": it is damaged; put a good copy back, or remove it and join again "
                         "(--controller, --name, --join), children stay");
  };
  if (!json || !json->is_object()) return damaged();
  for (const char* field : {"cluster", "machine", "controller", "key", "certificate", "ca"})
    if (json->text_at(field).empty()) return damaged();
  return Membership{json->text_at("cluster"),     json->text_at("machine"),
                    json->text_at("controller"),  json->text_at("key"),
                    json->text_at("certificate"), json->text_at("ca")};
}

base::Status Membership::save(const std::string& data_dir) const {
  const auto json = api::Json::object({{"schema", 1},
                                       {"cluster", cluster},
                                       {"machine", machine},
                                       {"controller", controller},
                                       {"key", key},
                                       {"certificate", certificate},
                                       {"ca", ca}});
  return base::write_file(data_dir + std::string(kFile), api::write_json_pretty(json), 0600);
}

base::Result<JoinToken> JoinToken::parse(const std::string& text) {
  const auto parts = base::split(base::trimmed(text), '.');
  const bool shape = parts.size() == 5 && parts[0] == "orch1" && !parts[1].empty() &&
                     base::from_hex(parts[2]) && parts[3].size() == 64 &&
                     base::from_hex(parts[3]) && base::is_dns_label(parts[4]);
  if (!shape)
    return base::invalid(
        "the join token is malformed: it has the form "
        "orch1.<id>.<secret>.<fingerprint>.<machine>; get one with \"orch-controller --data-dir D "
        "token --machine NAME\"");
  return JoinToken{parts[1], parts[2], parts[3], parts[4]};
}

std::string JoinToken::text() const {
  return base::join({"orch1", id, secret, ca_fingerprint, machine}, ".");
}

base::Result<Membership> join(wire::Loop& loop, const std::string& controller,
                              const JoinToken& token, const std::string& machine) {
  if (token.machine != machine)
    return base::forbidden("the join token is for machine \"" + token.machine + "\", not for \"" +
                           machine + "\"");
  auto endpoint = wire::Endpoint::parse(controller);
  if (!endpoint) return endpoint.error();
  auto tls = wire::Tls::pinned_client(token.ca_fingerprint);
  if (!tls) return tls.error();
  auto key = wire::make_key();
  if (!key) return key.error();
  const auto request = wire::make_request(*key, "orch:machine:" + machine);
  if (!request) return request.error();
  wire::Client client(loop, *endpoint, std::move(*tls));
  wire::Request ask;
  ask.method = "POST";
  ask.target = "/agent/v1/enroll";
  ask.headers = {{"Content-Type", "application/json"}};
  ask.body = api::write_json(
      api::Json::object({{"machine", machine}, {"token", token.text()}, {"request", *request}}));
  const auto answer = client.call(ask, {});
  if (!answer) return base::Error(answer.error()).within("join " + controller);
  if (answer->status != 200) return refusal(*answer).within("join " + controller);
  const auto body = api::parse_json(answer->body);
  if (!body || body->text_at("certificate").empty() || body->text_at("cluster").empty())
    return base::internal("join " + controller + ": the answer holds no certificate");
  return Membership{
      body->text_at("cluster"), machine, controller, *key, body->text_at("certificate"),
      body->text_at("ca")};
}

base::Result<std::string> renewal_body(const std::string& key, const std::string& machine) {
  const auto request = wire::make_request(key, "orch:machine:" + machine);
  if (!request) return request.error();
  return api::write_json(api::Json::object({{"request", *request}}));
}

}  // namespace agentd
