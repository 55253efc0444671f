// SPDX-License-Identifier: Apache-2.0
#include "controller/server/routes.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace controller {
namespace {

constexpr std::array kRoutes{
    Route{"GET", "/livez", Need::nothing, Act::health, "get", ""},
    Route{"GET", "/readyz", Need::nothing, Act::health, "get", ""},
    Route{"POST", "/agent/v1/enroll", Need::nothing, Act::enroll, "post", ""},
    Route{"GET", "/healthz", Need::viewer, Act::health, "get", ""},
    Route{"GET", "/version", Need::viewer, Act::version, "get", ""},
    Route{"GET", "/metrics", Need::viewer, Act::metrics, "get", ""},
    Route{"GET", "/changes", Need::viewer, Act::changes, "get", ""},

    Route{"GET", "/api", Need::viewer, Act::api_versions, "get", ""},
    Route{"GET", "/apis", Need::viewer, Act::api_groups, "get", ""},
    Route{"GET", "/apis/orch", Need::viewer, Act::api_group, "get", ""},
    Route{"GET", "/apis/orch/v1", Need::viewer, Act::group_resources, "get", ""},
    Route{"GET", "/api/v1", Need::viewer, Act::core_resources, "get", ""},
    Route{"GET", "/openapi/v2", Need::viewer, Act::openapi_v2, "get", ""},
    Route{"GET", "/openapi/v3", Need::viewer, Act::openapi_v3_index, "get", ""},
    Route{"GET", "/openapi/v3/apis/orch/v1", Need::viewer, Act::openapi_v3, "get", ""},

    Route{"POST", "/apis/orch/v1/batch", Need::writer, Act::batch, "post", ""},
    Route{"GET", "/apis/orch/v1/benchruns/{name}/samples", Need::viewer, Act::samples, "get",
          "samples"},
    Route{"GET", "/apis/orch/v1/benchruns/{name}/log", Need::viewer, Act::log, "get", "log"},
    Route{"GET", "/apis/orch/v1/modeldeployments/{name}/log", Need::viewer, Act::log, "get", "log"},
    Route{"GET", "/apis/orch/v1/machines/{name}/live", Need::viewer, Act::live, "get", "live"},
    Route{"POST", "/apis/orch/v1/machines/{name}/token", Need::admin, Act::make_token, "create",
          "token"},

    Route{"GET", "/apis/orch/v1/{kind}", Need::viewer, Act::list, "list", ""},
    Route{"POST", "/apis/orch/v1/{kind}", Need::writer, Act::create, "create", ""},
    Route{"DELETE", "/apis/orch/v1/{kind}", Need::writer, Act::remove_many, "deletecollection", ""},
    Route{"GET", "/apis/orch/v1/{kind}/{name}", Need::viewer, Act::get, "get", ""},
    Route{"PUT", "/apis/orch/v1/{kind}/{name}", Need::writer, Act::replace, "update", ""},
    Route{"PATCH", "/apis/orch/v1/{kind}/{name}", Need::writer, Act::patch, "patch", ""},
    Route{"DELETE", "/apis/orch/v1/{kind}/{name}", Need::writer, Act::remove, "delete", ""},
    Route{"GET", "/apis/orch/v1/{kind}/{name}/status", Need::viewer, Act::get, "get", "status"},
    Route{"PUT", "/apis/orch/v1/{kind}/{name}/status", Need::admin, Act::replace, "update",
          "status"},
    Route{"PATCH", "/apis/orch/v1/{kind}/{name}/status", Need::admin, Act::patch, "patch",
          "status"},

    Route{"GET", "/api/v1/events", Need::viewer, Act::list_events, "list", ""},
    Route{"GET", "/api/v1/namespaces", Need::viewer, Act::list_namespaces, "list", ""},
    Route{"GET", "/api/v1/namespaces/{namespace}", Need::viewer, Act::get_namespace, "get", ""},
    Route{"GET", "/api/v1/namespaces/{namespace}/events", Need::viewer, Act::list_events, "list",
          ""},
    Route{"GET", "/api/v1/namespaces/{namespace}/events/{name}", Need::viewer, Act::get_event,
          "get", ""},

    Route{"POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", Need::viewer,
          Act::access_review, "create", ""},
    Route{"POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", Need::viewer,
          Act::rules_review, "create", ""},
    Route{"POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", Need::viewer,
          Act::self_review, "create", ""},

    Route{"GET", "/agent/v1/machines/{machine}/assignment", Need::machine, Act::assignment, "get",
          ""},
    Route{"POST", "/agent/v1/machines/{machine}/report", Need::machine, Act::report, "post", ""},
    Route{"POST", "/agent/v1/machines/{machine}/renew", Need::machine, Act::renew, "post", ""},
    Route{"POST", "/agent/v1/machines/{machine}/runs/{uid}/samples", Need::machine,
          Act::take_samples, "post", ""},
    Route{"PUT", "/agent/v1/machines/{machine}/logs/{stream}", Need::machine, Act::take_log, "put",
          ""},

    Route{"POST", "/admin/v1/snapshot", Need::same_user, Act::snapshot, "post", ""},
    Route{"POST", "/admin/v1/check", Need::same_user, Act::check_store, "post", ""},
};

/// Does one segment of a pattern fit? `{kind}` looks its kind up, other words are kept.
bool fits(std::string_view pattern, const std::string& segment, Found& found) {
  if (!pattern.starts_with('{')) return pattern == segment;
  if (segment.empty()) return false;
  const auto word = pattern.substr(1, pattern.size() - 2);
  if (word == "kind") {
    found.kind = open_kind(segment);
    return found.kind != nullptr;
  }
  if (word == "machine" && !base::is_dns_label(segment)) return false;
  found.words[std::string(word)] = segment;
  return true;
}

using Segments = std::vector<std::string>;

bool fits(const Segments& pattern, const Segments& path, Found& found) {
  if (pattern.size() != path.size()) return false;
  found.kind = nullptr;
  found.words.clear();
  for (std::size_t i = 0; i < path.size(); ++i)
    if (!fits(pattern[i], path[i], found)) return false;
  return true;
}

/// The patterns cut into segments, once.
const std::vector<Segments>& patterns() {
  static const auto all = [] {
    std::vector<Segments> cut;
    for (const auto& route : kRoutes)
      cut.push_back(base::split(route.pattern, '/'));
    return cut;
  }();
  return all;
}

}  // namespace

