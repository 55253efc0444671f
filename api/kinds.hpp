// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"
#include "api/meta/type.hpp"
#include "base/time.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace api {

inline constexpr std::string_view kGroup = "orch";
inline constexpr std::string_view kVersion = "v1";
inline constexpr std::string_view kApiVersion = "orch/v1";

/// A column of the tables that `get` prints: a path into the object, or a function of it.
struct Column {
  std::string_view name;
  std::string_view type;                       // string | integer | number | date
  std::string_view path = {};                  // "status.phase"; `date` columns are shown as ages
  int priority = 0;                            // above 0: only with -o wide
  Json (*cell)(const Json& object) = nullptr;  // instead of `path`
  std::string_view doc = {};
};

/// One row of the table of kinds: everything that is the same for all verbs.
struct Kind {
  std::string_view name;      // BenchRun
  std::string_view plural;    // benchruns
  std::string_view singular;  // benchrun
  std::vector<std::string_view> short_names = {};
  std::string_view doc;
  const Type* spec = nullptr;        // null: internal or core kinds without one
  const Type* status = nullptr;      // null: none
  std::vector<Column> columns = {};  // without Name and Age
  enum class Acted { yes, not_yet } acted = Acted::yes;
  enum class Door { open, internal } door = Door::open;  // internal: never in the API
};

/// All kinds, in the order of resources.md.
std::span<const Kind> kinds();
/// By kind, plural, singular or short name, in any case; null pointer when unknown.
const Kind* find_kind(std::string_view word);

/// Checks a whole object (apiVersion, kind, metadata, spec): every complaint, with paths.
Findings check_object(const Json& object, const Kind& kind);
/// Only metadata: name, labels, annotations (reserved `orch.` labels are refused unless `system`).
enum class Writer : std::uint8_t { person, system };
Findings check_metadata(const Json& metadata, Writer writer);

/// The server-made table of kube-api.md section 7: Name first, Age last. `objects` are whole
/// objects; `include` says what each row's `object` holds.
enum class Include : std::uint8_t { metadata, object, none };
Json table_of(const Kind& kind, const std::vector<const Json*>& objects, Include include,
              base::Instant now, std::string_view revision);
/// Cells of one row as text, "" for unknown: Name, the columns, Age.
std::vector<std::string> row_of(const Kind& kind, const Json& object, base::Instant now);

}  // namespace api
