// SPDX-License-Identifier: Apache-2.0
#include "controller/server/discovery.hpp"

#include "api/codec/openapi.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "controller/server/negotiation.hpp"

namespace controller {
namespace {

using api::Json;

constexpr std::string_view kAggregatedType =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

Json words(const std::vector<std::string_view>& list) {
  auto out = Json::array();
  for (const auto word : list)
    out.push(word);
  return out;
}

const std::vector<std::string_view> kObjectVerbs{"create", "delete", "deletecollection", "get",
                                                 "list",   "patch",  "update",           "watch"};
const std::vector<std::string_view> kStatusVerbs{"get", "patch", "update"};
const std::vector<std::string_view> kReadVerbs{"get", "list", "watch"};

std::vector<const api::Kind*> open_kinds() {
  std::vector<const api::Kind*> out;
  for (const auto& kind : api::kinds())
    if (open_kind(kind.plural) != nullptr) out.push_back(&kind);
  return out;
}

/// A resource that lives in the core group, for describe and for tools that list namespaces.
struct CoreResource {
  std::string_view plural, singular, kind, short_name;
  std::vector<std::string_view> verbs;
  bool namespaced = false;
};

std::vector<CoreResource> core_kinds() {
  return {{"events", "event", "Event", "ev", kReadVerbs, true},
          {"namespaces", "namespace", "Namespace", "ns", {"get", "list"}, false}};
}

Json resource(std::string_view name, std::string_view singular, std::string_view kind,
              const std::vector<std::string_view>& verbs) {
  return Json::object({{"name", name},
                       {"singularName", singular},
                       {"namespaced", false},
                       {"kind", kind},
                       {"verbs", words(verbs)}});
}

Json resource_list(std::string_view version, Json resources) {
  return Json::object({{"kind", "APIResourceList"},
                       {"apiVersion", "v1"},
                       {"groupVersion", version},
                       {"resources", std::move(resources)}});
}

Json response_kind(std::string_view group, std::string_view kind) {
  return Json::object({{"group", group}, {"version", "v1"}, {"kind", kind}});
}

Json aggregated_kind(const api::Kind& kind) {
  auto status = Json::object({{"subresource", "status"},
                              {"responseKind", response_kind(api::kGroup, kind.name)},
                              {"verbs", words(kStatusVerbs)}});
  auto out = Json::object({{"resource", kind.plural},
                           {"responseKind", response_kind(api::kGroup, kind.name)},
                           {"scope", "Cluster"},
                           {"singularResource", kind.singular},
                           {"verbs", words(kObjectVerbs)},
                           {"shortNames", words(kind.short_names)},
                           {"categories", words({"all", "orch"})}});
  if (kind.status != nullptr) out.set("subresources", Json::array({std::move(status)}));
  return out;
}

Json aggregated_core(const CoreResource& r) {
  return Json::object({{"resource", r.plural},
                       {"responseKind", response_kind("", r.kind)},
                       {"scope", r.namespaced ? "Namespaced" : "Cluster"},
                       {"singularResource", r.singular},
                       {"verbs", words(r.verbs)},
                       {"shortNames", words({r.short_name})}});
}

Json group_version() {
  return Json::object({{"groupVersion", api::kApiVersion}, {"version", api::kVersion}});
}

const std::string& openapi_document() {
  static const std::string document = api::write_json(api::openapi_v3());
  return document;
}

}  // namespace

Json api_versions() {
  return Json::object({{"kind", "APIVersions"},
                       {"versions", Json::array({"v1"})},
                       {"serverAddressByClientCIDRs", Json::array()}});
}

Json api_group() {
  return Json::object({{"kind", "APIGroup"},
                       {"apiVersion", "v1"},
                       {"name", api::kGroup},
                       {"versions", Json::array({group_version()})},
                       {"preferredVersion", group_version()}});
}

Json api_group_list() {
  auto group = api_group();
  group.erase("kind");
  group.erase("apiVersion");
  return Json::object({{"kind", "APIGroupList"},
                       {"apiVersion", "v1"},
                       {"groups", Json::array({std::move(group)})}});
}

Json group_resources() {
  auto list = Json::array();
  for (const auto* kind : open_kinds()) {
    auto one = resource(kind->plural, kind->singular, kind->name, kObjectVerbs);
    one.set("shortNames", words(kind->short_names));
    one.set("categories", words({"all", "orch"}));
    list.push(std::move(one));
    if (kind->status != nullptr)
      list.push(resource(std::string(kind->plural) + "/status", "", kind->name, kStatusVerbs));
  }
  return resource_list(api::kApiVersion, std::move(list));
}

Json core_resources() {
  auto list = Json::array();
  for (const auto& r : core_kinds()) {
    auto one = resource(r.plural, r.singular, r.kind, r.verbs);
    one.set("namespaced", r.namespaced);
    one.set("shortNames", words({r.short_name}));
    list.push(std::move(one));
  }
  return resource_list("v1", std::move(list));
}

Json aggregated(Root root) {
  auto resources = Json::array();
  if (root == Root::core)
    for (const auto& r : core_kinds())
      resources.push(aggregated_core(r));
  else
    for (const auto* kind : open_kinds())
      resources.push(aggregated_kind(*kind));
  auto version = Json::object(
      {{"version", "v1"}, {"freshness", "Current"}, {"resources", std::move(resources)}});
  auto metadata = Json::object();
  if (root == Root::groups) metadata.set("name", api::kGroup);
  auto group =
      Json::object({{"metadata", std::move(metadata)}, {"versions", Json::array({version})}});
  return Json::object({{"kind", "APIGroupDiscoveryList"},
                       {"apiVersion", "apidiscovery.k8s.io/v2"},
                       {"metadata", Json::object()},
                       {"items", Json::array({std::move(group)})}});
}

Json openapi_v3_index(const std::string& document) {
  std::string hash;
  for (auto rest = base::hash64(document); rest != 0; rest >>= 4)
    hash += "0123456789abcdef"[rest & 15];
  return Json::object(
      {{"paths", Json::object({{"apis/orch/v1",
                                Json::object({{"serverRelativeURL",
                                               "/openapi/v3/apis/orch/v1?hash=" + hash}})}})}});
}

std::string openapi_v2_stub() {
  return std::string("\x0a\x03") + "2.0" + "\x12\x0a\x0a\x04" + "orch" + "\x12\x02" + "v1";
}

Json version_document(const std::string& version) {
  // kubectl compares this with its own: the newest minor that was tested.
  return Json::object({{"major", "1"},
                       {"minor", "35"},
                       {"gitVersion", "v1.35.0+orch-" + version},
                       {"gitCommit", ""},
                       {"gitTreeState", "clean"},
                       {"buildDate", "1970-01-01T00:00:00Z"},
                       {"goVersion", "none"},
                       {"compiler", "g++"},
                       {"platform", "orch"}});
}

void answer_discovery(const CallPtr& call, const std::string& version) {
  const auto accept = call->request.header("Accept").value_or("");
  const bool whole = discovery_form(accept) == Discovery::aggregated;
  const auto answer_whole = [&](Root root) {
    call->respond({200,
                   {{"Content-Type", std::string(kAggregatedType)}, {"Vary", "Accept"}},
                   api::write_json(aggregated(root)) + "\n"});
  };
  switch (call->found.route->act) {
    case Act::api_versions:
      return whole ? answer_whole(Root::core) : call->answer(200, api_versions());
    case Act::api_groups:
      return whole ? answer_whole(Root::groups) : call->answer(200, api_group_list());
    case Act::api_group: return call->answer(200, api_group());
    case Act::group_resources: return call->answer(200, group_resources());
    case Act::core_resources: return call->answer(200, core_resources());
    case Act::openapi_v3_index: return call->answer(200, openapi_v3_index(openapi_document()));
    case Act::openapi_v3: return call->answer_bytes(openapi_document());
    case Act::openapi_v2:
      return call->respond(
          {200, {{"Content-Type", "application/octet-stream"}}, openapi_v2_stub()});
    default: return call->answer(200, version_document(version));
  }
}

}  // namespace controller
