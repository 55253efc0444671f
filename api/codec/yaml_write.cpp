// SPDX-License-Identifier: Apache-2.0
#include "api/codec/scalar.hpp"
#include "api/codec/yaml.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace api {
namespace {

constexpr std::size_t kKeyBytes = 1000;  // a longer key is no simple key; it is written with `?`

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Words that YAML 1.1 takes for something else, in any case. Ours are texts, but others read too.
bool is_old_word(const std::string& text) {
  static constexpr std::string_view kWords[] = {"y",   "n",    "yes",   "no",  "on",
                                                "off", "true", "false", "null"};
  std::string lower = text;
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return std::find(std::begin(kWords), std::end(kWords), lower) != std::end(kWords);
}

// Digits that some reader may take for a number, a time of day or a date: 0x1F, 1e3, 1_000, 12:30.
bool looks_numeric(const std::string& text) {
  if (!is_digit(text[0]) && text[0] != '.' && text[0] != '-' && text[0] != '+') return false;
  const bool date =
      text.size() > 4 && text[4] == '-' && std::all_of(text.begin(), text.begin() + 4, is_digit);
  return date || text.find_first_not_of("0123456789abcdefABCDEFxXoO_.:+-") == std::string::npos;
}

bool is_plain(const std::string& text) {
  if (text.empty() || is_old_word(text) || looks_numeric(text)) return false;
  if (!plain_scalar(text).is_string()) return false;
  const char first = text.front();
  if (!is_letter(first) && !is_digit(first) && first != '/' && first != '.' && first != '_' &&
      first != '$' && first != '-')
    return false;
  if (text.back() == ' ' || text.back() == ':' || text.starts_with("- ") ||
      text.starts_with("---") || text.starts_with("...") || text == "-")
    return false;
  if (text.find(": ") != std::string::npos || text.find(" #") != std::string::npos) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) ||
           std::string_view(" _-./:@+=$()%#;~^").find(c) != std::string_view::npos;
  });
}

// Control and line-break characters beyond ASCII are escaped too: some readers fold them.
std::string quoted_text(const std::string& text) {
  static constexpr std::pair<std::string_view, std::string_view> kEscapes[] = {
      {"\x7F", "\\u007f"},
      {"\u0085", "\\u0085"},
      {"\u2028", "\\u2028"},
      {"\u2029", "\\u2029"},
      {"\uFEFF", "\\ufeff"}};
  std::string out = write_json(Json(text));
  for (const auto& [raw, escape] : kEscapes)
    for (auto at = out.find(raw); at != std::string::npos; at = out.find(raw, at + escape.size()))
      out.replace(at, raw.size(), escape);
  return out;
}

// Whether a text of several lines can stand as it is, under a `|`.
bool is_block(const std::string& text) {
  if (text.find('\n') == std::string::npos || text[0] == '\n' || text[0] == ' ' || text[0] == '\t')
    return false;
  if (text.find_first_not_of('\n') == std::string::npos) return false;
  for (const auto& line : base::split(text, '\n')) {
    if (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line[0] == '\t'))
      return false;
    for (const char c : line)
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) return false;
  }
  for (const auto* odd : {"\u0085", "\u2028", "\u2029", "\uFEFF"})
    if (text.find(odd) != std::string::npos) return false;
  return true;
}

void write_block(std::string& out, const std::string& text, std::size_t indent) {
  const std::size_t kept = text.find_last_not_of('\n') + 1;
  const std::size_t ends = text.size() - kept;
  out += ends == 0 ? "|-" : ends == 1 ? "|" : "|+";
  for (const auto& line : base::split(std::string_view(text).substr(0, kept), '\n')) {
    out += '\n';
    if (!line.empty()) out.append(indent, ' ') += line;
  }
  for (std::size_t i = 1; i < ends; ++i)
    out += '\n';
}

std::string scalar_text(const Json& value) {
  if (!value.is_string()) return write_json(value);
  return is_plain(value.string()) ? value.string() : quoted_text(value.string());
}

bool is_nested(const Json& value) {
  return (value.is_array() && !value.items().empty()) ||
         (value.is_object() && !value.members().empty());
}

void write_lines(std::string& out, const Json& value, std::size_t indent);

// What follows `key:` or `-` on its line, without the line's end.
void write_inline(std::string& out, const Json& value, std::size_t indent) {
  out += ' ';
  if (value.is_string() && is_block(value.string())) {
    write_block(out, value.string(), indent);
  } else {
    out += scalar_text(value);
  }
  out += '\n';
}

void write_member(std::string& out, const Json::Member& member, std::size_t indent) {
  const auto& [key, value] = member;
  const std::string text = is_plain(key) ? key : quoted_text(key);
  if (text.size() > kKeyBytes) {
    out += "? " + text + "\n";
    out.append(indent, ' ');
  } else {
    out += text;
  }
  out += ':';
  if (!is_nested(value)) {
    write_inline(out, value, indent + 2);
    return;
  }
  // Lists stand under their key without indentation, as kubectl prints them.
  const std::size_t inner = value.is_array() ? indent : indent + 2;
  out += '\n';
  out.append(inner, ' ');
  write_lines(out, value, inner);
}

// A nested value whose first line is already indented.
void write_lines(std::string& out, const Json& value, std::size_t indent) {
  if (value.is_object()) {
    for (const auto& member : value.members()) {
      if (&member != &value.members().front()) out.append(indent, ' ');
      write_member(out, member, indent);
    }
    return;
  }
  for (const auto& item : value.items()) {
    if (&item != &value.items().front()) out.append(indent, ' ');
    out += '-';
    if (is_nested(item)) {
      out += ' ';
      write_lines(out, item, indent + 2);
    } else {
      write_inline(out, item, indent + 2);
    }
  }
}

}  // namespace

std::string write_yaml(const Json& value) {
  std::string out;
  if (is_nested(value)) {
    write_lines(out, value, 0);
  } else {
    out = scalar_text(value) + "\n";
  }
  return out;
}

}  // namespace api
