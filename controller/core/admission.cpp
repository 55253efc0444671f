// SPDX-License-Identifier: Apache-2.0
#include "controller/core/admission.hpp"

#include "api/codec/check.hpp"
#include "api/codec/patch.hpp"
#include "base/hooks.hpp"
#include "base/text.hpp"
#include "base/units.hpp"

#include <algorithm>
#include <array>

namespace controller {
namespace {

using api::Findings;
using api::Json;

/// What only the server writes.
constexpr std::array<std::string_view, 6> kServerFields{"uid",
                                                        "resourceVersion",
                                                        "generation",
                                                        "creationTimestamp",
                                                        "deletionTimestamp",
                                                        "deletionGracePeriodSeconds"};

constexpr std::size_t kListBytes = 8192;  // of complaints in one message

std::string name_in(const Json& body) {
  const Json* name = body.at({"metadata", "name"});
  return name != nullptr && name->is_string() ? name->string() : "";
}

std::optional<Rejection> check_type(const Json& body, const api::Kind& kind) {
  if (!body.is_object()) return bad_request("the body is not an object");
  const auto version = body.text_at("apiVersion", api::kApiVersion);
  if (version != api::kApiVersion)
    return bad_request("the API version in the data (" + version +
                       ") does not match the expected API version (orch/v1)");
  const auto said = body.text_at("kind", kind.name);
  if (said != kind.name)
    return bad_request("the kind in the data (" + said + ") does not match the expected kind (" +
                       std::string(kind.name) + ")");
  return std::nullopt;
}

/// What the rest relies on before it is checked in full: metadata and annotations can be written
/// to.
std::optional<Rejection> check_shape(const Json& object, const api::Kind& kind) {
  const auto fits = [](const Json* value) {
    return value == nullptr || value->is_null() || value->is_object();
  };
  for (const auto* path : {"metadata", "metadata.annotations"}) {
    const bool whole = std::string_view(path) == "metadata";
    if (fits(whole ? object.find("metadata") : object.at({"metadata", "annotations"}))) continue;
    return invalid(
        kind, name_in(object),
        {{path, "Invalid value: must be of type object", api::Finding::Reason::wrong_type}});
  }
  return std::nullopt;
}

/// Unknown fields: refused, warned of, or dropped.
std::optional<Rejection> judge_fields(Json& object, const api::Kind& kind, const WriteOp& op,
                                      std::vector<std::string>& warnings) {
  Findings dropped;
  std::erase_if(object.members(), [&](const Json::Member& m) {
    const bool known = m.first == "apiVersion" || m.first == "kind" || m.first == "metadata" ||
                       (m.first == "spec" && kind.spec != nullptr) || m.first == "status";
    if (!known) dropped.push_back({m.first, "unknown field", api::Finding::Reason::unknown_field});
    return !known;
  });
  if (Json* spec = object.find("spec"); spec != nullptr && kind.spec != nullptr) {
    const auto more = api::prune(*spec, *kind.spec, "spec");
    dropped.insert(dropped.end(), more.begin(), more.end());
  }
  if (dropped.empty() || op.validation == FieldValidation::ignore) return std::nullopt;
  std::string list;
  for (const auto& f : dropped) {
    const auto text = "unknown field \"" + f.path + "\"" +
                      (f.message.starts_with("unknown field; ") ? f.message.substr(13) : "");
    warnings.push_back(text);
    list += (list.empty() ? "" : ", ") + text;
  }
  if (op.validation == FieldValidation::warn) return std::nullopt;
  warnings.clear();
  return bad_request(std::string(kind.name) + " in version \"v1\" cannot be handled as a " +
                     std::string(kind.name) +
                     ": strict decoding error: " + base::clipped(list, kListBytes));
}

/// One name, or each of a list.
void warn_of_name(const Picture& picture, const Json& value, const api::Field& field,
                  const std::string& path, std::vector<std::string>& warnings) {
  if (value.is_array())
    for (std::size_t i = 0; i < value.items().size(); ++i)
      warn_of_name(picture, value.items()[i], field, path + "[" + std::to_string(i) + "]",
                   warnings);
  if (value.is_string() && !value.string().empty() &&
      picture.find(field.refers_to, value.string()) == nullptr)
    warnings.push_back(path + ": " + std::string(field.refers_to) + " \"" + value.string() +
                       "\" does not exist (yet)");
}

/// References that lead nowhere yet are accepted, with a warning: the order of files must not
/// matter.
void warn_of_references(const Picture& picture, const Json& value, const api::Type& type,
                        const std::string& path, std::vector<std::string>& warnings) {
  if (type.shape == api::Shape::record && value.is_object()) {
    for (const auto& field : type.fields) {
      const Json* member = value.find(field.name);
      if (member == nullptr) continue;
      const auto at = path + "." + std::string(field.name);
      if (!field.refers_to.empty()) warn_of_name(picture, *member, field, at, warnings);
      warn_of_references(picture, *member, *field.type, at, warnings);
    }
  }
  if (type.shape == api::Shape::optional)
    warn_of_references(picture, value, *type.inner, path, warnings);
  if (type.shape == api::Shape::list && value.is_array())
    for (std::size_t i = 0; i < value.items().size(); ++i)
      warn_of_references(picture, value.items()[i], *type.inner,
                         path + "[" + std::to_string(i) + "]", warnings);
}

/// Checks, defaults and warns; `object` becomes what is stored.
std::optional<Rejection> finish(const Picture& picture, Json& object, const api::Kind& kind,
                                const Asker& asker, std::vector<std::string>& warnings) {
  Findings findings = api::check_metadata(object["metadata"], asker.writer);
  if (kind.spec != nullptr) {
    if (object.find("spec") == nullptr) object.set("spec", Json::object());
    const auto more = api::check(object["spec"], *kind.spec, "spec", api::Unknown::ignore);
    findings.insert(findings.end(), more.begin(), more.end());
  }
  if (!findings.empty()) return invalid(kind, name_in(object), findings);
  if (kind.spec == nullptr) return std::nullopt;
  api::fill_defaults(object["spec"], *kind.spec);
  warn_of_references(picture, object["spec"], *kind.spec, "spec", warnings);
  if (kind.acted == api::Kind::Acted::not_yet)
    warnings.push_back("nothing acts on " + std::string(kind.name) + " in this version");
  return std::nullopt;
}

/// Never silence: what nothing acts on says so in its status.
void say_not_acted_on(Json& object, const api::Kind& kind, base::Instant wall) {
  object["status"].set(
      "conditions",
      Json::array({Json::object(
          {{"type", "Reconciled"},
           {"status", "False"},
           {"reason", "NotImplemented"},
           {"message", "nothing acts on " + std::string(kind.name) + " in this version"},
           {"lastTransitionTime", base::rfc3339(wall)}})}));
}

void keep_known_metadata(Json& metadata) {
  static constexpr std::array<std::string_view, 12> known{"name",
                                                          "generateName",
                                                          "labels",
                                                          "annotations",
                                                          "finalizers",
                                                          "ownerReferences",
                                                          "uid",
                                                          "resourceVersion",
                                                          "generation",
                                                          "creationTimestamp",
                                                          "deletionTimestamp",
                                                          "deletionGracePeriodSeconds"};
  if (!metadata.is_object()) return;
  std::erase_if(metadata.members(), [](const Json::Member& m) {
    return m.second.is_null() || std::find(known.begin(), known.end(), m.first) == known.end();
  });
}

void take_server_fields(Json& metadata, const Json& live) {
  for (const auto field : kServerFields) {
    const Json* value = live.find(field);
    if (value != nullptr)
      metadata.set(field, *value);
    else
      metadata.erase(field);
  }
  metadata.set("name", live.text_at("name"));
}

Json last_applied_of(const Json& live) {
  const Json* note = live.at({"metadata", "annotations", kLastApplied});
  if (note == nullptr || !note->is_string()) return Json::object();
  auto parsed = api::parse_json(note->string());
  return parsed && parsed->is_object() ? std::move(*parsed) : Json::object();
}

/// What `apply` remembers, to the byte as kubectl does: the manifest as it was sent, without the
/// memory itself.
Json with_memory(Json wanted) {
  wanted.set("apiVersion", api::kApiVersion);
  wanted.erase("status");
  auto& notes = wanted["metadata"]["annotations"];
  if (!notes.is_object()) notes = Json::object();
  notes.erase(kLastApplied);
  auto memory = api::write_json(wanted) + "\n";
  notes.set(kLastApplied, std::move(memory));
  return wanted;
}

/// The object that the op asks for, before the server's own fields are put back.
std::variant<Json, Rejection> asked_for(const WriteOp& op, const api::Kind& kind,
                                        const Json& live) {
  switch (op.verb) {
    case WriteOp::Verb::merge_patch:
      if (!op.body.is_object()) return bad_request("a merge patch must be an object");
      return api::merge_patched(live, op.body);
    case WriteOp::Verb::json_patch: {
      auto patched = api::json_patched(live, op.body);
      if (patched) return std::move(*patched);
      if (patched.error().code == base::Code::invalid) return bad_request(patched.error().message);
      return Rejection{422,
                       "Invalid",
                       "the server rejected our request due to an error in our request: " +
                           patched.error().message,
                       {}};
    }
    case WriteOp::Verb::apply: {
      const auto wanted = with_memory(op.body);
      return three_way(live, last_applied_of(live), wanted);
    }
    case WriteOp::Verb::replace: {
      if (name_in(op.body) != op.name)
        return bad_request("the name of the object (" + name_in(op.body) +
                           ") does not match the name on the URL (" + op.name + ")");
      const Json* version = op.body.at({"metadata", "resourceVersion"});
      if (version == nullptr || !version->is_string() || version->string().empty())
        return invalid(
            kind, op.name,
            {{"metadata.resourceVersion", "Invalid value: 0x0: must be specified for an update",
              api::Finding::Reason::invalid}});
      return op.body;
    }
    case WriteOp::Verb::create:
    case WriteOp::Verb::remove: break;
  }
  return op.body;
}

std::optional<Rejection> check_preconditions(const Json& asked, const api::Kind& kind,
                                             const std::string& name, const Json& live) {
  const Json* version = asked.at({"metadata", "resourceVersion"});
  const auto current = live.at({"metadata", "resourceVersion"})->string();
  if (version != nullptr && version->is_string() && !version->string().empty() &&
      version->string() != current && !ORCH_MUTANT("conflict-unseen"))
    return conflict(kind, name,
                    "the object has been modified; please apply your changes to the latest version "
                    "and try again");
  const Json* uid = asked.at({"metadata", "uid"});
  const auto live_uid = live.at({"metadata", "uid"})->string();
  if (uid != nullptr && uid->is_string() && !uid->string().empty() && uid->string() != live_uid)
    return conflict(kind, name,
                    "Precondition failed: UID in precondition: " + uid->string() +
                        ", UID in object meta: " + live_uid);
  return std::nullopt;
}

/// Status: everything but `.status` comes from the live object, and the other way round.
Json with_part(Json asked, const Json& live, WriteOp::Part part) {
  if (part == WriteOp::Part::object) {
    if (const Json* status = live.find("status"))
      asked.set("status", *status);
    else
      asked.erase("status");
    return asked;
  }
  Json out = live;
  if (const Json* status = asked.find("status"))
    out.set("status", *status);
  else
    out.erase("status");
  return out;
}

}  // namespace

Json three_way(const Json& live, const Json& last_applied, const Json& wanted) {
  if (!live.is_object() || !wanted.is_object()) return wanted;
  Json out = live;
  if (last_applied.is_object())
    for (const auto& [key, value] : last_applied.members())
      if (wanted.find(key) == nullptr) out.erase(key);
  static const Json nothing;
  for (const auto& [key, value] : wanted.members()) {
    const Json* before = out.find(key);
    const Json* last = last_applied.find(key);
    out.set(key, before == nullptr ? value
                                   : three_way(*before, last != nullptr ? *last : nothing, value));
  }
  return out;
}

Admission admit_create(const Picture& picture, const WriteOp& op, const Asker& asker,
                       const std::string& uid, base::Instant wall) {
  const auto& kind = *api::find_kind(op.kind);
  if (auto wrong = check_type(op.body, kind)) return *wrong;
  if (auto wrong = check_shape(op.body, kind)) return *wrong;
  Admitted out;
  out.what = Admitted::What::created;
  out.object = op.verb == WriteOp::Verb::apply ? with_memory(op.body) : op.body;
  auto& metadata = out.object["metadata"];
  if (!metadata.text_at("resourceVersion").empty() && op.verb == WriteOp::Verb::create)
    return bad_request("resourceVersion should not be set on objects to be created");
  keep_known_metadata(metadata);
  for (const auto field : kServerFields)
    metadata.erase(field);
  if (asker.writer == api::Writer::person) metadata.erase("ownerReferences");
  if (metadata.find("name") == nullptr && !metadata.text_at("generateName").empty())
    metadata.set("name", metadata.text_at("generateName") + uid.substr(0, 5));
  out.object.set("apiVersion", api::kApiVersion);
  out.object.set("kind", kind.name);
  if (asker.writer == api::Writer::person) out.object.erase("status");
  if (auto wrong = judge_fields(out.object, kind, op, out.warnings)) return *wrong;
  if (auto wrong = finish(picture, out.object, kind, asker, out.warnings)) return *wrong;
  auto& stored = out.object["metadata"];
  const auto name = stored.text_at("name");
  if (!op.name.empty() && op.name != name)
    return bad_request("the name of the object (" + name +
                       ") does not match the name on the URL (" + op.name + ")");
  if (picture.find(kind.name, name) != nullptr) return already_exists(kind, name);
  stored.set("uid", uid);
  stored.set("generation", 1);
  stored.set("creationTimestamp", base::rfc3339(wall));
  if (kind.acted == api::Kind::Acted::not_yet) say_not_acted_on(out.object, kind, wall);
  return out;
}

Admission admit_update(const Picture& picture, const WriteOp& op, const Asker& asker,
                       const Json& live) {
  const auto& kind = *api::find_kind(op.kind);
  if (op.verb == WriteOp::Verb::apply) {
    if (auto wrong = check_type(op.body, kind)) return *wrong;
    if (auto wrong = check_shape(op.body, kind)) return *wrong;
  }
  auto asked = asked_for(op, kind, live);
  if (auto* wrong = std::get_if<Rejection>(&asked)) return *wrong;
  auto& object = std::get<Json>(asked);
  if (auto wrong = check_type(object, kind)) return *wrong;
  if (auto wrong = check_shape(object, kind)) return *wrong;
  const auto name = live.at({"metadata", "name"})->string();
  if (op.verb != WriteOp::Verb::apply) {
    if (auto wrong = check_preconditions(object, kind, name, live)) return *wrong;
  }
  Admitted out;
  out.what = Admitted::What::configured;
  out.object = with_part(std::move(object), live, op.part);
  keep_known_metadata(out.object["metadata"]);
  take_server_fields(out.object["metadata"], *live.find("metadata"));
  out.object.set("apiVersion", api::kApiVersion);
  out.object.set("kind", kind.name);
  if (op.part == WriteOp::Part::object) {
    if (auto wrong = judge_fields(out.object, kind, op, out.warnings)) return *wrong;
    // The system's own labels stay as they are; a person can neither add, change nor drop them.
    const Asker as_system{asker.name, api::Writer::system};
    Json labels =
        live.at({"metadata", "labels"}) ? *live.at({"metadata", "labels"}) : Json::object();
    const Json* after = out.object.at({"metadata", "labels"});
    const auto own = [](const Json* all) {
      Json::Array kept;
      if (all != nullptr && all->is_object())
        for (const auto& [key, value] : all->members())
          if (key.starts_with("orch.")) kept.push_back(Json::array({key, value}));
      return kept;
    };
    if (asker.writer == api::Writer::person && own(&labels) != own(after))
      return invalid(
          kind, name,
          {{"metadata.labels", "labels that begin with \"orch.\" are written by the system only",
            api::Finding::Reason::forbidden}});
    if (auto wrong = finish(picture, out.object, kind, as_system, out.warnings)) return *wrong;
    if (kind.spec != nullptr) {
      const auto frozen =
          api::immutable_changes(*live.find("spec"), *out.object.find("spec"), *kind.spec, "spec");
      if (!frozen.empty()) return invalid(kind, name, frozen);
      if (*live.find("spec") != *out.object.find("spec"))
        out.object["metadata"].set("generation",
                                   live.find("metadata")->integer_at("generation", 1) + 1);
    }
  }
  if (out.object == live) out.what = Admitted::What::unchanged;
  return out;
}

}  // namespace controller
