// SPDX-License-Identifier: Apache-2.0
#include "api/codec/check.hpp"
#include "base/units.hpp"

#include <cmath>
#include <cstring>
#include <limits>

/// Structs to Json and back. `memcpy` by the described width is the one way to reach a member whose
/// C++ type only its description knows.
namespace api {
namespace {

constexpr double kWholeMax =
    9007199254740992.0;  // 2^53: doubles beyond may stand for several integers

template <class T>
T& as(void* place) {
  return *static_cast<T*>(place);
}
template <class T>
const T& as(const void* place) {
  return *static_cast<const T*>(place);
}

std::int64_t load_integer(const void* from, const Type& type) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, from, type.width);
  const unsigned unused = 64U - 8U * type.width;
  if (type.is_signed) return static_cast<std::int64_t>(bits << unused) >> unused;
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::min(bits, kMax));
}

bool fits(std::int64_t value, const Type& type) {
  const unsigned bits = 8U * type.width;
  if (type.is_signed) {
    if (bits == 64) return true;
    const std::int64_t limit = std::int64_t{1} << (bits - 1);
    return value >= -limit && value < limit;
  }
  return value >= 0 && (bits == 64 || value < (std::int64_t{1} << bits));
}

void store_integer(std::int64_t value, const Type& type, void* into) {
  if (fits(value, type)) std::memcpy(into, &value, type.width);
}

double load_number(const void* from, const Type& type) {
  return type.width == sizeof(float) ? static_cast<double>(as<float>(from)) : as<double>(from);
}

void store_number(double value, const Type& type, void* into) {
  if (type.width == sizeof(float)) {
    as<float>(into) = static_cast<float>(value);
  } else {
    as<double>(into) = value;
  }
}

// Whole doubles become integers: one value must not have two canonical forms.
Json number_json(double value) {
  if (!std::isfinite(value)) return {};
  if (std::trunc(value) == value && std::fabs(value) < kWholeMax)
    return static_cast<std::int64_t>(value);
  return value;
}

std::size_t label_index(const void* from, const Type& type) {
  std::uint64_t index = 0;
  std::memcpy(&index, from, type.width);
  return static_cast<std::size_t>(index);
}

std::string_view text_of_label(const void* from, const Type& type) {
  const std::size_t index = label_index(from, type);
  return index < type.labels.size() ? type.labels[index] : std::string_view();
}

void store_label(const std::string& label, const Type& type, void* into) {
  for (std::size_t i = 0; i < type.labels.size(); ++i)
    if (type.labels[i] == label) std::memcpy(into, &i, type.width);
}

Json encode_list(const void* value, const Type& type) {
  Json out = Json::array();
  const std::size_t size = type.ops.size(value);
  out.items().reserve(size);
  for (std::size_t i = 0; i < size; ++i)
    out.push(encode(type.ops.element(value, i), *type.inner));
  return out;
}

Json encode_map(const void* value, const Type& type) {
  struct Context {
    Json out = Json::object();
    const Type* inner;
  } context{Json::object(), type.inner};
  type.ops.each(value, &context, [](void* c, std::string_view key, const void* item) {
    auto& to = as<Context>(c);
    to.out.set(key, encode(item, *to.inner));
  });
  return std::move(context.out);
}

// Whether a value says nothing. Numbers and booleans always say something; a record is asked
// through its encoded members.
bool is_empty(const void* value, const Type& type) {
  switch (type.shape) {
    case Shape::string: return as<std::string>(value).empty();
    case Shape::quantity: return !as<Quantity>(value).set();
    case Shape::span: return !as<Span>(value).set();
    case Shape::time: return !as<Time>(value).set();
    case Shape::enumeration: return text_of_label(value, type).empty();
    case Shape::any: return as<Json>(value).is_null();
    case Shape::optional: return type.ops.get(value) == nullptr;
    case Shape::list:
    case Shape::map: return type.ops.size(value) == 0;
    default: return false;
  }
}

