// SPDX-License-Identifier: Apache-2.0
#include "agentd/harness/bfcl_attempt.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace agentd {
namespace {

using api::Json;

constexpr std::array<std::string_view, 5> kMarks{"<tool_call", "[TOOL_CALLS]", "<function",
                                                 "\"arguments\"", "\"parameters\""};

bool is_name_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
}

/// Without a code fence and its language around it.
std::string_view bare(std::string_view text) {
  const auto is_edge = [](char c) { return c == '`' || c == ' ' || c == '\n'; };
  const bool fenced = text.find("```") != std::string_view::npos;
  while (!text.empty() && is_edge(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_edge(text.back()))
    text.remove_suffix(1);
  for (const std::string_view language : {"python", "json", "xml", "tool_code"}) {
    if (!fenced || !text.starts_with(language)) continue;
    text.remove_prefix(language.size());
    while (!text.empty() && is_edge(text.front()))
      text.remove_prefix(1);
  }
  return text;
}

/// Where a call may begin: at the start of a line or behind a colon. In the middle of a line a name
/// is part of an example program (`return math.factorial(n)`), which models like to write instead.
bool opens(std::string_view before) {
  while (!before.empty() && (before.back() == ' ' || before.back() == '`' || before.back() == '['))
    before.remove_suffix(1);
  return before.empty() || before.back() == '\n' || before.back() == ':';
}

/// `name(` of an offered function, or `[name(` of any: that is how a prompted model calls.
bool has_call(std::string_view text, const std::set<std::string>& offered) {
  for (auto at = text.find('('); at != std::string_view::npos; at = text.find('(', at + 1)) {
    auto end = at;
    while (end > 0 && text[end - 1] == ' ')
      --end;
    auto begin = end;
    while (begin > 0 && is_name_char(text[begin - 1]))
      --begin;
    if (begin == end || !opens(text.substr(0, begin))) continue;
    const bool listed = begin > 0 && text[begin - 1] == '[' && end == at;
    if (listed || offered.contains(plain_name(std::string(text.substr(begin, end - begin)))))
      return true;
  }
  return false;
}

Attempt attempt_in(std::string_view text, const std::set<std::string>& offered) {
  const auto inner = bare(text);
  if (inner.empty() || inner == "[]" || inner == "None") return Attempt::none;
  const bool structured = inner.starts_with("[{") || inner.starts_with("{");
  const bool marked = std::any_of(kMarks.begin(), kMarks.end(), [&](std::string_view mark) {
    return inner.find(mark) != std::string_view::npos;
  });
  return structured || marked || has_call(inner, offered) ? Attempt::broken : Attempt::none;
}

}  // namespace

std::string plain_name(std::string name) {
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

std::set<std::string> offered_functions(const Json& entry) {
  std::set<std::string> names;
  const Json* functions = entry.at({"prompt", "function"});
  if (functions == nullptr || !functions->is_array()) return names;
  for (const auto& function : functions->items())
    names.insert(plain_name(function.text_at("name")));
  return names;
}

Attempt attempt_of(const Json& entry) {
  const Json* answer = entry.find("model_result_raw");
  if (answer == nullptr) answer = entry.find("model_result");  // as entries of (ir)relevance say
  if (answer == nullptr) return Attempt::unknown;
  if (answer->is_array()) return answer->items().empty() ? Attempt::none : Attempt::broken;
  if (answer->is_object()) return Attempt::broken;
  if (!answer->is_string()) return Attempt::none;  // null: the server sent neither call nor text
  return attempt_in(answer->string(), offered_functions(entry));
}

}  // namespace agentd
