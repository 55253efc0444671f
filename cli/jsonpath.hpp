// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// The part of kubectl's JSONPath that names one value: `{.status.phase}`, `.items[0].name`,
/// `['a.b']`, and `[?(@.type=="Ready")]` for the entry of a list with such a member.
class JsonPath {
 public:
  static base::Result<JsonPath> parse(std::string_view text);
  /// Null pointer where there is nothing.
  const api::Json* find(const api::Json& value) const;

 private:
  struct Step {
    enum class Kind { member, item, entry };
    Kind kind = Kind::member;
    std::string key, value;  // of a member; of an entry: `key` is `value`
    std::size_t index = 0;
  };
  static base::Result<Step> bracket(std::string_view inside);
  std::vector<Step> steps_;
};

/// A scalar as texts are compared with it: strings bare, all else as JSON.
std::string bare_text(const api::Json& value);

}  // namespace cli
