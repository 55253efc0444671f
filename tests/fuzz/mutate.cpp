// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/mutate.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace fuzz {
namespace {

constexpr std::string_view kNumbers[] = {"0",
                                         "1",
                                         "-1",
                                         "9223372036854775807",
                                         "-9223372036854775808",
                                         "18446744073709551616",
                                         "1e9",
                                         "1e400",
                                         "-0",
                                         "0.5",
                                         "4294967296",
                                         "65536"};

std::size_t place_in(base::Dice& dice, const std::string& text) {
  return static_cast<std::size_t>(dice.upto(static_cast<std::int64_t>(text.size()) + 1));
}

std::size_t length_from(base::Dice& dice, const std::string& text, std::size_t at) {
  const auto left = static_cast<std::int64_t>(text.size() - at);
  // Short pieces mostly: a mutant that keeps nothing of its seed is noise.
  return static_cast<std::size_t>(
      dice.upto(std::min<std::int64_t>(left, dice.one_in(4) ? left : 8) + 1));
}

const std::string& one_of(base::Dice& dice, const std::vector<std::string>& list) {
  return list[static_cast<std::size_t>(dice.upto(static_cast<std::int64_t>(list.size())))];
}

void change_byte(base::Dice& dice, std::string& text) {
  if (text.empty()) return;
  auto& c = text[static_cast<std::size_t>(dice.upto(static_cast<std::int64_t>(text.size())))];
  if (dice.one_in(2)) {
    c = static_cast<char>(c ^ (1 << dice.upto(8)));
  } else {
    c = static_cast<char>(dice.upto(256));
  }
}

void replace_number(base::Dice& dice, std::string& text) {
  constexpr std::string_view kDigits = "0123456789";
  const auto begin = text.find_first_of(kDigits, place_in(dice, text));
  if (begin == std::string::npos) return;
  const auto end = std::min(text.find_first_not_of(kDigits, begin), text.size());
  text.replace(begin, end - begin,
               kNumbers[static_cast<std::size_t>(dice.upto(std::size(kNumbers)))]);
}

void change(base::Dice& dice, std::string& text, const std::vector<std::string>& seeds,
            const std::vector<std::string>& words) {
  const auto at = place_in(dice, text);
  const auto length = length_from(dice, text, at);
  switch (dice.upto(9)) {
    case 0:
    case 1: change_byte(dice, text); break;
    case 2: text.erase(at, length); break;
    case 3: text.insert(at, text.substr(at, length)); break;
    case 4: text.insert(at, 1, static_cast<char>(dice.upto(256))); break;
    case 5: text.insert(place_in(dice, text), text.substr(at, length)); break;
    case 6: replace_number(dice, text); break;
    case 7: {
      const auto& other = one_of(dice, seeds);
      const auto from = place_in(dice, other);
      text.replace(at, length, other.substr(from, length_from(dice, other, from)));
      break;
    }
    default:
      if (words.empty()) return;
      text.replace(at, dice.one_in(2) ? 0 : length, one_of(dice, words));
  }
}

}  // namespace

std::vector<std::string> words_in(std::string_view text) {
  std::vector<std::string> words;
  for (const auto& line : base::split(text, '\n')) {
    if (line.size() < 2 || line.front() != '"' || line.back() != '"') continue;
    std::string word;
    for (std::size_t at = 1; at + 1 < line.size(); ++at) {
      if (line[at] == '\\' && line[at + 1] == 'x') {
        word += base::from_hex(line.substr(at + 2, 2)).value_or("");
        at += 3;
      } else {
        if (line[at] == '\\') ++at;
        word += line[at];
      }
    }
    words.push_back(std::move(word));
  }
  return words;
}

std::string mutant(base::Dice& dice, const std::vector<std::string>& seeds,
                   const std::vector<std::string>& words, std::size_t bytes_max) {
  std::string text = one_of(dice, seeds);
  for (auto changes = 1 + dice.upto(4); changes > 0; --changes)
    change(dice, text, seeds, words);
  if (text.size() > bytes_max) text.resize(bytes_max);
  return text;
}

}  // namespace fuzz
