// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/kinds.hpp"
#include "controller/server/authorize.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>

namespace controller {

/// What is done for a request.
enum class Act : std::uint8_t {
  api_versions,
  api_groups,
  api_group,
  group_resources,
  core_resources,
  openapi_v2,
  openapi_v3_index,
  openapi_v3,
  version,
  health,
  metrics,
  batch,
  list,
  create,
  remove_many,
  get,
  replace,
  patch,
  remove,
  samples,
  log,
  live,
  make_token,
  list_events,
  get_event,
  list_namespaces,
  get_namespace,
  changes,
  enroll,
  renew,
  assignment,
  report,
  take_samples,
  take_log,
  access_review,
  rules_review,
  self_review,
  snapshot,
  check_store
};

/// One line of the table. `{kind}` stands for the plural of an open kind; every other `{word}` for
/// any one segment.
struct Route {
  std::string_view method, pattern;
  Need need = Need::admin;
  Act act = Act::get;
  std::string_view verb;  // in refusals
  std::string_view part;  // subresource, in refusals
};

std::span<const Route> routes();

/// A request's place in the table.
struct Found {
  const Route* route = nullptr;     // null: no such path, or (with `path_known`) method
  const api::Kind* kind = nullptr;  // of `{kind}`
  std::map<std::string, std::string, std::less<>> words;  // by the word in braces
  bool path_known = false;

  std::string word(std::string_view name) const;
};
/// HEAD is served as GET. One `/` at the end is forgiven.
Found find_route(std::string_view method, std::string_view path);

/// An open kind by its plural.
const api::Kind* open_kind(std::string_view plural);

Target target_of(const Found& found, std::string_view method, std::string_view path);

}  // namespace controller
