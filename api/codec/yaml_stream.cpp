// SPDX-License-Identifier: Apache-2.0
#include "api/codec/yaml_part.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"

#include <algorithm>

/// A YAML text cut into its documents, before the parser sees any of them.
namespace api {
namespace {

namespace limits = base::limits;

Place place_at(std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, offset);
  const auto start = before.rfind('\n');
  const auto column = start == std::string_view::npos ? before.size() + 1 : before.size() - start;
  return {static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
          static_cast<int>(column)};
}

/// JSON is YAML but for some escapes that the parser does not know; so a part that is whole JSON is
/// taken as such, with the places that the parser could find.
std::optional<Document> read_json_part(const YamlPart& part, const YamlReading& reading) {
  constexpr std::string_view kBlanks = " \t\r\n";
  auto start = std::min(part.text.size(), part.text.find_first_not_of(kBlanks));
  if (part.text.substr(start).starts_with("---"))
    start = std::min(part.text.size(), part.text.find_first_not_of(kBlanks, start + 3));
  if (!part.text.substr(start).starts_with('{')) return std::nullopt;
  auto json = parse_json(part.text.substr(start), limits::kDepth);
  if (!json) return std::nullopt;

  YamlReading alone;
  alone.nodes = reading.nodes;
  auto document = read_part(part, alone).value_or(Document{});
  const Place first = place_at(part.text, start);
  document.start = {part.line + first.line, first.column};
  document.places.emplace("", document.start);
  document.value = std::move(*json);
  return document;
}

void read_one(const YamlPart& part, YamlReading& reading, std::vector<Document>& documents) {
  if (part.text.size() > limits::kDocumentBytes) {
    reading.errors.push_back(
        {{part.line + 1, 1},
         "a document may not be larger than " + std::to_string(limits::kDocumentBytes) + " bytes"});
    return;
  }
  auto document = read_json_part(part, reading);
  if (!document) document = read_part(part, reading);
  if (document) documents.push_back(std::move(*document));
}

bool is_marker(std::string_view line, std::string_view word) {
  constexpr std::string_view kEnds = " \t\r\n";
  return line.starts_with(word) &&
         (line.size() == word.size() || kEnds.find(line[word.size()]) != std::string_view::npos);
}

// A line `---` begins a document and a line `...` ends one wherever they stand, even within a text;
// so this cut changes no valid stream, and keeps the damage of a broken document to itself.
std::vector<YamlPart> parts_of(std::string_view text) {
  std::vector<YamlPart> parts;
  std::size_t start = 0;
  int start_line = 0;
  int line = 0;
  const auto cut = [&](std::size_t at, int at_line) {
    if (at > start) parts.push_back({text.substr(start, at - start), start_line});
    start = at;
    start_line = at_line;
  };
  for (std::size_t at = 0; at < text.size(); ++line) {
    const auto rest = text.substr(at);
    if (is_marker(rest, "---")) cut(at, line);
    const auto end = rest.find('\n');
    at = end == std::string_view::npos ? text.size() : at + end + 1;
    if (is_marker(rest, "...")) cut(at, line + 1);
  }
  cut(text.size(), line);
  return parts;
}

bool is_utf16(std::string_view text) {
  return text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF") ||
         (text.size() > 1 && (text[0] == '\0') != (text[1] == '\0'));
}

std::optional<YamlError> unreadable(std::string_view text) {
  if (text.size() > limits::kApplyBytes)
    return YamlError{{1, 1}, "larger than " + std::to_string(limits::kApplyBytes) + " bytes"};
  if (is_utf16(text)) return YamlError{{1, 1}, "a UTF-16 text is not allowed; save it as UTF-8"};
  if (const auto nul = text.find('\0'); nul != std::string_view::npos)
    return YamlError{place_at(text, nul), "a NUL is not allowed"};
  if (base::is_utf8(text)) return std::nullopt;
  std::size_t at = 0;  // becomes the start of the first line that is no UTF-8
  for (std::size_t end = text.find('\n'); end != std::string_view::npos;
       end = text.find('\n', at)) {
    if (!base::is_utf8(text.substr(at, end - at))) break;
    at = end + 1;
  }
  return YamlError{place_at(text, at), "this line is no valid UTF-8"};
}

}  // namespace

YamlResult read_yaml(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  YamlResult result;
  if (const auto error = unreadable(text)) {
    result.errors.push_back(*error);
    return result;
  }
  YamlReading reading;
  const auto parts = parts_of(text);
  for (const auto& part : parts) {
    if (result.documents.size() >= limits::kDocuments || parts.size() > 2 * limits::kDocuments) {
      reading.errors.push_back(
          {{part.line + 1, 1}, "more than " + std::to_string(limits::kDocuments) + " documents"});
      break;
    }
    read_one(part, reading, result.documents);
  }
  result.errors = std::move(reading.errors);
  return result;
}

Place Document::place_of(const std::string& path) const {
  std::string here = path;
  for (;;) {
    const auto found = places.find(here);
    if (found != places.end()) return found->second;
    const auto cut = here.find_last_of(".[");
    if (cut == std::string::npos) break;
    here.resize(cut);
  }
  const auto root = places.find("");
  return root == places.end() ? start : root->second;
}

}  // namespace api
