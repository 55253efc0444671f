// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"

#include <string_view>

namespace api {

/// What a plain YAML scalar means: null ~, true false, decimal integers and floats as the YAML 1.2
/// core schema has them; everything else is the text itself. Numbers with leading zeros, other
/// bases, and numbers that no int64 or finite double holds stay texts, so that nothing is guessed.
Json plain_scalar(std::string_view text);

}  // namespace api
