// SPDX-License-Identifier: Apache-2.0
#include "api/codec/openapi.hpp"

#include "api/codec/check.hpp"
#include "api/codec/words.hpp"
#include "api/kinds.hpp"
#include "base/limits.hpp"

namespace api {
namespace {

void add_form(Json& schema, Form form) {
  if (form == Form::label) {
    schema.set("pattern", "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$");
    schema.set("maxLength", static_cast<std::int64_t>(base::limits::kNameBytes));
  } else if (form == Form::non_empty) {
    schema.set("minLength", 1);
  } else if (form == Form::task_id) {
    schema.set("minLength", 1);
    schema.set("maxLength", static_cast<std::int64_t>(base::limits::kTaskIdBytes));
  }
}

bool is_numeric(const Type& type) {
  return type.shape == Shape::integer || type.shape == Shape::number;
}

void add_range(Json& schema, const Type& type, const Field& field) {
  if (is_numeric(type)) {
    if (field.min) schema.set("minimum", *field.min);
    if (field.max) schema.set("maximum", *field.max);
  } else if (type.shape == Shape::list && is_numeric(*type.inner)) {
    add_range(schema["items"], *type.inner, field);
  } else if (type.shape == Shape::list) {
    if (field.min) schema.set("minItems", *field.min);
    if (field.max) schema.set("maxItems", *field.max);
  }
}

Json field_schema(const Field& field, const Type& record) {
  const Type& type = bare(*field.type);
  Json schema = schema_of(type);
  schema.set("description", field.doc);
  if (type.shape == Shape::string) add_form(schema, field.form);
  if (type.shape == Shape::list && type.inner->shape == Shape::string)
    add_form(schema["items"], field.form);
  add_range(schema, type, field);
  if (field.defaulted && record.initial != nullptr) {
    Json initial = type.shape == Shape::record ? Json::object()
                                               : encode(field.at(record.initial()), *field.type);
    if (!initial.is_null()) schema.set("default", std::move(initial));
  }
  return schema;
}

Json record_schema(const Type& type) {
  Json schema = Json::object({{"type", "object"}});
  if (!type.doc.empty()) schema.set("description", type.doc);
  Json properties = Json::object();
  Json required = Json::array();
  for (const auto& field : type.fields) {
    properties.set(field.name, field_schema(field, type));
    if (field.required) required.push(field.name);
  }
  if (!properties.members().empty()) schema.set("properties", std::move(properties));
  if (!required.items().empty()) schema.set("required", std::move(required));
  return schema;
}

Json labels_of_type(const Type& type) {
  Json labels = Json::array();
  for (const auto label : type.labels)
    labels.push(label);
  return labels;
}

Json version_kind(const Kind& kind) {
  return Json::object({{"group", kGroup}, {"version", kVersion}, {"kind", kind.name}});
}

Json query_parameter(std::string_view name, std::string_view doc) {
  return Json::object({{"name", name},
                       {"in", "query"},
                       {"description", doc},
                       {"schema", Json::object({{"type", "string"}})}});
}

Json reference(const Kind& kind) {
  return Json::object({{"$ref", "#/components/schemas/orch.v1." + std::string(kind.name)}});
}

// The PATCH operation is what clients look for; strategic merge is not listed, or they would send
// it.
Json path_item(const Kind& kind) {
  const Json any = Json::object({{"schema", Json::object({{"type", "object"}})}});
  const Json body =
      Json::object({{"content", Json::object({{"application/json-patch+json", any},
                                              {"application/merge-patch+json", any}})}});
  const Json answer = Json::object(
      {{"200", Json::object(
                   {{"description", "OK"},
                    {"content", Json::object({{"application/json",
                                               Json::object({{"schema", reference(kind)}})}})}})}});
  return Json::object(
      {{"patch",
        Json::object(
            {{"description", "partially update the specified " + std::string(kind.name)},
             {"parameters",
              Json::array({query_parameter("dryRun", "\"All\": everything but storing."),
                           query_parameter("fieldManager", "Who writes."),
                           query_parameter("fieldValidation",
                                           "Strict, Warn or Ignore: what unknown fields are.")})},
             {"requestBody", body},
             {"responses", answer},
             {"x-kubernetes-group-version-kind", version_kind(kind)}})},
       {"parameters",
        Json::array({Json::object({{"name", "name"},
                                   {"in", "path"},
                                   {"required", true},
                                   {"schema", Json::object({{"type", "string"}})}})})}});
}

Json described(std::string_view type, std::string_view doc) {
  return Json::object({{"type", type}, {"description", doc}});
}

Json component(const Kind& kind) {
  Json properties = Json::object(
      {{"apiVersion", described("string", "The version of this representation: orch/v1.")},
       {"kind", described("string", "The kind of the object.")},
       {"metadata", described("object", "Standard metadata of the object.")}});
  properties.set("spec", schema_of(*kind.spec));
  if (kind.status != nullptr) properties.set("status", schema_of(*kind.status));
  return Json::object({{"type", "object"},
                       {"description", kind.doc},
                       {"properties", std::move(properties)},
                       {"x-kubernetes-group-version-kind", Json::array({version_kind(kind)})}});
}

}  // namespace

Json schema_of(const Type& declared) {
  const Type& type = bare(declared);
  switch (type.shape) {
    case Shape::boolean: return Json::object({{"type", "boolean"}});
    case Shape::integer:
      return Json::object({{"type", "integer"}, {"format", type.width > 4 ? "int64" : "int32"}});
    case Shape::number: return Json::object({{"type", "number"}, {"format", "double"}});
    case Shape::string: return Json::object({{"type", "string"}});
    case Shape::enumeration:
      return Json::object({{"type", "string"}, {"enum", labels_of_type(type)}});
    case Shape::quantity: return Json::object({{"type", "string"}, {"format", "quantity"}});
    case Shape::span: return Json::object({{"type", "string"}, {"format", "duration"}});
    case Shape::time: return Json::object({{"type", "string"}, {"format", "date-time"}});
    case Shape::any: return Json::object({{"x-kubernetes-preserve-unknown-fields", true}});
    case Shape::list: return Json::object({{"type", "array"}, {"items", schema_of(*type.inner)}});
    case Shape::map:
      return Json::object({{"type", "object"}, {"additionalProperties", schema_of(*type.inner)}});
    default: return record_schema(type);
  }
}

Json openapi_v3_of(std::span<const Kind> kinds) {
  Json paths = Json::object();
  Json schemas = Json::object();
  for (const auto& kind : kinds) {
    if (kind.door == Kind::Door::internal || kind.spec == nullptr) continue;
    paths.set("/apis/orch/v1/" + std::string(kind.plural) + "/{name}", path_item(kind));
    schemas.set("orch.v1." + std::string(kind.name), component(kind));
  }
  return Json::object({{"openapi", "3.0.0"},
                       {"info", Json::object({{"title", "orch"}, {"version", kVersion}})},
                       {"paths", std::move(paths)},
                       {"components", Json::object({{"schemas", std::move(schemas)}})}});
}

}  // namespace api
