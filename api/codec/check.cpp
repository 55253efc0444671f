// SPDX-License-Identifier: Apache-2.0
#include "api/codec/check.hpp"

#include "api/codec/path.hpp"
#include "api/codec/words.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "base/units.hpp"

#include <algorithm>
#include <limits>

namespace api {
namespace {

using Reason = Finding::Reason;

// Beyond these nobody reads on, and a hostile value must not cost more than it is long.
constexpr std::size_t kFindings = 256;
constexpr std::size_t kTextBytes = 16 * 1024;  // one text; a long prompt fits, a megabyte does not
constexpr std::size_t kKeyBytes = 316;         // a qualified name: 253 + '/' + 63, less one

constexpr std::string_view kLabelRule =
    "must consist of lower case letters, digits and '-', and start and end with a letter or a "
    "digit, at most 63 bytes";
constexpr std::string_view kSubdomainRule =
    "must consist of lower case letters, digits, '-' and '.', and start and end with a letter or a "
    "digit, at most 253 bytes";

constexpr std::string_view kTaskIdRule = "must be 1 to 200 bytes without control characters";

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

// Argument vectors have these names in every kind.
bool is_arguments(const Field& field) {
  return field.name == "command" || field.name == "args";
}

// What the element of a list, map or optional is held to: what was said of the field.
const Field& nothing_said() {
  static const Field none;
  return none;
}

class Checker {
 public:
  Checker(std::string path, Unknown unknown) : path_(std::move(path)), unknown_(unknown) {}

  void value(const Json& value, const Type& type, const Field& field);
  Findings take() { return std::move(findings_); }

 private:
  void say(Reason reason, std::string message) {
    if (findings_.size() < kFindings) findings_.push_back({path_, std::move(message), reason});
  }
  void bad(const Json& value, std::string_view must, Reason reason = Reason::invalid) {
    say(reason, "Invalid value: " + shown(value) + ": " + std::string(must));
  }
  bool is_kind(const Json& value, Json::Kind kind);
  void within(const Json& value, std::int64_t number, const Field& field);
  void integer(const Json& value, const Type& type, const Field& field);
  void number(const Json& value, const Field& field);
  bool text(const Json& value, std::size_t bytes_max = kTextBytes);
  void form(const Json& value, const Field& field);
  void label(const Json& value, const Type& type);
  void quantity(const Json& value, const Field& field);
  void span(const Json& value, const Field& field);
  void time(const Json& value);
  void size(std::size_t count, const Field& field);
  void list(const Json& value, const Type& type, const Field& field);
  void map(const Json& value, const Type& type, const Field& field);
  void record(const Json& value, const Type& type);
  void member(const Json& value, const Field& field);
  void unknown_member(const std::string& key, const Type& type);

