// SPDX-License-Identifier: Apache-2.0
#include "api/codec/scalar.hpp"

#include <charconv>
#include <optional>

namespace api {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_digit(text[end]))
    ++end;
  return end - at;
}

enum class Looks { text, integer, number };

// `text` without its sign.
Looks looks_of(std::string_view text) {
  const std::size_t whole = digits_at(text, 0);
  if (whole > 1 && text[0] == '0') return Looks::text;
  if (whole == text.size()) return whole > 0 ? Looks::integer : Looks::text;
  std::size_t at = whole;
  if (text[at] == '.') {
    const std::size_t fraction = digits_at(text, at + 1);
    if (whole + fraction == 0) return Looks::text;
    at += 1 + fraction;
  }
  if (at == 0) return Looks::text;
  if (at == text.size()) return Looks::number;
  if (text[at] != 'e' && text[at] != 'E') return Looks::text;
  if (++at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
  const std::size_t exponent = digits_at(text, at);
  return exponent > 0 && at + exponent == text.size() ? Looks::number : Looks::text;
}

template <class T>
std::optional<T> read_whole(std::string_view text) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return value;
}

}  // namespace

Json plain_scalar(std::string_view text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return {};
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;

  const bool is_signed = text[0] == '-' || text[0] == '+';
  const auto looks = looks_of(text.substr(is_signed ? 1 : 0));
  const auto digits = text.substr(text[0] == '+' ? 1 : 0);  // from_chars takes no plus
  if (looks == Looks::integer) {
    if (const auto value = read_whole<std::int64_t>(digits)) return *value;
  } else if (looks == Looks::number) {
    if (const auto value = read_whole<double>(digits)) return *value;
  }
  return text;
}

}  // namespace api
