// SPDX-License-Identifier: Apache-2.0
#include "wire/message.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace wire {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

base::Error bad_target(std::string_view what) {
  return base::invalid("the request's target " + std::string(what));
}

/// Nothing that a reader behind us might understand differently: no dot segments, no empty ones.
base::Status check_segments(std::string_view path) {
  for (std::size_t from = 1; from <= path.size();) {
    const auto slash = path.find('/', from);
    const bool last = slash == std::string_view::npos;
    const auto segment = path.substr(from, last ? path.size() - from : slash - from);
    if (segment == "." || segment == "..") return bad_target("climbs with a dot segment");
    if (segment.empty() && !last) return bad_target("has an empty segment");
    if (last) break;
    from = slash + 1;
  }
  return base::ok();
}

base::Result<std::string> decoded_path(std::string_view raw) {
  if (raw.find(';') != std::string_view::npos) return bad_target("has a parameter after ';'");
  auto path = base::percent_decoded(raw);
  if (!path) return bad_target("has a malformed escape");
  if (!base::is_utf8(*path)) return bad_target("is not UTF-8");
  if (std::any_of(path->begin(), path->end(), is_control))
    return bad_target("has a control character");
  return std::move(*path);
}

/// A form's rule: '+' is a blank.
std::optional<std::string> decoded_part(std::string_view raw) {
  std::string text(raw);
  std::replace(text.begin(), text.end(), '+', ' ');
  auto decoded = base::percent_decoded(text);
  if (decoded && !base::is_utf8(*decoded)) return std::nullopt;
  return decoded;
}

base::Status split_query(std::string_view query, Request& request) {
  for (const auto& part : base::split(query, '&')) {
    if (part.empty()) continue;
    const auto equals = part.find('=');
    auto name = decoded_part(std::string_view(part).substr(0, equals));
    auto value = equals == std::string::npos
                     ? std::optional<std::string>("")
                     : decoded_part(std::string_view(part).substr(equals + 1));
    if (!name || !value) return bad_target("has a malformed query");
    request.query.emplace_back(std::move(*name), std::move(*value));
  }
  return base::ok();
}

}  // namespace

std::optional<std::string_view> find_header(const Headers& headers, std::string_view name) {
  for (const auto& header : headers)
    if (same_name(header.name, name)) return header.value;
  return std::nullopt;
}

std::optional<std::string_view> Request::parameter(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return std::nullopt;
}

bool Request::flag(std::string_view name) const {
  const auto value = parameter(name);
  return value && *value != "0" && *value != "false";
}

base::Status split_target(Request& request) {
  const std::string_view target = request.target;
  if (target.empty() || target.front() != '/') return bad_target("is not of the form /path");
  if (target.find('#') != std::string_view::npos) return bad_target("has a fragment");
  const auto mark = target.find('?');
  auto path = decoded_path(target.substr(0, mark));
  if (!path) return std::move(path).error();
  if (auto fine = check_segments(*path); !fine) return fine;
  request.path = std::move(*path);
  request.query.clear();
  if (mark == std::string_view::npos) return base::ok();
  return split_query(target.substr(mark + 1), request);
}

std::string query_text(const std::vector<std::pair<std::string, std::string>>& query) {
  std::string text;
  for (const auto& [name, value] : query) {
    text += text.empty() ? '?' : '&';
    text += base::percent_encoded(name) + '=' + base::percent_encoded(value);
  }
  return text;
}

}  // namespace wire
