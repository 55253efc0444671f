// SPDX-License-Identifier: Apache-2.0
#include "controller/server/views.hpp"

#include "base/check.hpp"

namespace controller {
namespace {

using api::Json;

Json parsed(const std::string& bytes) {
  auto json = api::parse_json(bytes);
  CHECK(json);  // stored bytes were written by write_json
  return std::move(*json);
}

Json partial_of(const Json& object) {
  const Json* metadata = object.find("metadata");
  return Json::object({{"kind", "PartialObjectMetadata"},
                       {"apiVersion", "meta.k8s.io/v1"},
                       {"metadata", metadata != nullptr ? *metadata : Json::object()}});
}

bool needs_body(const Selector& selector) {
  for (const auto& field : selector.fields)
    if (field.key != "metadata.name") return true;
  return !selector.labels.empty();
}

bool fits(const Selector& selector, const std::string& name, const std::string& bytes) {
  if (selector.all()) return true;
  if (needs_body(selector)) return selector.matches(parsed(bytes));
  return selector.matches(Json::object({{"metadata", Json::object({{"name", name}})}}));
}

std::string plain_list(const View& view, const Records& records, std::int64_t revision) {
  std::size_t size = 200;
  for (const auto& r : records)
    size += r->bytes->size() + 1;
  std::string out;
  out.reserve(size);
  out += "{\"kind\":\"" + std::string(view.kind->name) + "List\",\"apiVersion\":\"" +
         std::string(api_version_of(*view.kind)) + "\",\"metadata\":{\"resourceVersion\":\"" +
         std::to_string(revision) + "\"},\"items\":[";
  for (const auto& r : records) {
    if (out.back() != '[') out += ',';
    out += *r->bytes;
  }
  return out + "]}\n";
}

std::string partial_list(const Records& records, std::int64_t revision) {
  auto items = Json::array();
  for (const auto& r : records)
    items.push(partial_of(parsed(*r->bytes)));
  return api::write_json(Json::object(
             {{"kind", "PartialObjectMetadataList"},
              {"apiVersion", "meta.k8s.io/v1"},
              {"metadata", Json::object({{"resourceVersion", std::to_string(revision)}})},
              {"items", std::move(items)}})) +
         "\n";
}

Json table_of_one(const View& view, const Json& object, std::string_view revision,
                  base::Instant wall) {
  return api::table_of(*view.kind, {&object}, view.include, wall, revision);
}

std::string line_of(std::string_view type, const std::string& object) {
  std::string out;
  out.reserve(object.size() + 40);
  out += "{\"type\":\"";
  out += type;
  out += "\",\"object\":";
  out += object;
  return out + "}\n";
}

std::string shaped_line(const View& view, std::string_view type, const Json& object, Line line,
                        base::Instant wall) {
  if (view.form == Form::partial) return line_of(type, api::write_json(partial_of(object)));
  const Json* version = object.at({"metadata", "resourceVersion"});
  auto table = table_of_one(view, object, version != nullptr ? version->string() : "", wall);
  if (line == Line::later) table.set("columnDefinitions", Json());
  return line_of(type, api::write_json(table));
}

}  // namespace

std::string_view api_version_of(const api::Kind& kind) {
  return kind.spec != nullptr ? api::kApiVersion : "v1";
}

Records select(const Picture& picture, const api::Kind& kind, const Selector& selector) {
  Records out;
  const auto found = picture.records.find(std::string(kind.name));
  if (found == picture.records.end()) return out;
  const auto& table = found->second;
  out.reserve(selector.all() ? table.size() : 0);
  for (auto at = table.begin(); at != table.end(); ++at) {
    const auto [name, record] = *at;
    if (fits(selector, name, *record->bytes)) out.push_back(at.held());
  }
  return out;
}

std::string list_text(const View& view, const Records& records, std::int64_t revision,
                      base::Instant wall) {
  if (view.form == Form::object) return plain_list(view, records, revision);
  if (view.form == Form::partial) return partial_list(records, revision);
  std::vector<Json> objects;
  objects.reserve(records.size());
  for (const auto& r : records)
    objects.push_back(parsed(*r->bytes));
  std::vector<const Json*> rows;
  rows.reserve(objects.size());
  for (const auto& o : objects)
    rows.push_back(&o);
  return api::write_json(
             api::table_of(*view.kind, rows, view.include, wall, std::to_string(revision))) +
         "\n";
}

std::string object_text(const View& view, const std::string& bytes, base::Instant wall) {
  if (view.form == Form::object) return bytes + "\n";
  const auto object = parsed(bytes);
  if (view.form == Form::partial) return api::write_json(partial_of(object)) + "\n";
  const Json* version = object.at({"metadata", "resourceVersion"});
  return api::write_json(table_of_one(view, object, version->string(), wall)) + "\n";
}

std::optional<Told> tell(const WatchEvent& event, const Selector& selector) {
  const bool was = event.before != nullptr && fits(selector, event.name, *event.before);
  if (event.type == WatchEvent::Type::deleted) {
    if (!was) return std::nullopt;
    return Told{"DELETED", event.after};
  }
  const bool is = fits(selector, event.name, *event.after);
  if (is) return Told{was ? "MODIFIED" : "ADDED", event.after};
  if (!was) return std::nullopt;
  auto gone = parsed(*event.before);
  gone["metadata"].set("resourceVersion", std::to_string(event.revision));
  return Told{"DELETED", std::make_shared<const std::string>(api::write_json(gone))};
}

std::string event_line(const View& view, std::string_view type, const std::string& bytes, Line line,
                       base::Instant wall) {
  if (view.form == Form::object) return line_of(type, bytes);
  return shaped_line(view, type, parsed(bytes), line, wall);
}

std::string bookmark_line(const View& view, std::int64_t revision, Line line, base::Instant wall) {
  const auto object =
      Json::object({{"kind", view.kind->name},
                    {"apiVersion", api_version_of(*view.kind)},
                    {"metadata", Json::object({{"resourceVersion", std::to_string(revision)},
                                               {"creationTimestamp", Json()}})}});
  if (view.form == Form::object) return line_of("BOOKMARK", api::write_json(object));
  return shaped_line(view, "BOOKMARK", object, line, wall);
}

std::string error_line(const api::Json& status) {
  return line_of("ERROR", api::write_json(status));
}

}  // namespace controller
