// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "cli/failure.hpp"
#include "cli/jsonpath.hpp"

#include <optional>
#include <string>

namespace cli {

/// What `wait --for=...` waits for.
struct Wish {
  enum class Kind { condition, gone, there, value };
  Kind kind = Kind::condition;
  std::string condition, status = "True";
  JsonPath path;
  std::optional<std::string> wanted;  // of a value; nothing: any value but an empty one
  std::string text;                   // as it was written, for messages
};

struct FoundWish {
  Wish wish;
  std::optional<Failure> failure;
};
FoundWish parse_wish(const std::string& text);

/// Whether the object, or its absence (null pointer), is what was wished for. A condition that
/// speaks of an older spec than the object has is not yet an answer.
bool fulfilled(const Wish& wish, const api::Json* object);

}  // namespace cli
