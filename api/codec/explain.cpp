// SPDX-License-Identifier: Apache-2.0
#include "api/codec/check.hpp"
#include "api/codec/openapi.hpp"
#include "api/codec/words.hpp"
#include "base/text.hpp"

namespace api {
namespace {

// The record behind lists, maps and optionals.
const Type& innermost(const Type& type) {
  const Type* here = &type;
  while (here->inner != nullptr)
    here = here->inner;
  return *here;
}

std::string remarks_on(const Field& field, const Type& record) {
  std::string out;
  if (field.required) out += " -required-";
  if (field.immutable) out += " -immutable-";
  if (!field.refers_to.empty()) out += " -name of a " + std::string(field.refers_to) + "-";
  if (field.defaulted && bare(*field.type).shape != Shape::record)
    out += " -default " + write_json(encode(field.at(record.initial()), *field.type)) + "-";
  return out;
}

std::string values_of(const Field& field) {
  const Type& type = innermost(*field.type);
  if (type.shape == Shape::enumeration) {
    std::vector<std::string> labels(type.labels.begin(), type.labels.end());
    return "one of " + base::join(labels, ", ");
  }
  if (field.min && field.max)
    return "from " + std::to_string(*field.min) + " to " + std::to_string(*field.max);
  if (field.min) return "at least " + std::to_string(*field.min);
  return field.max ? "at most " + std::to_string(*field.max) : "";
}

std::string fields_text(const Type& record) {
  std::string out = "\nFIELDS:\n";
  for (const auto& field : record.fields) {
    out += "  " + std::string(field.name) + " <" + type_text(*field.type) + ">" +
           remarks_on(field, record) + "\n    " + std::string(field.doc) + "\n";
    if (const auto values = values_of(field); !values.empty()) out += "    (" + values + ")\n";
    out += "\n";
  }
  out.pop_back();
  return out;
}

base::Error unknown_name(std::string_view name, const Type& type, std::string_view at) {
  std::vector<std::string_view> names;
  for (const auto& field : type.fields)
    names.push_back(field.name);
  std::string text = "explain: no field " + base::quoted(name);
  if (!at.empty()) text += " in " + base::quoted(at);
  if (const auto near = base::nearest(name, names))
    text += "; did you mean " + base::quoted(*near) + "?";
  return base::not_found(std::move(text));
}

}  // namespace

base::Result<std::string> explain(const std::string& kind_name, const Type& type,
                                  std::string_view path) {
  const Type* here = &type;
  const Type* record = &innermost(type);
  const Field* field = nullptr;
  std::string at;
  for (const auto& name : path.empty() ? std::vector<std::string>{} : base::split(path, '.')) {
    const Type& inside = innermost(*here);
    const Field* next = inside.find(name);
    if (next == nullptr) return unknown_name(name, inside, at);
    record = &inside;
    field = next;
    here = next->type;
    at += (at.empty() ? "" : ".") + name;
  }
  std::string out = "KIND: " + kind_name + "\n";
  if (field != nullptr)
    out += "FIELD: " + at + " <" + type_text(*here) + ">" + remarks_on(*field, *record) + "\n";
  const auto doc = field != nullptr ? field->doc : type.doc;
  out += "\nDESCRIPTION:\n  " + std::string(doc) + "\n";
  if (field != nullptr)
    if (const auto values = values_of(*field); !values.empty()) out += "  (" + values + ")\n";
  if (const Type& inside = innermost(*here); inside.shape == Shape::record) {
    if (field != nullptr && inside.doc != doc) out += "  " + std::string(inside.doc) + "\n";
    out += fields_text(inside);
  }
  return out;
}

}  // namespace api
