// SPDX-License-Identifier: Apache-2.0
#include "api/meta/type.hpp"

#include "api/meta/describe.hpp"
#include "base/check.hpp"
#include "base/units.hpp"

#include <algorithm>

namespace api {

std::int64_t Quantity::value() const {
  return base::parse_quantity(text).value_or(0);
}

base::Duration Span::value() const {
  return base::parse_duration(text).value_or(base::Duration{0});
}

const Field* Type::find(std::string_view field_name) const {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const Field& f) { return f.name == field_name; });
  return found == fields.end() ? nullptr : &*found;
}

Field& add_field(Type& type, std::string_view name, std::string_view doc, const Type& field_type,
                 std::size_t offset) {
  CHECK(type.find(name) == nullptr);
  Field field;
  field.name = name;
  field.doc = doc;
  field.type = &field_type;
  field.offset = offset;
  type.fields.push_back(field);
  return type.fields.back();
}

}  // namespace api