Json encode_record(const void* value, const Type& type) {
  Json out = Json::object();
  for (const auto& field : type.fields) {
    const void* member = field.at(value);
    // What is empty is left out, unless reading would put an initial value in its place.
    if (is_empty(member, *field.type) && is_empty(field.at(type.initial()), *field.type)) continue;
    Json encoded = encode(member, *field.type);
    const bool blank = encoded.is_null() || (encoded.is_object() && encoded.members().empty() &&
                                             field.type->shape == Shape::record);
    if (!blank) out.set(field.name, std::move(encoded));
  }
  return out;
}

void decode_integer(const Json& value, const Type& type, void* into) {
  if (value.is_integer()) {
    store_integer(value.integer(), type, into);
  } else if (value.is_number()) {
    const double number = value.number();
    if (std::trunc(number) == number && std::fabs(number) < kWholeMax)
      store_integer(static_cast<std::int64_t>(number), type, into);
  }
}

void decode_text(const Json& value, const Type& type, void* into) {
  // A quantity may be written as a bare number; it keeps its digits.
  if (type.shape == Shape::quantity && value.is_number()) {
    as<Quantity>(into).text = write_json(value);
    return;
  }
  if (!value.is_string()) return;
  switch (type.shape) {
    case Shape::string: as<std::string>(into) = value.string(); return;
    case Shape::quantity: as<Quantity>(into).text = value.string(); return;
    case Shape::span: as<Span>(into).text = value.string(); return;
    case Shape::enumeration: store_label(value.string(), type, into); return;
    default:
      if (const auto at = base::parse_rfc3339(value.string())) as<Time>(into).at = *at;
  }
}

void decode_container(const Json& value, const Type& type, void* into) {
  if (type.shape == Shape::list && value.is_array()) {
    type.ops.clear(into);
    for (const auto& item : value.items())
      decode(item, *type.inner, type.ops.append(into));
  } else if (type.shape == Shape::map && value.is_object()) {
    type.ops.clear(into);
    for (const auto& [key, item] : value.members())
      decode(item, *type.inner, type.ops.insert(into, key));
  } else if (type.shape == Shape::optional && !value.is_null()) {
    decode(value, *type.inner, type.ops.emplace(into));
  }
}

}  // namespace

Json encode(const void* value, const Type& type) {
  switch (type.shape) {
    case Shape::boolean: return as<bool>(value);
    case Shape::integer: return load_integer(value, type);
    case Shape::number: return number_json(load_number(value, type));
    case Shape::string: return as<std::string>(value);
    case Shape::enumeration: return text_of_label(value, type);
    case Shape::quantity: return as<Quantity>(value).text;
    case Shape::span: return as<Span>(value).text;
    case Shape::time: return base::rfc3339(as<Time>(value).at);
    case Shape::any: return as<Json>(value);
    case Shape::list: return encode_list(value, type);
    case Shape::map: return encode_map(value, type);
    case Shape::optional: {
      const void* inner = type.ops.get(value);
      return inner == nullptr ? Json() : encode(inner, *type.inner);
    }
    case Shape::record: return encode_record(value, type);
  }
  return {};
}

void decode(const Json& value, const Type& type, void* into) {
  switch (type.shape) {
    case Shape::boolean:
      if (value.is_boolean()) as<bool>(into) = value.boolean();
      return;
    case Shape::integer: decode_integer(value, type, into); return;
    case Shape::number:
      if (value.is_number()) store_number(value.number(), type, into);
      return;
    case Shape::any: as<Json>(into) = value; return;
    case Shape::record:
      for (const auto& field : type.fields)
        if (const Json* member = value.find(field.name))
          decode(*member, *field.type, field.at(into));
      return;
    case Shape::list:
    case Shape::map:
    case Shape::optional: decode_container(value, type, into); return;
    default: decode_text(value, type, into);
  }
}

}  // namespace api
