// SPDX-License-Identifier: Apache-2.0
#include "controller/server/enrolment.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/units.hpp"

namespace controller {
namespace {

using api::Json;

constexpr base::Duration kCertificateLife{7 * 24 * 3'600'000};
constexpr base::Duration kBackdated{5 * 60'000};  // clocks that are a little behind ours
constexpr base::Duration kTokenLife{3'600'000};
constexpr base::Duration kTokenLifeMax{30LL * 24 * 3'600'000};

const Asker kSystem{"orch", api::Writer::system};

/// A member of the body that must be a text.
std::variant<std::string, Rejection> text_in(const Json& body, std::string_view key) {
  const Json* value = body.find(key);
  if (value == nullptr || !value->is_string() || value->string().empty())
    return bad_request("the body has no text " + base::quoted(key));
  return value->string();
}

Json certificate_answer(const Authority& authority, const std::string& machine,
                        const std::string& certificate) {
  return Json::object({{"certificate", certificate},
                       {"ca", authority.ca.certificate},
                       {"cluster", authority.cluster},
                       {"machine", machine}});
}

}  // namespace

base::Result<std::string> sign_machine(const Authority& authority, const std::string& machine,
                                       const std::string& request, base::Instant wall) {
  wire::Subject subject;
  subject.common_name = "orch:machine:" + machine;
  subject.organizations = {"orch:machines"};
  subject.uris = {"spiffe://orch/" + authority.cluster + "/machine/" + machine};
  return wire::sign_request(authority.ca, request, subject,
                            {wall - kBackdated, wall + kCertificateLife});
}

base::Result<base::Duration> token_life(const std::string& text) {
  if (text.empty()) return kTokenLife;
  const auto ttl = base::parse_duration(text);
  if (!ttl || *ttl <= base::Duration{0} || *ttl > kTokenLifeMax)
    return base::invalid("ttl " + base::quoted(text) +
                         ": expected a duration such as 30m or 1h, at most 720h");
  return *ttl;
}

void Enrolment::forget_old_tokens() {
  const auto& picture = rounds_.durable();
  const auto table = picture.records.find("JoinToken");
  if (table == picture.records.end()) return;
  for (const auto& [name, record] : table->second) {
    if (!is_forgotten(picture.object("JoinToken", name), base::wall_now())) continue;
    WriteRequest request;
    request.asker = kSystem;
    WriteOp op;
    op.verb = WriteOp::Verb::remove;
    op.kind = "JoinToken";
    op.name = name;
    request.ops.push_back(std::move(op));
    rounds_.write(std::move(request), [](const WriteAnswer&) {});
  }
}

void Enrolment::make_token(const CallPtr& call) {
  const auto machine = call->word("name");
  if (!base::is_dns_label(machine))
    return call->refuse(bad_request("machine " + base::quoted(machine) +
                                    ": a name is lower-case letters, digits and '-'"));
  const auto life = token_life(call->parameter("ttl"));
  if (!life) return call->refuse(bad_request(life.error().message));
  forget_old_tokens();
  const auto expires = base::wall_now() + *life;
  auto made = controller::make_token(machine, authority_.fingerprint, expires);
  WriteRequest request;
  request.asker = {call->who.name, api::Writer::system};
  request.ops.push_back(std::move(made.write));
  const auto text = made.token.text();
  rounds_.write(std::move(request), [call, machine, text, expires](WriteAnswer answer) {
    if (const auto* lost = std::get_if<Rejection>(&answer)) return call->refuse(*lost);
    const auto& admission = std::get<WriteOutcome>(answer).admissions.front();
    if (const auto* no = std::get_if<Rejection>(&admission)) return call->refuse(*no);
    call->answer(201, Json::object({{"kind", "JoinToken"},
                                    {"apiVersion", api::kApiVersion},
                                    {"machine", machine},
                                    {"token", text},
                                    {"expires", base::rfc3339(expires)}}));
  });
}

void Enrolment::enroll(const CallPtr& call) {
  const auto body = api::parse_json(call->request.body);
  if (!body) return call->refuse(bad_request("read the request: " + body.error().message));
  const auto text = text_in(*body, "token");
  if (const auto* wrong = std::get_if<Rejection>(&text)) return call->refuse(*wrong);
  const auto request_text = text_in(*body, "request");
  if (const auto* wrong = std::get_if<Rejection>(&request_text)) return call->refuse(*wrong);
  const auto token = parse_token(std::get<std::string>(text));
  if (!token) return call->refuse(bad_request(token.error().message));

  const auto wall = base::wall_now();
  const auto stored = rounds_.durable().object("JoinToken", token->id);
  auto verdict = judge_token(*token, stored, wall);
  WriteRequest request;
  request.asker = kSystem;
  if (verdict.rejection) {
    base::log::warn("machine.refused", {{"machine", token->machine},
                                        {"from", call->request.peer.address},
                                        {"why", verdict.rejection->message}});
    if (!verdict.count) return call->refuse(*verdict.rejection);
    // Answered only when the try is counted for good: guessing can't outrun the count.
    request.ops.push_back(std::move(*verdict.count));
    return rounds_.write(std::move(request),
                         [call, no = *verdict.rejection](const WriteAnswer&) { call->refuse(no); });
  }
  auto certificate =
      sign_machine(authority_, token->machine, std::get<std::string>(request_text), wall);
  if (!certificate) return call->refuse(bad_request(certificate.error().message));
  request.ops.push_back(use_token(stored, wall));
  rounds_.write(std::move(request), [this, call, machine = token->machine,
                                     certificate = *certificate](WriteAnswer answer) {
    if (const auto* lost = std::get_if<Rejection>(&answer)) return call->refuse(*lost);
    const auto& admission = std::get<WriteOutcome>(answer).admissions.front();
    if (std::holds_alternative<Rejection>(admission))
      return call->refuse(forbidden("the join token was used up at this moment by somebody else"));
    rounds_.joined(machine);
    base::log::info("machine.joined", {{"machine", machine}, {"from", call->request.peer.address}});
    call->answer(200, certificate_answer(authority_, machine, certificate));
  });
}

void Enrolment::renew(const CallPtr& call) {
  const auto body = api::parse_json(call->request.body);
  if (!body) return call->refuse(bad_request("read the request: " + body.error().message));
  const auto request = text_in(*body, "request");
  if (const auto* wrong = std::get_if<Rejection>(&request)) return call->refuse(*wrong);
  const auto machine = call->word("machine");
  const auto certificate =
      sign_machine(authority_, machine, std::get<std::string>(request), base::wall_now());
  if (!certificate) return call->refuse(bad_request(certificate.error().message));
  call->answer(200, certificate_answer(authority_, machine, *certificate));
}

}  // namespace controller
