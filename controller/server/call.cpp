// SPDX-License-Identifier: Apache-2.0
#include "controller/server/call.hpp"

#include "api/codec/yaml.hpp"
#include "base/text.hpp"
#include "controller/server/negotiation.hpp"

#include <algorithm>

namespace controller {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::size_t kWarnings = 32;  // half of the fields that our own client takes

std::variant<api::Json, Rejection> read_json(std::string_view body, std::string_view what,
                                             std::size_t values_max) {
  auto json = api::parse_json(body, base::limits::kDepth, values_max);
  if (!json)
    return bad_request(std::move(json).error().within("read the " + std::string(what)).message);
  return std::move(*json);
}

std::variant<api::Json, Rejection> read_yaml_body(std::string_view body, std::string_view what) {
  auto read = api::read_yaml(body);
  if (!read.errors.empty()) {
    const auto& first = read.errors.front();
    return bad_request("read the " + std::string(what) + ": line " +
                       std::to_string(first.place.line) + ", column " +
                       std::to_string(first.place.column) + ": " + first.message);
  }
  if (read.documents.size() != 1)
    return bad_request("read the " + std::string(what) + ": " +
                       std::to_string(read.documents.size()) + " documents, expected one");
  return std::move(read.documents.front().value);
}

}  // namespace

void Call::count(int code) {
  if (metrics == nullptr) return;
  const std::string_view route = found.route != nullptr ? found.route->pattern : "none";
  metrics->add("orch_server_requests_total",
               "code=\"" + std::to_string(code) + "\",method=\"" +
                   (found.route != nullptr ? std::string(found.route->method) : "other") +
                   "\",route=\"" + std::string(route) + "\"");
}

void Call::respond(wire::Response response) {
  count(response.status);
  exchange->respond(std::move(response));
}

void Call::answer(int code, const api::Json& body, const std::vector<std::string>& warnings) {
  answer_bytes(code, api::write_json(body) + "\n", warnings);
}

void Call::answer_bytes(int code, std::string json, const std::vector<std::string>& warnings) {
  wire::Response response{code, {{"Content-Type", std::string(kJson)}}, {}};
  for (auto& header : warning_headers(warnings))
    response.headers.push_back(std::move(header));
  response.body = std::move(json);
  respond(std::move(response));
}

void Call::answer_bytes(std::string json) {
  respond({200, {{"Content-Type", std::string(kJson)}}, std::move(json)});
}

void Call::answer_text(int code, std::string text) {
  respond({code, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(text)});
}

void Call::refuse(const Rejection& rejection) {
  answer(rejection.code, rejection.status());
}

void Call::head(std::string_view content_type, wire::Headers more) {
  count(200);
  more.push_back({"Content-Type", std::string(content_type)});
  more.push_back({"Cache-Control", "no-cache"});
  exchange->head(200, std::move(more));
}

std::string warning_text(std::string_view text) {
  std::string out = "299 - \"";
  for (const char c : base::printable(base::clipped(text, 1000))) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' || c == '\t' ? ' ' : c;
  }
  return out + "\"";
}

wire::Headers warning_headers(const std::vector<std::string>& warnings) {
  wire::Headers out;
  std::size_t room = base::limits::kWarningBytes;
  for (const auto& warning : warnings) {
    auto text = warning_text(warning);
    if (text.size() > room || out.size() == kWarnings) {
      text = warning_text("and " + std::to_string(warnings.size() - out.size()) + " more");
      room = 0;
    }
    room -= std::min(room, text.size());
    out.push_back({"Warning", std::move(text)});
    if (room == 0) break;
  }
  return out;
}

Rejection no_such_path() {
  return {404, "NotFound", "the server could not find the requested resource", {}};
}

Rejection method_not_allowed(const Target& t) {
  if (t.plural.empty())
    return {405, "MethodNotAllowed", t.verb + " is not supported on " + base::quoted(t.path), {}};
  const auto resource = t.plural + "." + std::string(api::kGroup);
  return {405, "MethodNotAllowed",
          t.verb + " is not supported on resources of kind " + base::quoted(resource),
          api::Json::object({{"group", api::kGroup}, {"kind", t.plural}})};
}

Rejection not_acceptable() {
  return {406,
          "NotAcceptable",
          "only the following media types are accepted: application/json, application/json with "
          "as=Table or as=PartialObjectMetadata of meta.k8s.io v1",
          {}};
}

Rejection unsupported_media() {
  return {415,
          "UnsupportedMediaType",
          "the body of the request was in an unknown format - accepted media types include: "
          "application/json, application/yaml",
          {}};
}

Rejection bad_option(std::string_view options, const std::string& field, const std::string& why,
                     api::Finding::Reason reason) {
  const bool prohibited = reason == api::Finding::Reason::forbidden;
  auto causes = api::Json::array(
      {api::Json::object({{"reason", prohibited ? "FieldValueForbidden" : "FieldValueInvalid"},
                          {"message", why},
                          {"field", field}})});
  return {422, "Invalid",
          std::string(options) + ".meta.k8s.io \"\" is invalid: " + field + ": " + why,
          api::Json::object(
              {{"group", "meta.k8s.io"}, {"kind", options}, {"causes", std::move(causes)}})};
}

DryRun dry_run_of(const wire::Request& request) {
  DryRun out;
  for (const auto& [key, value] : request.query) {
    if (key != "dryRun") continue;
    if (value == "All") {
      out.run = DryRun::Run::dry;
    } else if (!value.empty()) {
      out.rejection =
          bad_option("WriteOptions", "dryRun",
                     "Unsupported value: " + base::quoted(value) + ": supported values: \"All\"",
                     api::Finding::Reason::not_supported);
    }
  }
  return out;
}

std::variant<api::Json, Rejection> read_body(const Call& call, std::string_view what,
                                             std::size_t values_max) {
  const auto type = body_type(call.request.header("Content-Type").value_or(""));
  if (type == BodyType::yaml) return read_yaml_body(call.request.body, what);
  if (type != BodyType::json) return unsupported_media();
  return read_json(call.request.body, what, values_max);
}

std::variant<api::Json, Rejection> read_patch(const Call& call) {
  return read_json(call.request.body, "patch", base::limits::kObjectNodes);
}

}  // namespace controller
