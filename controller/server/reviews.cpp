// SPDX-License-Identifier: Apache-2.0
#include "controller/server/reviews.hpp"

#include "base/text.hpp"
#include "controller/server/negotiation.hpp"
#include "controller/server/protobuf.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace controller {
namespace {

using api::Json;

constexpr std::string_view kAny = "*";
constexpr std::string_view kAnyName = "x";  // for a question that names no object

/// How a verb of Kubernetes is asked of us. `one`: of a named object.
struct VerbWord {
  std::string_view verb, method;
  enum class Of : std::uint8_t { one, all } of;
};
constexpr std::array kVerbs{VerbWord{"get", "GET", VerbWord::Of::one},
                            VerbWord{"list", "GET", VerbWord::Of::all},
                            VerbWord{"watch", "GET", VerbWord::Of::all},
                            VerbWord{"create", "POST", VerbWord::Of::all},
                            VerbWord{"update", "PUT", VerbWord::Of::one},
                            VerbWord{"patch", "PATCH", VerbWord::Of::one},
                            VerbWord{"delete", "DELETE", VerbWord::Of::one},
                            VerbWord{"deletecollection", "DELETE", VerbWord::Of::all}};
constexpr std::array<std::string_view, 5> kMethods{"get", "post", "put", "patch", "delete"};

/// A resource that can be asked for, with its part.
struct Place {
  std::string group, resource, part;
};

std::vector<Place> all_places() {
  std::vector<Place> out;
  for (const auto& kind : api::kinds()) {
    if (open_kind(kind.plural) == nullptr) continue;
    for (const std::string_view part : {"", "status", "log", "samples", "live", "token"})
      out.push_back({std::string(api::kGroup), std::string(kind.plural), std::string(part)});
  }
  out.push_back({"", "events", ""});
  out.push_back({"", "namespaces", ""});
  return out;
}

bool fits(const std::string& wished, std::string_view is) {
  return wished == kAny || wished == is;
}

std::string path_of(const Place& place, const VerbWord& verb, const std::string& name) {
  const std::string prefix = !place.group.empty() ? "/apis/orch/v1/"
                             : place.resource == "events" && verb.of == VerbWord::Of::one
                                 ? "/api/v1/namespaces/default/"
                                 : "/api/v1/";
  std::string path = prefix + place.resource;
  // A part is always of one object, also where it is created.
  if (verb.of == VerbWord::Of::all && place.part.empty()) return path;
  path += "/" + (name.empty() ? std::string(kAnyName) : name);
  return place.part.empty() ? path : path + "/" + place.part;
}

/// What the door would say; `none`: there is no such path.
enum class Verdict : std::uint8_t { none, yes, no };
Verdict ask(const Identity& who, std::string_view method, const std::string& path,
            std::string& why) {
  const auto found = find_route(method, path);
  if (found.route == nullptr) return Verdict::none;
  const auto refused = authorize(who, found.route->need, target_of(found, method, path));
  if (!refused) return Verdict::yes;
  why = refused->message;
  return Verdict::no;
}

Verdict ask(const Identity& who, const Place& place, const VerbWord& verb, const std::string& name,
            std::string& why) {
  if (verb.of == VerbWord::Of::all && !place.part.empty() && verb.verb != "create")
    return Verdict::none;
  return ask(who, verb.method, path_of(place, verb, name), why);
}

/// Everything that a wish with "*" covers must be allowed, and it must cover something.
struct Tally {
  bool some = false;
  std::string why;
  void add(Verdict verdict, const std::string& reason) {
    if (verdict != Verdict::none) some = true;
    if (verdict == Verdict::no && why.empty()) why = reason;
  }
  std::string result(const std::string& what) const {
    return some ? why : "there is nothing to " + what;
  }
};

std::string why_not_path(const Identity& who, const Wish& wish) {
  Tally tally;
  for (const auto method : kMethods) {
    if (!fits(wish.verb, method)) continue;
    for (const auto& route : routes()) {
      const bool fixed = route.pattern.find('{') == std::string_view::npos;
      std::string path = wish.path;
      if (path.ends_with('*')) {
        path.pop_back();
        if (!fixed || !route.pattern.starts_with(path)) continue;
        path = route.pattern;
      }
      std::string upper;
      for (const char c : method)
        upper += static_cast<char>(c - 'a' + 'A');
      std::string why;
      const auto verdict = ask(who, upper, path, why);
      tally.add(verdict, why);
      if (!wish.path.ends_with('*')) break;
    }
  }
  return tally.result(wish.verb + " at " + base::quoted(wish.path));
}

std::string why_not_resource(const Identity& who, const Wish& wish) {
  Tally tally;
  for (const auto& place : all_places()) {
    const bool part_fits = wish.resource == kAny && wish.subresource.empty()
                               ? true  // as in Kubernetes, "*" means the parts too
                               : fits(wish.subresource, place.part);
    if (!fits(wish.group, place.group) || !fits(wish.resource, place.resource) || !part_fits)
      continue;
    for (const auto& verb : kVerbs) {
      if (!fits(wish.verb, verb.verb)) continue;
      std::string why;
      const auto verdict = ask(who, place, verb, wish.name, why);
      tally.add(verdict, why);
    }
  }
  auto what = wish.resource + (wish.subresource.empty() ? "" : "/" + wish.subresource);
  return tally.result(wish.verb + " at " + base::quoted(what) + " in API group " +
                      base::quoted(wish.group));
}

Json words(const std::vector<std::string>& list) {
  auto out = Json::array();
  for (const auto& word : list)
    out.push(word);
  return out;
}

std::string text_in(const Json* object, std::string_view key) {
  return object == nullptr ? "" : object->text_at(key);
}

Json text_fields(std::string_view message, const std::vector<std::string_view>& names) {
  auto out = Json::object();
  const auto fields = read_protobuf(message);
  if (!fields) return out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto it = fields->find(static_cast<std::uint32_t>(i + 1));
    if (it != fields->end() && !it->second.empty())
      out.set(std::string(names[i]), base::clean_utf8(it->second));
  }
  return out;
}

