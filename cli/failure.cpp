// SPDX-License-Identifier: Apache-2.0
#include "cli/failure.hpp"

#include "base/text.hpp"

#include <utility>

namespace cli {
namespace {

using base::Exit;

struct Word {
  Exit exit;
  std::string_view reason;
  int code;
};

/// How a failure that never reached the server reads as a Status.
constexpr Word kWords[] = {
    {Exit::no, "NotFound", 404},           {Exit::usage, "BadRequest", 400},
    {Exit::bad_input, "Invalid", 422},     {Exit::unreachable, "ServiceUnavailable", 503},
    {Exit::not_allowed, "Forbidden", 403}, {Exit::bug, "InternalError", 500},
};

Exit exit_of(int http_status) {
  switch (http_status) {
    case 400:
    case 413:
    case 422: return Exit::bad_input;
    case 401:
    case 403: return Exit::not_allowed;
    case 404:
    case 409:
    case 410: return Exit::no;
    case 405:
    case 406:
    case 414:
    case 415:
    case 431: return Exit::usage;
    case 429: return Exit::busy;
    case 408:
    case 502:
    case 503:
    case 504: return Exit::unreachable;
    case 507: return Exit::io;
    default: return Exit::bug;
  }
}

/// `spec.machines: must be at least 1`, or the message alone.
std::string cause_text(const api::Json& cause) {
  const auto field = cause.text_at("field");
  const auto message = cause.text_at("message");
  return field.empty() ? message : field + ": " + message;
}

std::vector<std::string> causes_of(const api::Json& status) {
  std::vector<std::string> lines;
  const auto* causes = status.at({"details", "causes"});
  if (causes == nullptr || !causes->is_array() || causes->items().size() < 2) return lines;
  for (const auto& cause : causes->items())
    lines.push_back("  " + cause_text(cause));
  return lines;
}

}  // namespace

Failure wrong_usage(std::string message) {
  return {Exit::usage, std::move(message)};
}
Failure wrong_input(std::string message) {
  return {Exit::bad_input, std::move(message)};
}
Failure answer_is_no(std::string message) {
  return {Exit::no, std::move(message)};
}

Failure failure_of(base::Error error) {
  const auto exit =
      error.code == base::Code::timeout ? Exit::unreachable : base::exit_for(error.code);
  return {exit, std::move(error.message)};
}

Failure failure_of(int http_status, const std::string& body) {
  Failure failure{exit_of(http_status), {}};
  auto parsed = api::parse_json(body);
  if (parsed && parsed->text_at("kind") == "Status") {
    failure.message = parsed->text_at("message");
    failure.lines = causes_of(*parsed);
    if (!failure.lines.empty()) failure.message = "the server refused it, see above";
    failure.status = *std::move(parsed);
  }
  if (failure.message.empty())
    failure.message = "the server answered " + std::to_string(http_status) +
                      (body.empty() ? "" : ": " + base::clipped(base::printable(body), 200));
  return failure;
}

api::Json status_of(const Failure& failure) {
  if (!failure.status.is_null()) return failure.status;
  const Word* word = &kWords[std::size(kWords) - 1];
  for (const auto& w : kWords)
    if (w.exit == failure.exit) word = &w;
  auto status = api::Json::object({{"apiVersion", "v1"},
                                   {"kind", "Status"},
                                   {"metadata", api::Json::object()},
                                   {"status", "Failure"},
                                   {"message", failure.message},
                                   {"reason", word->reason},
                                   {"code", word->code}});
  if (failure.lines.empty()) return status;
  auto causes = api::Json::array();
  for (const auto& line : failure.lines)
    causes.push(api::Json::object({{"message", line}}));
  status["details"].set("causes", std::move(causes));
  return status;
}

}  // namespace cli