std::span<const Route> routes() {
  return kRoutes;
}

const api::Kind* open_kind(std::string_view plural) {
  for (const auto& kind : api::kinds())
    if (kind.plural == plural && kind.door == api::Kind::Door::open && kind.spec != nullptr)
      return &kind;
  return nullptr;
}

std::string Found::word(std::string_view name) const {
  const auto w = words.find(name);
  return w == words.end() ? "" : w->second;
}

Found find_route(std::string_view method, std::string_view path) {
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const auto segments = base::split(path, '/');
  const auto asked = method == "HEAD" ? "GET" : method;
  Found known;
  for (std::size_t i = 0; i < kRoutes.size(); ++i) {
    Found found;
    if (!fits(patterns()[i], segments, found)) continue;
    found.path_known = true;
    if (kRoutes[i].method == asked) {
      found.route = &kRoutes[i];
      return found;
    }
    known = std::move(found);
  }
  return known;
}

Target target_of(const Found& found, std::string_view method, std::string_view path) {
  Target t;
  t.path = path;
  std::transform(method.begin(), method.end(), std::back_inserter(t.verb), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  t.name = found.word("name");
  t.machine = found.word("machine");
  if (found.kind != nullptr) t.plural = found.kind->plural;
  if (found.route == nullptr) return t;
  t.verb = found.route->verb;
  t.part = found.route->part;
  if (t.plural.empty() && !t.part.empty())
    t.plural = base::split(found.route->pattern, '/').at(4);  // /apis/orch/v1/machines/…
  return t;
}

}  // namespace controller