/// The spec of a review as JSON.
Json spec_of(std::string_view kind, std::string_view bytes) {
  if (kind == "SelfSubjectRulesReview") return text_fields(bytes, {"namespace"});
  auto spec = Json::object();
  const auto fields = read_protobuf(bytes);
  if (!fields || kind != "SelfSubjectAccessReview") return spec;
  if (const auto it = fields->find(1); it != fields->end())
    spec.set("resourceAttributes", text_fields(it->second, {"namespace", "verb", "group", "version",
                                                            "resource", "subresource", "name"}));
  if (const auto it = fields->find(2); it != fields->end())
    spec.set("nonResourceAttributes", text_fields(it->second, {"path", "verb"}));
  return spec;
}

std::variant<Json, Rejection> access_status(const Identity& who, const Json& spec) {
  const auto* resource = spec.find("resourceAttributes");
  const auto* other = spec.find("nonResourceAttributes");
  if ((resource == nullptr) == (other == nullptr))
    return bad_request(
        "read the review: exactly one of spec.resourceAttributes and "
        "spec.nonResourceAttributes is needed");
  Wish wish;
  wish.verb = text_in(resource != nullptr ? resource : other, "verb");
  wish.group = text_in(resource, "group");
  wish.resource = text_in(resource, "resource");
  wish.subresource = text_in(resource, "subresource");
  wish.name = text_in(resource, "name");
  wish.path = text_in(other, "path");
  const auto why = why_not(who, wish);
  auto status = Json::object({{"allowed", why.empty()}});
  if (!why.empty()) status.set("reason", why);
  return status;
}

Json user_status(const Identity& who) {
  return Json::object(
      {{"userInfo", Json::object({{"username", who.name}, {"groups", words(who.groups)}})}});
}

}  // namespace

std::string why_not(const Identity& who, const Wish& wish) {
  return wish.path.empty() ? why_not_resource(who, wish) : why_not_path(who, wish);
}

