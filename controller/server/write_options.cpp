// SPDX-License-Identifier: Apache-2.0
#include "controller/server/write_options.hpp"

#include "base/text.hpp"
#include "controller/server/negotiation.hpp"

namespace controller {
namespace {

using api::Json;

std::string text_of(const Json& options, std::string_view key, std::string_view query) {
  const auto said = options.text_at(key);
  return said.empty() ? std::string(query) : said;
}

std::optional<Rejection> check_policy(const std::string& policy) {
  if (policy.empty() || policy == "Background" || policy == "Foreground" || policy == "Orphan")
    return std::nullopt;
  return bad_option("DeleteOptions", "propagationPolicy",
                    "Unsupported value: " + base::quoted(policy) +
                        ": supported values: \"Background\", \"Foreground\", \"Orphan\"",
                    api::Finding::Reason::not_supported);
}

}  // namespace

std::variant<FieldValidation, Rejection> validation_of(const wire::Request& request) {
  const auto word = request.parameter("fieldValidation").value_or("");
  if (word.empty() || word == "Warn") return FieldValidation::warn;
  if (word == "Strict") return FieldValidation::strict;
  if (word == "Ignore") return FieldValidation::ignore;
  return bad_option("WriteOptions", "fieldValidation",
                    "Unsupported value: " + base::quoted(word) +
                        ": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"",
                    api::Finding::Reason::not_supported);
}

std::optional<WriteOp::Verb> patch_verb(std::string_view content_type) {
  switch (body_type(content_type)) {
    case BodyType::merge_patch: return WriteOp::Verb::merge_patch;
    case BodyType::json_patch: return WriteOp::Verb::json_patch;
    default: return std::nullopt;
  }
}

Rejection unknown_patch() {
  return {415,
          "UnsupportedMediaType",
          "the body of the request was in an unknown format - accepted media types include: "
          "application/json-patch+json, application/merge-patch+json",
          {}};
}

DeleteOptions delete_options_of(const Call& call) {
  DeleteOptions out;
  Json options = Json::object();
  if (!base::trimmed(call.request.body).empty()) {
    auto body = read_body(call, "DeleteOptions");
    if (auto* wrong = std::get_if<Rejection>(&body)) {
      out.rejection = std::move(*wrong);
      return out;
    }
    options = std::move(std::get<Json>(body));
    const auto kind = options.text_at("kind", "DeleteOptions");
    if (!options.is_object() || kind != "DeleteOptions") {
      out.rejection = bad_request("the body of a delete must be DeleteOptions");
      return out;
    }
  }
  out.rejection =
      check_policy(text_of(options, "propagationPolicy", call.parameter("propagationPolicy")));
  if (const Json* before = options.find("preconditions")) {
    if (const auto uid = before->text_at("uid"); !uid.empty()) out.uid = uid;
    if (const auto v = before->text_at("resourceVersion"); !v.empty()) out.resource_version = v;
  }
  if (const Json* dry = options.find("dryRun"); dry != nullptr && dry->is_array())
    for (const auto& word : dry->items())
      if (word == Json("All")) out.run = DryRun::Run::dry;
  return out;
}

Json removed_status(const api::Kind& kind, const Json& object) {
  const auto& metadata = *object.find("metadata");
  return Json::object({{"kind", "Status"},
                       {"apiVersion", "v1"},
                       {"metadata", Json::object()},
                       {"status", "Success"},
                       {"details", Json::object({{"name", metadata.text_at("name")},
                                                 {"group", api::kGroup},
                                                 {"kind", kind.plural},
                                                 {"uid", metadata.text_at("uid")}})}});
}

Rejection as_told(const Rejection& rejection, WriteOp::Verb verb, const api::Kind& kind,
                  const std::string& name) {
  const bool patch = verb == WriteOp::Verb::merge_patch || verb == WriteOp::Verb::json_patch;
  const auto at = rejection.message.find("strict decoding error");
  if (!patch || rejection.code != 400 || at == std::string::npos) return rejection;
  return invalid(
      kind, name,
      {{"patch", "Invalid value: " + rejection.message.substr(at), api::Finding::Reason::invalid}});
}

}  // namespace controller
