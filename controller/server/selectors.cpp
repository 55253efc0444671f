// SPDX-License-Identifier: Apache-2.0
#include "controller/server/selectors.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <optional>

namespace controller {
namespace {

using api::Json;
using Op = Requirement::Op;

bool is_key_sign(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '/';
}

/// Reads a selector from left to right.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t'))
      ++at_;
  }
  bool done() {
    skip_blanks();
    return at_ == text_.size();
  }
  bool take(std::string_view sign) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(sign)) return false;
    at_ += sign.size();
    return true;
  }
  std::string word() {
    skip_blanks();
    const auto from = at_;
    while (at_ < text_.size() && is_key_sign(text_[at_]))
      ++at_;
    return std::string(text_.substr(from, at_ - from));
  }
  base::Error wrong(const std::string& what) const {
    return base::invalid("unable to parse " + base::quoted(text_) + " at " +
                         std::to_string(at_ + 1) + ": " + what);
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

base::Result<std::vector<std::string>> read_set(Reader& reader) {
  if (!reader.take("(")) return reader.wrong("expected \"(\"");
  std::vector<std::string> values;
  do {
    values.push_back(reader.word());
  } while (reader.take(","));
  if (!reader.take(")")) return reader.wrong("expected \",\" or \")\"");
  return values;
}

base::Result<Requirement> read_comparison(Reader& reader, std::string key) {
  const auto one = [&](Op op) -> base::Result<Requirement> {
    Requirement r{std::move(key), op, {reader.word()}};
    const bool ordered = op == Op::above || op == Op::below;
    if (ordered && !base::to_integer(r.values.front())) return reader.wrong("expected an integer");
    return r;
  };
  if (reader.take("!=")) return one(Op::differs);
  if (reader.take("==") || reader.take("=")) return one(Op::equals);
  if (reader.take(">")) return one(Op::above);
  if (reader.take("<")) return one(Op::below);
  const auto word = reader.word();
  if (word.empty()) return Requirement{std::move(key), Op::exists, {}};
  if (word != "in" && word != "notin")
    return reader.wrong("found " + base::quoted(word) + ", expected in, notin, =, ==, !=, > or <");
  auto values = read_set(reader);
  if (!values) return std::move(values).error();
  return Requirement{std::move(key), word == "in" ? Op::in : Op::not_in, std::move(*values)};
}

base::Result<Requirement> read_requirement(Reader& reader) {
  const bool negated = reader.take("!");
  auto key = reader.word();
  if (key.empty()) return reader.wrong("expected a label's name");
  if (negated) return Requirement{std::move(key), Op::absent, {}};
  return read_comparison(reader, std::move(key));
}

bool holds(const Requirement& r, const std::optional<std::string>& value) {
  const auto listed = [&] {
    return value && std::find(r.values.begin(), r.values.end(), *value) != r.values.end();
  };
  switch (r.op) {
    case Op::exists: return value.has_value();
    case Op::absent: return !value.has_value();
    case Op::equals:
    case Op::in: return listed();
    case Op::differs:
    case Op::not_in: return !listed();
    case Op::above:
    case Op::below: break;
  }
  const auto is = value ? base::to_integer(*value) : std::nullopt;
  const auto bound = base::to_integer(r.values.front());
  if (!is || !bound) return false;
  return r.op == Op::above ? *is > *bound : *is < *bound;
}

std::optional<std::string> label_of(const Json& object, const std::string& key) {
  const Json* value = object.at({"metadata", "labels", key});
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->string();
}

/// An absent field is an empty text.
std::string field_of(const Json& object, const std::string& path) {
  const Json* here = &object;
  for (const auto& key : base::split(path, '.')) {
    here = here->find(key);
    if (here == nullptr) return {};
  }
  return here->is_string() ? here->string() : "";
}

}  // namespace

bool Selector::matches(const Json& object) const {
  return std::all_of(labels.begin(), labels.end(),
                     [&](const Requirement& r) { return holds(r, label_of(object, r.key)); }) &&
         std::all_of(fields.begin(), fields.end(),
                     [&](const Requirement& r) { return holds(r, field_of(object, r.key)); });
}

base::Result<std::vector<Requirement>> parse_labels(std::string_view text) {
  std::vector<Requirement> all;
  Reader reader(text);
  if (reader.done()) return all;
  do {
    auto one = read_requirement(reader);
    if (!one) return std::move(one).error();
    all.push_back(std::move(*one));
  } while (reader.take(","));
  if (!reader.done()) return reader.wrong("expected \",\" or the end");
  return all;
}

base::Result<std::vector<Requirement>> parse_fields(std::string_view text,
                                                    const std::vector<std::string_view>& known) {
  std::vector<Requirement> all;
  for (const auto& term : base::split(text, ',')) {
    const auto part = base::trimmed(term);
    if (part.empty()) continue;
    const auto equals = part.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return base::invalid("invalid selector: " + base::quoted(text) + "; can't understand " +
                           base::quoted(part));
    const bool differs = part[equals - 1] == '!';
    const auto key = base::trimmed(part.substr(0, differs ? equals - 1 : equals));
    auto value = part.substr(equals + 1);
    if (!differs && value.starts_with('=')) value.remove_prefix(1);
    if (std::find(known.begin(), known.end(), key) == known.end())
      return base::invalid("field label not supported: " + std::string(key));
    all.push_back({std::string(key),
                   differs ? Op::differs : Op::equals,
                   {std::string(base::trimmed(value))}});
  }
  return all;
}

const std::vector<std::string_view>& object_fields() {
  static const std::vector<std::string_view> fields{"metadata.name", "metadata.namespace"};
  return fields;
}

const std::vector<std::string_view>& event_fields() {
  static const std::vector<std::string_view> fields{"metadata.name",
                                                    "metadata.namespace",
                                                    "involvedObject.kind",
                                                    "involvedObject.name",
                                                    "involvedObject.uid",
                                                    "involvedObject.namespace",
                                                    "involvedObject.apiVersion",
                                                    "reason",
                                                    "type"};
  return fields;
}

}  // namespace controller
