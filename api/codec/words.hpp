// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"
#include "api/meta/type.hpp"

#include <string>
#include <string_view>

/// The words that the walkers' messages share.
namespace api {

/// A value as messages show it: a text quoted and clipped, a container by its kind alone.
std::string shown(const Json& value);

/// `Invalid value: "string": must be of type integer: "010"`.
std::string wrong_kind(const Json& value, Json::Kind wanted);

/// `unknown field; did you mean "machines"?`
std::string unknown_field(std::string_view key, const Type& record);

/// A type as people write it: `string`, `[]BenchStep`, `map[string]integer`.
std::string type_text(const Type& type);

/// The type behind optionals.
const Type& bare(const Type& type);

}  // namespace api
