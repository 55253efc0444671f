// SPDX-License-Identifier: Apache-2.0
#include "tests/support/random_value.hpp"

#include "base/units.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace support {
namespace {

using api::Field;
using api::Form;
using api::Json;
using api::Shape;
using api::Type;

std::string random_label(base::Dice& dice) {
  static constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string out;
  const auto size = 1 + dice.upto(12);
  for (std::int64_t i = 0; i < size; ++i)
    out +=
        kLetters[static_cast<std::size_t>(dice.upto(static_cast<std::int64_t>(kLetters.size())))];
  return out;
}

double random_double(base::Dice& dice) {
  for (;;) {
    const auto value = std::bit_cast<double>(dice.roll());
    if (std::isfinite(value)) return value;
  }
}

std::int64_t random_integer(base::Dice& dice) {
  switch (dice.upto(4)) {
    case 0: return dice.upto(10) - 5;
    case 1: return std::numeric_limits<std::int64_t>::min();
    case 2: return std::numeric_limits<std::int64_t>::max();
    default: return static_cast<std::int64_t>(dice.roll());
  }
}

std::int64_t bounded_integer(const Type& type, const Field& field, base::Dice& dice) {
  const unsigned bits = 8U * type.width;
  const std::int64_t high = bits >= 63 ? std::int64_t{1} << 61
                                       : (std::int64_t{1} << (bits - (type.is_signed ? 1 : 0))) - 1;
  const auto low = field.min.value_or(type.is_signed ? -high : 0);
  const auto top = std::min(field.max.value_or(high), high);
  return low + dice.upto(top - low + 1);
}

double bounded_number(const Field& field, base::Dice& dice) {
  const auto low = static_cast<double>(field.min.value_or(-1000));
  const auto high = static_cast<double>(field.max.value_or(1000));
  return low + (high - low) * static_cast<double>(dice.upto(1025)) / 1024.0;
}

std::string formed_text(const Field& field, base::Dice& dice) {
  const bool name = field.form != Form::plain && field.form != Form::non_empty;
  if (name || !field.refers_to.empty()) return random_label(dice);
  std::string text;
  while (text.empty())
    text = random_text(dice);
  return text;
}

Json value_of(const Type& type, const Field& field, base::Dice& dice);

Json random_record(const Type& type, base::Dice& dice) {
  Json out = Json::object();
  for (const auto& field : type.fields)
    if (field.required || dice.one_in(2)) out.set(field.name, value_of(*field.type, field, dice));
  return out;
}

Json random_list(const Type& type, const Field& field, base::Dice& dice) {
  Field item = field;
  std::int64_t low = field.required ? 1 : 0;
  std::int64_t high = 3;
  if (type.inner->shape != Shape::integer && type.inner->shape != Shape::number) {
    low = std::max(low, field.min.value_or(0));
    high = std::min(std::max(high, low), field.max.value_or(high));
    item.min.reset();
    item.max.reset();
  }
  Json out = Json::array();
  const auto size = low + dice.upto(high - low + 1);
  for (std::int64_t i = 0; i < size; ++i)
    out.push(value_of(*type.inner, item, dice));
  return out;
}

Json random_map(const Type& type, const Field& field, base::Dice& dice) {
  Field item = field;
  item.min.reset();
  item.max.reset();
  Json out = Json::object();
  const auto size = dice.upto(4);
  for (std::int64_t i = 0; i < size; ++i)
    out.set(dice.one_in(3) ? random_text(dice) : random_label(dice),
            value_of(*type.inner, item, dice));
  return out;
}

Json value_of(const Type& type, const Field& field, base::Dice& dice) {
  static constexpr std::string_view kQuantities[] = {"96G", "45Gi", "500", "1.5Ti", "600m"};
  static constexpr std::string_view kSpans[] = {"15s", "1h30m", "250ms", "45m", "0s"};
  switch (type.shape) {
    case Shape::boolean: return dice.one_in(2);
    case Shape::integer: return bounded_integer(type, field, dice);
    case Shape::number: return bounded_number(field, dice);
    case Shape::string: return formed_text(field, dice);
    case Shape::enumeration:
      return type.labels[static_cast<std::size_t>(
          dice.upto(static_cast<std::int64_t>(type.labels.size())))];
    case Shape::quantity: return kQuantities[dice.upto(5)];
    case Shape::span: return kSpans[dice.upto(5)];
    case Shape::time: return base::rfc3339(base::Instant{1'000 * (1 + dice.upto(4'000'000'000))});
    case Shape::any: return random_json(dice, 3);
    case Shape::list: return random_list(type, field, dice);
    case Shape::map: return random_map(type, field, dice);
    case Shape::optional: return value_of(*type.inner, field, dice);
    case Shape::record: return random_record(type, dice);
  }
  return {};
}

}  // namespace

std::string random_text(base::Dice& dice, std::int64_t letters) {
  static constexpr std::string_view kPieces[] = {
      "a",   "B",          "7",      " ",  "\n",   "\t",   "\r",     "\"",     "\\",  "'",
      ":",   "#",          "- ",     ": ", " #",   "\x01", "?",      "!",      "&",   "*",
      "[",   "}",          ",",      "%",  "@",    "`",    "|",      ">",      "~",   "é",
      "漢",  "\U0001F600", "\u2028", "no", "1e3",  "\x7f", "\u0085", "\ufeff", "0x1", "---",
      "...", "<<",         "null",   "=",  "\n\n", "  "};
  std::string out;
  const auto size = dice.upto(letters + 1);
  for (std::int64_t i = 0; i < size; ++i) {
    const auto pick =
        dice.one_in(2) ? dice.upto(static_cast<std::int64_t>(std::size(kPieces))) : dice.upto(3);
    out += kPieces[static_cast<std::size_t>(pick)];
  }
  return out;
}

Json random_json(base::Dice& dice, int depth) {
  const auto pick = dice.upto(depth > 0 ? 8 : 5);
  switch (pick) {
    case 0: return {};
    case 1: return dice.one_in(2);
    case 2: return random_integer(dice);
    case 3: return random_double(dice);
    case 4: return random_text(dice);
    default: break;
  }
  Json out = pick < 7 ? Json::object() : Json::array();
  const auto size = dice.upto(5);
  for (std::int64_t i = 0; i < size; ++i) {
    Json inner = random_json(dice, depth - 1);
    if (out.is_array()) {
      out.push(std::move(inner));
    } else {
      out.set(random_text(dice, 6), std::move(inner));
    }
  }
  return out;
}

Json random_value(const Type& type, base::Dice& dice) {
  return value_of(type, Field{}, dice);
}

}  // namespace support
