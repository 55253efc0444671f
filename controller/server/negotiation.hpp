// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/kinds.hpp"

#include <optional>
#include <string_view>

namespace controller {

/// In which shape objects are told.
enum class Form : std::uint8_t { object, table, partial };

/// The first entry of an Accept header that can be served; nothing: 406.
std::optional<Form> negotiate(std::string_view accept);
/// Does the header ask for aggregated discovery first?
enum class Discovery : std::uint8_t { legacy, aggregated };
Discovery discovery_form(std::string_view accept);

/// What the body of a write is.
enum class BodyType : std::uint8_t {
  json,
  yaml,
  merge_patch,
  json_patch,
  apply_patch,
  strategic,
  protobuf,
  other
};
BodyType body_type(std::string_view content_type);

/// `includeObject` of a table; nothing when it is no known word.
std::optional<api::Include> include_of(std::string_view word);

}  // namespace controller