Json rules_of(const Identity& who) {
  // Resources with the same verbs share a rule.
  std::map<std::pair<std::string, std::vector<std::string>>, std::vector<std::string>> by_verbs;
  std::string unused;
  for (const auto& place : all_places()) {
    std::vector<std::string> verbs;
    for (const auto& verb : kVerbs)
      if (ask(who, place, verb, "", unused) == Verdict::yes) verbs.emplace_back(verb.verb);
    const auto name = place.part.empty() ? place.resource : place.resource + "/" + place.part;
    if (!verbs.empty()) by_verbs[{place.group, verbs}].push_back(name);
  }
  auto resources = Json::array();
  for (const auto& [key, names] : by_verbs)
    resources.push(Json::object({{"verbs", words(key.second)},
                                 {"apiGroups", words({key.first})},
                                 {"resources", words(names)}}));
  std::vector<std::string> paths;
  for (const auto& route : routes())
    if (route.method == "GET" && route.pattern.find('{') == std::string_view::npos &&
        ask(who, "GET", std::string(route.pattern), unused) == Verdict::yes)
      paths.emplace_back(route.pattern);
  auto others =
      Json::array({Json::object({{"verbs", words({"get"})}, {"nonResourceURLs", words(paths)}})});
  return Json::object({{"resourceRules", std::move(resources)},
                       {"nonResourceRules", std::move(others)},
                       {"incomplete", false}});
}

std::variant<Json, Rejection> read_review(const Call& call, std::string_view api_version,
                                          std::string_view kind) {
  const auto wrong = [&](std::string_view found_version, std::string_view found_kind) {
    return bad_request("read the review: expected a " + std::string(kind) + " of " +
                       std::string(api_version) + ", not " + base::quoted(found_kind) + " of " +
                       base::quoted(found_version));
  };
  const auto type = body_type(call.request.header("Content-Type").value_or(""));
  if (type == BodyType::protobuf) {
    const auto object = read_proto_object(call.request.body);
    if (!object) return bad_request("read the review: the protobuf body is malformed");
    if (object->api_version != api_version || object->kind != kind)
      return wrong(object->api_version, object->kind);
    const auto spec = object->fields.find(2);
    return spec_of(kind, spec == object->fields.end() ? std::string_view{} : spec->second);
  }
  auto body = read_body(call, "review");
  if (const auto* refused = std::get_if<Rejection>(&body)) return *refused;
  const auto& json = std::get<Json>(body);
  if (json.text_at("apiVersion") != api_version || json.text_at("kind") != kind)
    return wrong(json.text_at("apiVersion"), json.text_at("kind"));
  const auto* spec = json.find("spec");
  return spec != nullptr && spec->is_object() ? *spec : Json::object();
}

void answer_review(const CallPtr& call) {
  const bool of_access = call->found.route->act == Act::access_review;
  const bool of_rules = call->found.route->act == Act::rules_review;
  const std::string_view kind = of_access  ? "SelfSubjectAccessReview"
                                : of_rules ? "SelfSubjectRulesReview"
                                           : "SelfSubjectReview";
  const std::string_view version =
      of_access || of_rules ? "authorization.k8s.io/v1" : "authentication.k8s.io/v1";
  const auto spec = read_review(*call, version, kind);
  if (const auto* refused = std::get_if<Rejection>(&spec)) return call->refuse(*refused);
  const auto& asked = std::get<Json>(spec);
  std::variant<Json, Rejection> status = of_access  ? access_status(call->who, asked)
                                         : of_rules ? rules_of(call->who)
                                                    : user_status(call->who);
  if (const auto* refused = std::get_if<Rejection>(&status)) return call->refuse(*refused);
  auto out = Json::object({{"kind", kind},
                           {"apiVersion", version},
                           {"metadata", Json::object({{"creationTimestamp", Json()}})}});
  if (of_access || of_rules) out.set("spec", asked);
  out.set("status", std::get<Json>(std::move(status)));
  call->answer(201, out);
}

}  // namespace controller
