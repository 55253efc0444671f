// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/yaml.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace api {

/// A part of a YAML text that holds one document, and that no other part can damage.
struct YamlPart {
  std::string_view text;
  int line = 0;  // lines before it
};

/// What the documents of one text share: the errors so far, and how many values there are.
struct YamlReading {
  std::vector<YamlError> errors;
  std::size_t nodes = 0;
};

/// The document of a part; nothing when it is empty or broken (then with errors).
std::optional<Document> read_part(const YamlPart& part, YamlReading& reading);

}  // namespace api
