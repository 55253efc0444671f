// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"
#include "api/meta/type.hpp"
#include "base/dice.hpp"

namespace support {

/// Any Json of at most `depth` levels: odd texts, extreme numbers, empty containers.
api::Json random_json(base::Dice& dice, int depth = 4);

/// A value that passes the checks of `type` apart from rules across fields. Every required field is
/// there, the others at times.
api::Json random_value(const api::Type& type, base::Dice& dice);

/// Text of up to `letters` characters: letters, quotes, controls, blanks, many-byte characters.
std::string random_text(base::Dice& dice, std::int64_t letters = 12);

}  // namespace support
