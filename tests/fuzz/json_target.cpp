// SPDX-License-Identifier: Apache-2.0
#include "agentd/harness/python_json.hpp"
#include "api/codec/json.hpp"
#include "api/codec/patch.hpp"
#include "api/codec/yaml.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "tests/fuzz/target.hpp"

#include <algorithm>

namespace fuzz {
namespace {

using api::Json;

/// `line:column: what`, as parse_json complains.
bool names_a_place(std::string_view text, const std::string& message) {
  const auto parts = base::split(message, ':');
  if (parts.size() < 3) return false;
  const auto line = base::to_integer(parts[0]);
  const auto column = base::to_integer(parts[1]);
  return line && column && *line <= 1'000'000 && *column <= 1'000'000 &&
         is_inside(text, static_cast<int>(*line), static_cast<int>(*column));
}

/// What no JSON text of ours may hold, looked for without a parser.
bool is_refused_at_sight(std::string_view text) {
  return !base::is_utf8(text) || text.find('\0') != std::string_view::npos ||
         text.starts_with("\xEF\xBB\xBF") || base::trimmed(text).empty();
}

std::size_t depth_in(const Json& value) {
  std::size_t deepest = 0;
  if (value.is_array())
    for (const auto& item : value.items())
      deepest = std::max(deepest, depth_in(item));
  if (value.is_object())
    for (const auto& member : value.members())
      deepest = std::max(deepest, depth_in(member.second));
  return value.is_array() || value.is_object() ? deepest + 1 : 0;
}

bool has_null(const Json& value) {
  if (value.is_array()) return std::any_of(value.items().begin(), value.items().end(), has_null);
  if (value.is_object())
    return std::any_of(value.members().begin(), value.members().end(),
                       [](const Json::Member& member) { return has_null(member.second); });
  return value.is_null();
}

bool reads_back(const Json& value, const std::string& text) {
  const auto again = api::parse_json(text, base::limits::kDepth + 8);
  return again && *again == value && api::write_json(*again) == api::write_json(value);
}

void check_json_patch(const Json& target, const Json& patch) {
  const auto patched = api::json_patched(target, patch);
  if (!patched) {
    const auto code = patched.error().code;
    promise(code == base::Code::invalid || code == base::Code::conflict,
            "a JSON patch is malformed, or does not fit");
    return;
  }
  promise(depth_in(*patched) <= std::max(base::limits::kDepth, depth_in(target)),
          "a patched value is not nested deeper than any other");
  promise(reads_back(*patched, api::write_json(*patched)), "a patched value can be read again");
  auto test = Json::object({{"op", "test"}, {"path", ""}});
  test.set("value", *patched);
  auto checked = patch;
  checked.push(std::move(test));
  const auto again = api::json_patched(target, checked);
  promise(again && *again == *patched, "a patch gives the same, and a test of it passes");
}

}  // namespace

void run_json(std::string_view input) {
  const auto value = api::parse_json(input);
  if (!value) {
    promise(value.error().code == base::Code::invalid, "what cannot be read is invalid");
    promise(names_a_place(input, value.error().message), "a complaint names a place in the text");
    return;
  }
  promise(!is_refused_at_sight(input),
          "no blanks, NUL, byte-order mark or broken UTF-8 is a value");
  promise(depth_in(*value) <= base::limits::kDepth, "nothing is nested deeper than the bound");
  promise(reads_back(*value, api::write_json(*value)), "the compact form reads back as the value");
  promise(reads_back(*value, api::write_json_pretty(*value)),
          "the form for people reads back as the value");
  const auto lenient = agentd::parse_python_json(input);
  promise(lenient && *lenient == *value, "the reader for Python's JSON reads strict JSON the same");
}

/// The input is a list: the value, a patch, and another value.
void run_patch(std::string_view input) {
  const auto list = api::parse_json(input);
  if (!list || !list->is_array() || list->items().size() < 2) return;
  const auto& target = list->items()[0];
  const auto& patch = list->items()[1];
  const auto once = api::merge_patched(target, patch);
  promise(api::merge_patched(once, patch) == once, "a merge patch applied twice is applied once");
  promise(!patch.is_object() || once.is_object(), "an object is merged into an object");

  const auto after = list->items().size() > 2 ? list->items()[2] : once;
  const auto between = api::merge_patch_between(target, after);
  promise(!(target == after) || between.is_null(), "between equals there is no patch");
  // A merge patch cannot say null, so only what holds none can be reached.
  if (!(target == after) && !has_null(after))
    promise(api::merge_patched(target, between) == after, "the patch between two leads there");
  check_json_patch(target, patch);
}

}  // namespace fuzz
