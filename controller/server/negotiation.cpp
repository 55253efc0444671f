// SPDX-License-Identifier: Apache-2.0
#include "controller/server/negotiation.hpp"

#include "base/text.hpp"

#include <map>
#include <string>
#include <vector>

namespace controller {
namespace {

struct MediaType {
  std::string name;
  std::map<std::string, std::string> parameters;
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

MediaType parse_type(std::string_view text) {
  MediaType type;
  bool first = true;
  for (const auto& part : base::split(text, ';')) {
    const auto word = base::trimmed(part);
    if (first) {
      type.name = lower(word);
      first = false;
    } else if (const auto equals = word.find('='); equals != std::string_view::npos) {
      type.parameters[lower(base::trimmed(word.substr(0, equals)))] =
          std::string(base::trimmed(word.substr(equals + 1)));
    }
  }
  return type;
}

std::optional<Form> form_of(const MediaType& type) {
  const bool json = type.name == "application/json" || type.name == "application/*" ||
                    type.name == "*/*" || type.name.empty();
  if (!json) return std::nullopt;
  const auto as = type.parameters.find("as");
  if (as == type.parameters.end()) return Form::object;
  const auto group = type.parameters.find("g");
  const auto version = type.parameters.find("v");
  const bool ours = group != type.parameters.end() && group->second == "meta.k8s.io" &&
                    version != type.parameters.end() && version->second == "v1";
  if (!ours) return std::nullopt;
  if (as->second == "Table") return Form::table;
  const bool partial =
      as->second == "PartialObjectMetadata" || as->second == "PartialObjectMetadataList";
  return partial ? std::optional(Form::partial) : std::nullopt;
}

}  // namespace

std::optional<Form> negotiate(std::string_view accept) {
  if (base::trimmed(accept).empty()) return Form::object;
  for (const auto& entry : base::split(accept, ','))
    if (const auto form = form_of(parse_type(entry))) return form;
  return std::nullopt;
}

Discovery discovery_form(std::string_view accept) {
  for (const auto& entry : base::split(accept, ',')) {
    const auto type = parse_type(entry);
    if (type.name != "application/json") continue;
    const auto has = [&](const char* key, std::string_view value) {
      const auto p = type.parameters.find(key);
      return p != type.parameters.end() && p->second == value;
    };
    if (has("as", "APIGroupDiscoveryList") && has("g", "apidiscovery.k8s.io") && has("v", "v2"))
      return Discovery::aggregated;
    if (type.parameters.empty()) break;
  }
  return Discovery::legacy;
}

BodyType body_type(std::string_view content_type) {
  const auto name = parse_type(content_type).name;
  if (name.empty() || name == "application/json") return BodyType::json;
  if (name == "application/yaml" || name == "application/x-yaml") return BodyType::yaml;
  if (name == "application/merge-patch+json") return BodyType::merge_patch;
  if (name == "application/json-patch+json") return BodyType::json_patch;
  if (name == "application/apply-patch+yaml") return BodyType::apply_patch;
  if (name == "application/strategic-merge-patch+json") return BodyType::strategic;
  if (name == "application/vnd.kubernetes.protobuf") return BodyType::protobuf;
  return BodyType::other;
}

std::optional<api::Include> include_of(std::string_view word) {
  if (word.empty() || word == "Metadata") return api::Include::metadata;
  if (word == "Object") return api::Include::object;
  if (word == "None") return api::Include::none;
  return std::nullopt;
}

}  // namespace controller
