// SPDX-License-Identifier: Apache-2.0
#include "api/kinds.hpp"
#include "base/text.hpp"
#include "base/units.hpp"

#include <algorithm>

namespace api {
namespace {

const Column& age_column() {
  static const Column age{.name = "Age",
                          .type = "date",
                          .path = "metadata.creationTimestamp",
                          .doc = "How long ago the object was made."};
  return age;
}

const Column& name_column() {
  static const Column name{
      .name = "Name", .type = "string", .path = "metadata.name", .doc = "The name of the object."};
  return name;
}

/// Name first, Age last.
std::vector<const Column*> columns_of(const Kind& kind) {
  std::vector<const Column*> out{&name_column()};
  for (const auto& column : kind.columns)
    out.push_back(&column);
  out.push_back(&age_column());
  return out;
}

const Json* follow(const Json& object, std::string_view path) {
  const Json* here = &object;
  for (const auto& key : base::split(path, '.')) {
    here = here->find(key);
    if (here == nullptr) return nullptr;
  }
  return here;
}

Json age_cell(const Json& value, base::Instant now) {
  if (!value.is_string()) return {};
  const auto at = base::parse_rfc3339(value.string());
  if (!at) return {};
  return base::age_text(std::max(base::Duration{0}, now - *at));
}

// A value of the column's type, or null: what is unknown or of another type is never shown as 0.
Json fitting(const Json& value, const Column& column, base::Instant now) {
  if (column.type == "date") return age_cell(value, now);
  if (column.type == "integer") return value.is_integer() ? value : Json();
  if (column.type == "number") return value.is_number() ? value : Json();
  if (column.type == "boolean") return value.is_boolean() ? value : Json();
  if (value.is_string()) return value.string().empty() ? Json() : value;
  return value.is_number() || value.is_boolean() ? Json(write_json(value)) : Json();
}

Json cell_of(const Json& object, const Column& column, base::Instant now) {
  if (column.cell != nullptr) return fitting(column.cell(object), column, now);
  const Json* value = follow(object, column.path);
  return value == nullptr ? Json() : fitting(*value, column, now);
}

Json definition_of(const Column& column) {
  return Json::object({{"name", column.name},
                       {"type", column.type},
                       {"format", &column == &name_column() ? "name" : ""},
                       {"description", column.doc},
                       {"priority", column.priority}});
}

Json partial(const Json& object) {
  const Json* metadata = object.find("metadata");
  return Json::object({{"kind", "PartialObjectMetadata"},
                       {"apiVersion", "meta.k8s.io/v1"},
                       {"metadata", metadata == nullptr ? Json::object() : *metadata}});
}

Json row_json(const std::vector<const Column*>& columns, const Json& object, Include include,
              base::Instant now) {
  Json cells = Json::array();
  for (const auto* column : columns)
    cells.push(cell_of(object, *column, now));
  Json row = Json::object({{"cells", std::move(cells)}});
  if (include == Include::metadata) row.set("object", partial(object));
  if (include == Include::object) row.set("object", object);
  return row;
}

}  // namespace

Json table_of(const Kind& kind, const std::vector<const Json*>& objects, Include include,
              base::Instant now, std::string_view revision) {
  const auto columns = columns_of(kind);
  Json definitions = Json::array();
  for (const auto* column : columns)
    definitions.push(definition_of(*column));
  Json rows = Json::array();
  rows.items().reserve(objects.size());
  for (const auto* object : objects)
    rows.push(row_json(columns, *object, include, now));
  return Json::object({{"kind", "Table"},
                       {"apiVersion", "meta.k8s.io/v1"},
                       {"metadata", Json::object({{"resourceVersion", revision}})},
                       {"columnDefinitions", std::move(definitions)},
                       {"rows", std::move(rows)}});
}

std::vector<std::string> row_of(const Kind& kind, const Json& object, base::Instant now) {
  std::vector<std::string> out;
  for (const auto* column : columns_of(kind)) {
    const Json cell = cell_of(object, *column, now);
    out.push_back(cell.is_null() ? "" : cell.is_string() ? cell.string() : write_json(cell));
  }
  return out;
}

}  // namespace api
