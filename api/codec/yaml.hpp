// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"
#include "base/result.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace api {

struct Place {
  int line = 0, column = 0;  // from 1
};

/// One document of a manifest, with the place of every value by path ("" is the document;
/// "spec.steps[1]"; a key's place for members).
struct Document {
  Json value;
  std::map<std::string, Place> places;
  Place start;
  /// The place of `path` or of its nearest ancestor that has one.
  Place place_of(const std::string& path) const;
};

struct YamlError {
  Place place;
  std::string message;
};

/// All documents of a YAML (or JSON) text. Refused by name, with line and column: anchors, aliases,
/// tags, merge keys, duplicate keys (both lines), depth > kDepth, too many nodes or documents, keys
/// that are no plain text, a UTF-16 text, a parser that makes no progress. A UTF-8 byte-order mark
/// and CRLF are accepted. Plain scalars follow the YAML 1.2 core schema: null ~ true false, decimal
/// integers and floats, everything else is text; so `no`, `0x50`, `010` are texts, never numbers.
/// Empty documents (nothing, or only comments) are left out. Never throws, never hangs.
struct YamlResult {
  std::vector<Document> documents;
  std::vector<YamlError> errors;
};
YamlResult read_yaml(std::string_view text);

/// Block style, keys in the value's order, texts quoted only where needed; reads back as `value`.
std::string write_yaml(const Json& value);

}  // namespace api
