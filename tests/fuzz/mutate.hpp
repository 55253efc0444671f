// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/dice.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

/// The words of a dictionary as libFuzzer reads them: a line is `"word"`, with `\"`, `\\` and
/// `\xNN`; others are comments.
std::vector<std::string> words_in(std::string_view text);

/// One of the seeds with a few changes: bits, bytes, ranges, words, numbers, pieces of another
/// seed. The same dice give the same text.
std::string mutant(base::Dice& dice, const std::vector<std::string>& seeds,
                   const std::vector<std::string>& words, std::size_t bytes_max);

}  // namespace fuzz