  Findings findings_;
  std::string path_;
  Unknown unknown_;
};

bool Checker::is_kind(const Json& value, Json::Kind kind) {
  if (value.kind() == kind) return true;
  say(Reason::wrong_type, wrong_kind(value, kind));
  return false;
}

void Checker::within(const Json& value, std::int64_t number, const Field& field) {
  if (field.min && number < *field.min)
    bad(value, "must be greater than or equal to " + std::to_string(*field.min));
  if (field.max && number > *field.max)
    bad(value, "must be less than or equal to " + std::to_string(*field.max));
}

void Checker::integer(const Json& value, const Type& type, const Field& field) {
  if (!is_kind(value, Json::Kind::integer)) return;
  // The field's own range where there is one, else what its C++ type holds.
  Field bounds = field;
  const unsigned bits = 8U * type.width;
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  const auto low = !type.is_signed ? 0 : bits == 64 ? kMin : -(std::int64_t{1} << (bits - 1));
  const auto high = bits == 64 ? kMax : (std::int64_t{1} << (type.is_signed ? bits - 1 : bits)) - 1;
  bounds.min = std::max(field.min.value_or(low), low);
  bounds.max = std::min(field.max.value_or(high), high);
  within(value, value.integer(), bounds);
}

void Checker::number(const Json& value, const Field& field) {
  if (!value.is_number()) {
    is_kind(value, Json::Kind::number);
    return;
  }
  if (field.min && value.number() < static_cast<double>(*field.min))
    bad(value, "must be greater than or equal to " + std::to_string(*field.min));
  if (field.max && value.number() > static_cast<double>(*field.max))
    bad(value, "must be less than or equal to " + std::to_string(*field.max));
}

bool Checker::text(const Json& value, std::size_t bytes_max) {
  if (!is_kind(value, Json::Kind::string)) return false;
  const std::string& text = value.string();
  const std::size_t before = findings_.size();
  if (text.size() > bytes_max)
    say(Reason::too_long, "Too long: may not be more than " + std::to_string(bytes_max) + " bytes");
  else if (text.find('\0') != std::string::npos)
    bad(value, "must not contain a NUL");
  else if (!base::is_utf8(text))
    bad(Json(base::clean_utf8(text)), "must be valid UTF-8");
  return findings_.size() == before;
}

void Checker::form(const Json& value, const Field& field) {
  const std::string& text = value.string();
  Form form = field.form;
  if (form == Form::plain && !field.refers_to.empty()) form = Form::name_or_empty;
  switch (form) {
    case Form::plain: return;
    case Form::label:
      if (!base::is_dns_label(text)) bad(value, kLabelRule);
      return;
    case Form::subdomain:
      if (!base::is_dns_subdomain(text)) bad(value, kSubdomainRule);
      return;
    case Form::name_or_empty:
      if (!text.empty() && !base::is_dns_label(text)) bad(value, kLabelRule);
      return;
    case Form::non_empty:
      if (text.empty()) say(Reason::required, "Required value");
      return;
    case Form::task_id:
      if (text.empty() || text.size() > base::limits::kTaskIdBytes || has_control(text))
        bad(value, kTaskIdRule);
  }
}

void Checker::label(const Json& value, const Type& type) {
  if (!is_kind(value, Json::Kind::string)) return;
  if (std::find(type.labels.begin(), type.labels.end(), value.string()) != type.labels.end())
    return;
  std::vector<std::string> labels;
  for (const auto known : type.labels)
    labels.push_back(base::quoted(known));
  say(Reason::not_supported,
      "Unsupported value: " + shown(value) + ": supported values: " + base::join(labels, ", "));
}

void Checker::quantity(const Json& value, const Field& field) {
  // Kubernetes takes bare numbers for quantities too.
  if (!value.is_number() && !text(value)) return;
  const auto units = base::parse_quantity(value.is_number() ? write_json(value) : value.string());
  if (!units) {
    bad(value, "must be a quantity such as 96G, 45Gi or 500");
    return;
  }
  Field bounds = field;
  bounds.min = field.min.value_or(0);
  within(value, *units, bounds);
}

void Checker::span(const Json& value, const Field& field) {
  if (!text(value)) return;
  const auto duration = base::parse_duration(value.string());
  if (!duration) {
    bad(value, "must be a duration such as 15s, 45m or 1h30m");
    return;
  }
  within(value, duration->count(), field);
}

void Checker::time(const Json& value) {
  if (text(value) && !base::parse_rfc3339(value.string()))
    bad(value, "must be a time such as 2026-01-02T03:04:05Z");
}

void Checker::size(std::size_t count, const Field& field) {
  const auto items = static_cast<std::int64_t>(count);
  if (field.max && items > *field.max)
    say(Reason::invalid, "Too many: " + std::to_string(count) + ": must have at most " +
                             std::to_string(*field.max) + " items");
  if (field.min && items < *field.min)
    say(Reason::invalid, "Invalid value: " + std::to_string(count) + ": must have at least " +
                             std::to_string(*field.min) + " items");
}

void Checker::list(const Json& value, const Type& type, const Field& field) {
  if (!is_kind(value, Json::Kind::array)) return;
  const Type& inner = *type.inner;
  const bool numbers = inner.shape == Shape::integer || inner.shape == Shape::number;
  Field item = field;
  if (!numbers) {
    Field bounds = field;
    if (inner.shape == Shape::string && is_arguments(field) && !bounds.max)
      bounds.max = static_cast<std::int64_t>(base::limits::kArguments);
    size(value.items().size(), bounds);
    item.min.reset();
    item.max.reset();
    if (inner.shape == Shape::string)
      item.max = static_cast<std::int64_t>(base::limits::kArgumentBytes);
  }
  const std::size_t length = path_.size();
  for (std::size_t i = 0; i < value.items().size() && findings_.size() < kFindings; ++i) {
    append_item(path_, i);
    this->value(value.items()[i], inner, item);
    path_.resize(length);
  }
}

void Checker::map(const Json& value, const Type& type, const Field& field) {
  if (!is_kind(value, Json::Kind::object)) return;
  size(value.members().size(), field);
  Field item = field;
  item.min.reset();
  item.max.reset();
  const std::size_t length = path_.size();
  for (const auto& [key, inner] : value.members()) {
    if (findings_.size() >= kFindings) return;
    append_member(path_, key);
    if (text(Json(key), kKeyBytes)) this->value(inner, *type.inner, item);
    path_.resize(length);
  }
}

bool is_left_out(const Json& value) {
  return (value.is_string() && value.string().empty()) ||
         (value.is_array() && value.items().empty());
}

void Checker::member(const Json& value, const Field& field) {
  // What is empty is left out when it is stored, so it cannot stand for a required value.
  if (field.required && is_left_out(value)) {
    say(Reason::required, "Required value");
    return;
  }
  this->value(value, *field.type, field);
}

void Checker::unknown_member(const std::string& key, const Type& type) {
  if (unknown_ == Unknown::ignore) return;
  say(Reason::unknown_field, unknown_field(key, type));
}

void Checker::record(const Json& value, const Type& type) {
  if (!is_kind(value, Json::Kind::object)) return;
  const std::size_t before = findings_.size();
  const std::size_t length = path_.size();
  for (const auto& [key, inner] : value.members()) {
    if (findings_.size() >= kFindings) return;
    append_member(path_, key);
    if (const Field* field = type.find(key)) {
      member(inner, *field);
    } else {
      unknown_member(key, type);
    }
    path_.resize(length);
  }
  for (const auto& field : type.fields) {
    if (!field.required || value.find(field.name) != nullptr) continue;
    append_member(path_, field.name);
    say(Reason::required, "Required value");
    path_.resize(length);
  }
  // Rules across fields may rely on each field being what it should be.
  if (type.rules == nullptr || findings_.size() != before) return;
  const auto whole = type.make();
  decode(value, type, whole.get());
  type.rules(whole.get(), path_, findings_);
}

void Checker::value(const Json& value, const Type& type, const Field& field) {
  switch (type.shape) {
    case Shape::boolean: is_kind(value, Json::Kind::boolean); return;
    case Shape::integer: integer(value, type, field); return;
    case Shape::number: number(value, field); return;
    case Shape::string: {
      const auto most = static_cast<std::size_t>(
          std::max<std::int64_t>(0, field.max.value_or(static_cast<std::int64_t>(kTextBytes))));
      if (text(value, most)) form(value, field);
      return;
    }
    case Shape::enumeration: label(value, type); return;
    case Shape::quantity: quantity(value, field); return;
    case Shape::span: span(value, field); return;
    case Shape::time: time(value); return;
    case Shape::any: return;
    case Shape::list: list(value, type, field); return;
    case Shape::map: map(value, type, field); return;
    case Shape::optional:
      if (!value.is_null()) this->value(value, *type.inner, field);
      return;
    case Shape::record: record(value, type);
  }
}

}  // namespace

Findings check(const Json& value, const Type& type, const std::string& path, Unknown unknown) {
  Checker checker(path, unknown);
  checker.value(value, type, nothing_said());
  return checker.take();
}

std::string text_of(const Findings& findings) {
  std::vector<std::string> lines;
  for (const auto& finding : findings)
    lines.push_back(finding.path.empty() ? finding.message : finding.path + ": " + finding.message);
  return base::join(lines, "; ");
}

}  // namespace api
