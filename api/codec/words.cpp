// SPDX-License-Identifier: Apache-2.0
#include "api/codec/words.hpp"

#include "base/text.hpp"

namespace api {
namespace {

constexpr std::size_t kShownBytes = 64;

std::string_view kind_word(Json::Kind kind) {
  switch (kind) {
    case Json::Kind::null: return "null";
    case Json::Kind::boolean: return "boolean";
    case Json::Kind::integer: return "integer";
    case Json::Kind::number: return "number";
    case Json::Kind::string: return "string";
    case Json::Kind::array: return "array";
    case Json::Kind::object: return "object";
  }
  return "null";
}

bool is_container(const Json& value) {
  return value.is_array() || value.is_object();
}

}  // namespace

std::string shown(const Json& value) {
  if (is_container(value)) return base::quoted(kind_word(value.kind()));
  if (value.is_string()) return base::quoted(base::clipped(value.string(), kShownBytes));
  return write_json(value);
}

std::string wrong_kind(const Json& value, Json::Kind wanted) {
  std::string out = "Invalid value: " + base::quoted(kind_word(value.kind())) +
                    ": must be of type " + std::string(kind_word(wanted));
  if (!is_container(value) && !value.is_null()) out += ": " + shown(value);
  return out;
}

std::string unknown_field(std::string_view key, const Type& record) {
  std::vector<std::string_view> names;
  for (const auto& field : record.fields)
    names.push_back(field.name);
  const auto near = base::nearest(base::clipped(key, kShownBytes), names);
  return near ? "unknown field; did you mean " + base::quoted(*near) + "?" : "unknown field";
}

const Type& bare(const Type& type) {
  const Type* inner = &type;
  while (inner->shape == Shape::optional)
    inner = inner->inner;
  return *inner;
}

std::string type_text(const Type& type) {
  switch (type.shape) {
    case Shape::list: return "[]" + type_text(*type.inner);
    case Shape::map: return "map[string]" + type_text(*type.inner);
    case Shape::optional: return type_text(*type.inner);
    case Shape::enumeration: return "string";
    default: return std::string(type.name);
  }
}

}  // namespace api
