// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace api {

/// A JSON value. Members of an object are unique and sorted by key, so that equal values have equal
/// bytes. Integers keep 64 bits; a number that is no integer is a double. Deep copies; no sharing.
class Json {
 public:
  enum class Kind : std::uint8_t { null, boolean, integer, number, string, array, object };
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  // Compiled once (json_value.cpp): hundreds of files use them.
  Json();
  ~Json();
  Json(const Json& other);
  Json(Json&& other) noexcept;
  Json& operator=(const Json& other);
  Json& operator=(Json&& other) noexcept;
  Json(bool value);              // NOLINT: implicit
  Json(int value);               // NOLINT: implicit
  Json(std::int64_t value);      // NOLINT: implicit
  Json(double value);            // NOLINT: implicit
  Json(const char* value);       // NOLINT: implicit
  Json(std::string value);       // NOLINT: implicit
  Json(std::string_view value);  // NOLINT: implicit
  Json(Array value);             // NOLINT: implicit
  static Json array();
  static Json array(std::initializer_list<Json> items);
  /// `Json::object({{"a", 1}, {"b", "x"}})`; a later equal key wins.
  static Json object();
  static Json object(std::initializer_list<std::pair<std::string_view, Json>> members);

  Kind kind() const { return static_cast<Kind>(value_.index()); }
  bool is_null() const { return kind() == Kind::null; }
  bool is_boolean() const { return kind() == Kind::boolean; }
  bool is_integer() const { return kind() == Kind::integer; }
  bool is_number() const { return kind() == Kind::integer || kind() == Kind::number; }
  bool is_string() const { return kind() == Kind::string; }
  bool is_array() const { return kind() == Kind::array; }
  bool is_object() const { return kind() == Kind::object; }

  /// Reading a kind that it is not is our own bug.
  bool boolean() const;
  std::int64_t integer() const;
  double number() const;
  const std::string& string() const;
  const Array& items() const;
  Array& items();
  const Object& members() const;
  Object& members();

  /// A member of an object; null pointer when absent or when this is no object.
  const Json* find(std::string_view key) const;
  Json* find(std::string_view key);
  /// Follows keys, e.g. `at({"metadata", "name"})`; null pointer when one is absent.
  const Json* at(std::initializer_list<std::string_view> keys) const;
  /// The string / integer at a key, or the fallback when it is absent or of another kind.
  std::string text_at(std::string_view key, std::string_view fallback = {}) const;
  std::int64_t integer_at(std::string_view key, std::int64_t fallback = 0) const;
  /// Sets a member (null becomes an object first).
  Json& set(std::string_view key, Json value);
  /// The member at `key`, made when absent (null becomes an object first).
  Json& operator[](std::string_view key);
  void erase(std::string_view key);
  void push(Json value);

  bool operator==(const Json& other) const;

 private:
  struct ObjectTag {};
  explicit Json(ObjectTag);
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

/// Strict JSON: one value and nothing behind it, valid UTF-8 without NUL, no duplicate keys, no
/// byte-order mark, numbers within int64 or finite doubles, depth <= kDepth. The message says line
/// and column; duplicate keys are named with their path. Whoever reads for strangers bounds the
/// number of values: a small text can hold very many.
base::Result<Json> parse_json(std::string_view text, std::size_t depth_max = 32,
                              std::size_t values_max = SIZE_MAX);

/// Compact canonical bytes: keys sorted, no blanks, only what JSON must escape is escaped.
std::string write_json(const Json& value);
/// Two blanks of indentation and a newline at the end, for people.
std::string write_json_pretty(const Json& value);

}  // namespace api
