// SPDX-License-Identifier: Apache-2.0
#include "api/codec/json.hpp"

#include "base/check.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cmath>

namespace api {
namespace {

// Where `key` is, or would be inserted, in sorted members.
template <class Members>
auto spot_of(Members& members, std::string_view key) {
  return std::lower_bound(members.begin(), members.end(), key,
                          [](const Json::Member& m, std::string_view k) { return m.first < k; });
}

void write_escape(std::string& out, char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\t': out += "\\t"; return;
    case '\r': out += "\\r"; return;
    default:
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
  }
}

void write_text(std::string& out, std::string_view text) {
  out += '"';
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
    out += text.substr(written, i - written);
    write_escape(out, c);
    written = i + 1;
  }
  out += text.substr(written);
  out += '"';
}

// A double keeps a fraction or an exponent, so that it reads back as a double.
void write_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  const std::string text = base::number_text(value);
  out += text;
  if (text.find_first_of(".eE") == std::string::npos) out += ".0";
}

void write_scalar(std::string& out, const Json& value) {
  switch (value.kind()) {
    case Json::Kind::boolean: out += value.boolean() ? "true" : "false"; return;
    case Json::Kind::integer: out += std::to_string(value.integer()); return;
    case Json::Kind::number: write_number(out, value.number()); return;
    case Json::Kind::string: write_text(out, value.string()); return;
    default: out += "null";
  }
}

void write_compact(std::string& out, const Json& value) {
  if (value.is_array()) {
    out += '[';
    for (const auto& item : value.items()) {
      if (&item != &value.items().front()) out += ',';
      write_compact(out, item);
    }
    out += ']';
  } else if (value.is_object()) {
    out += '{';
    for (const auto& member : value.members()) {
      if (&member != &value.members().front()) out += ',';
      write_text(out, member.first);
      out += ':';
      write_compact(out, member.second);
    }
    out += '}';
  } else {
    write_scalar(out, value);
  }
}

void write_line(std::string& out, std::size_t indent) {
  out += '\n';
  out.append(indent, ' ');
}

void write_indented(std::string& out, const Json& value, std::size_t indent) {
  if (value.is_array() && !value.items().empty()) {
    out += '[';
    for (const auto& item : value.items()) {
      if (&item != &value.items().front()) out += ',';
      write_line(out, indent + 2);
      write_indented(out, item, indent + 2);
    }
    write_line(out, indent);
    out += ']';
  } else if (value.is_object() && !value.members().empty()) {
    out += '{';
    for (const auto& member : value.members()) {
      if (&member != &value.members().front()) out += ',';
      write_line(out, indent + 2);
      write_text(out, member.first);
      out += ": ";
      write_indented(out, member.second, indent + 2);
    }
    write_line(out, indent);
    out += '}';
  } else {
    write_compact(out, value);
  }
}

}  // namespace

Json::Json() = default;
Json::~Json() = default;
Json::Json(const Json& other) = default;
Json::Json(Json&& other) noexcept = default;
Json& Json::operator=(const Json& other) = default;
Json& Json::operator=(Json&& other) noexcept = default;
bool Json::operator==(const Json& other) const = default;

Json::Json(bool value) : value_(value) {}
Json::Json(int value) : value_(std::int64_t{value}) {}
Json::Json(std::int64_t value) : value_(value) {}
Json::Json(double value) : value_(value) {}
Json::Json(const char* value) : value_(std::string(value)) {}
Json::Json(std::string value) : value_(std::move(value)) {}
Json::Json(std::string_view value) : value_(std::string(value)) {}
Json::Json(Array value) : value_(std::move(value)) {}
Json::Json(ObjectTag) : value_(Object{}) {}

Json Json::array() {
  return Json(Array{});
}
Json Json::array(std::initializer_list<Json> items) {
  return Json(Array(items));
}

bool Json::boolean() const {
  return std::get<bool>(value_);
}
std::int64_t Json::integer() const {
  return std::get<std::int64_t>(value_);
}
const std::string& Json::string() const {
  return std::get<std::string>(value_);
}
const Json::Array& Json::items() const {
  return std::get<Array>(value_);
}
Json::Array& Json::items() {
  return std::get<Array>(value_);
}
const Json::Object& Json::members() const {
  return std::get<Object>(value_);
}
Json::Object& Json::members() {
  return std::get<Object>(value_);
}

Json Json::object() {
  return Json(ObjectTag{});
}

Json Json::object(std::initializer_list<std::pair<std::string_view, Json>> members) {
  Json out = object();
  for (const auto& [key, value] : members)
    out.set(key, value);
  return out;
}

double Json::number() const {
  if (is_integer()) return static_cast<double>(integer());
  return std::get<double>(value_);
}

const Json* Json::find(std::string_view key) const {
  if (!is_object()) return nullptr;
  const auto spot = spot_of(members(), key);
  return spot != members().end() && spot->first == key ? &spot->second : nullptr;
}

Json* Json::find(std::string_view key) {
  return const_cast<Json*>(std::as_const(*this).find(key));
}

const Json* Json::at(std::initializer_list<std::string_view> keys) const {
  const Json* here = this;
  for (const auto key : keys) {
    here = here->find(key);
    if (here == nullptr) return nullptr;
  }
  return here;
}

std::string Json::text_at(std::string_view key, std::string_view fallback) const {
  const Json* found = find(key);
  return found != nullptr && found->is_string() ? found->string() : std::string(fallback);
}

std::int64_t Json::integer_at(std::string_view key, std::int64_t fallback) const {
  const Json* found = find(key);
  return found != nullptr && found->is_integer() ? found->integer() : fallback;
}

Json& Json::set(std::string_view key, Json value) {
  return (*this)[key] = std::move(value);
}

Json& Json::operator[](std::string_view key) {
  if (is_null()) value_ = Object{};
  CHECK(is_object());
  const auto spot = spot_of(members(), key);
  if (spot != members().end() && spot->first == key) return spot->second;
  return members().insert(spot, Member(std::string(key), Json()))->second;
}

void Json::erase(std::string_view key) {
  if (!is_object()) return;
  const auto spot = spot_of(members(), key);
  if (spot != members().end() && spot->first == key) members().erase(spot);
}

void Json::push(Json value) {
  if (is_null()) value_ = Array{};
  CHECK(is_array());
  items().push_back(std::move(value));
}

std::string write_json(const Json& value) {
  std::string out;
  write_compact(out, value);
  return out;
}

std::string write_json_pretty(const Json& value) {
  std::string out;
  write_indented(out, value, 0);
  out += '\n';
  return out;
}

}  // namespace api
