// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace base {
namespace {

constexpr std::size_t kLabelBytes = 63;
constexpr std::size_t kSubdomainBytes = 253;

bool is_label_middle(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

bool is_label(std::string_view name) {
  return !name.empty() && name.front() != '-' && name.back() != '-' &&
         std::all_of(name.begin(), name.end(), is_label_middle);
}

/// What a label may hold of `name`: lower case, everything else a dash, no dash at the start.
std::string label_letters(std::string_view name) {
  std::string out;
  for (char c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!is_label_middle(c)) c = '-';
    if (c != '-' || !out.empty()) out += c;
  }
  return out;
}

/// Edit distance where swapping two neighbours is one error, as in typing.
std::size_t distance(std::string_view a, std::string_view b) {
  const std::size_t width = b.size() + 1;
  std::vector<std::size_t> cells((a.size() + 1) * width);
  const auto at = [&](std::size_t i, std::size_t j) -> std::size_t& {
    return cells[i * width + j];
  };
  for (std::size_t i = 0; i <= a.size(); ++i)
    at(i, 0) = i;
  for (std::size_t j = 0; j <= b.size(); ++j)
    at(0, j) = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = at(i - 1, j - 1) + (a[i - 1] == b[j - 1] ? 0 : 1);
      at(i, j) = std::min({at(i - 1, j) + 1, at(i, j - 1) + 1, changed});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
      }
    }
  }
  return cells.back();
}

}  // namespace

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  for (;;) {
    const auto end = text.find(at);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view between) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += between;
    out += parts[i];
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n\v\f";
  const auto start = text.find_first_not_of(kBlank);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kBlank) - start + 1);
}

std::optional<std::int64_t> to_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> to_number(std::string_view text) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(value)) return std::nullopt;  // "inf" and "nan" are words, not numbers
  return value;
}

std::string number_text(double value) {
  std::array<char, 64> text{};
  // Up to here every whole number has its own double, and digits read better than "1e+06".
  constexpr double kExact = 9007199254740992.0;
  const bool whole = std::trunc(value) == value && std::fabs(value) <= kExact;
  const auto form = whole ? std::chars_format::fixed : std::chars_format::general;
  const auto end = whole ? std::to_chars(text.data(), text.data() + text.size(), value, form).ptr
                         : std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

bool is_dns_label(std::string_view name) {
  return name.size() <= kLabelBytes && is_label(name);
}

bool is_dns_subdomain(std::string_view name) {
  if (name.size() > kSubdomainBytes) return false;
  const auto labels = split(name, '.');
  return std::all_of(labels.begin(), labels.end(), is_label);
}

std::string fitted_name(const std::string& name) {
  if (is_dns_label(name)) return name;
  std::string tail = "-";
  std::uint64_t hash = hash64(name);
  for (int i = 0; i < 6; ++i) {
    tail += static_cast<char>('a' + hash % 26);
    hash /= 26;
  }
  std::string head = label_letters(name).substr(0, kLabelBytes - tail.size());
  while (!head.empty() && head.back() == '-')
    head.pop_back();
  return head.empty() ? tail.substr(1) : head + tail;
}

std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string_view>& candidates) {
  constexpr std::size_t kLongest = 64;  // nobody mistypes more; keeps the table small
  if (word.size() > kLongest) return std::nullopt;
  std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::optional<std::string> found;
  for (const auto candidate : candidates) {
    if (candidate.size() > kLongest) continue;
    const auto errors = distance(word, candidate);
    // When every letter is wrong it is another word.
    if (errors >= best || errors >= std::max(word.size(), candidate.size())) continue;
    best = errors;
    found = std::string(candidate);
  }
  return found;
}

std::uint64_t hash64(std::string_view bytes) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : bytes) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001B3ULL;
  }
  return hash;
}

}  // namespace base
