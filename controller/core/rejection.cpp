// SPDX-License-Identifier: Apache-2.0
#include "controller/core/rejection.hpp"

namespace controller {
namespace {

std::string_view cause_of(api::Finding::Reason reason) {
  switch (reason) {
    case api::Finding::Reason::required: return "FieldValueRequired";
    case api::Finding::Reason::invalid: return "FieldValueInvalid";
    case api::Finding::Reason::not_supported: return "FieldValueNotSupported";
    case api::Finding::Reason::duplicate: return "FieldValueDuplicate";
    case api::Finding::Reason::forbidden: return "FieldValueForbidden";
    case api::Finding::Reason::wrong_type: return "FieldValueTypeInvalid";
    case api::Finding::Reason::too_long: return "FieldValueTooLong";
    case api::Finding::Reason::unknown_field: return "FieldValueForbidden";
    case api::Finding::Reason::not_found: return "FieldValueNotFound";
  }
  return "FieldValueInvalid";
}

api::Json details_of(const api::Kind& kind, const std::string& name) {
  return api::Json::object({{"group", api::kGroup}, {"kind", kind.plural}, {"name", name}});
}

}  // namespace

api::Json Rejection::status() const {
  auto s = api::Json::object({{"kind", "Status"},
                              {"apiVersion", "v1"},
                              {"metadata", api::Json::object()},
                              {"status", "Failure"},
                              {"message", message},
                              {"code", code}});
  if (!reason.empty()) s.set("reason", reason);
  if (!details.is_null()) s.set("details", details);
  return s;
}

std::string resource_text(const api::Kind& kind) {
  return std::string(kind.plural) + "." + std::string(api::kGroup);
}

Rejection bad_request(std::string message) {
  return {400, "BadRequest", std::move(message), {}};
}

Rejection not_found(const api::Kind& kind, const std::string& name) {
  return {404, "NotFound", resource_text(kind) + " \"" + name + "\" not found",
          details_of(kind, name)};
}

Rejection already_exists(const api::Kind& kind, const std::string& name) {
  return {409, "AlreadyExists", resource_text(kind) + " \"" + name + "\" already exists",
          details_of(kind, name)};
}

Rejection conflict(const api::Kind& kind, const std::string& name, const std::string& why) {
  return {409, "Conflict",
          "Operation cannot be fulfilled on " + resource_text(kind) + " \"" + name + "\": " + why,
          details_of(kind, name)};
}

Rejection invalid(const api::Kind& kind, const std::string& name, const api::Findings& findings) {
  auto causes = api::Json::array();
  std::string list;
  for (const auto& f : findings) {
    causes.push(api::Json::object(
        {{"reason", cause_of(f.reason)}, {"message", f.message}, {"field", f.path}}));
    list += (list.empty() ? "" : ", ") + f.path + ": " + f.message;
  }
  if (findings.size() != 1) list = "[" + list + "]";
  auto details = api::Json::object({{"group", api::kGroup}, {"kind", kind.name}, {"name", name}});
  details.set("causes", std::move(causes));
  return {422, "Invalid",
          std::string(kind.name) + "." + std::string(api::kGroup) + " \"" + name +
              "\" is invalid: " + list,
          std::move(details)};
}

Rejection forbidden(std::string message) {
  return {403, "Forbidden", std::move(message), {}};
}

Rejection unavailable(int code, std::string reason, std::string message) {
  return {code, std::move(reason), std::move(message), {}};
}

}  // namespace controller
