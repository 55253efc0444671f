// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace api {

/// A quantity or a duration keeps the text it was written with ("96G" stays "96G").
struct Quantity {
  std::string text;
  bool operator==(const Quantity&) const = default;
  bool set() const { return !text.empty(); }
  /// In whole units; 0 when unset (a value that came through the checks always parses).
  std::int64_t value() const;
};
struct Span {
  std::string text;
  bool operator==(const Span&) const = default;
  bool set() const { return !text.empty(); }
  base::Duration value() const;
};
/// RFC 3339 in whole seconds, UTC; the zero moment is "unset".
struct Time {
  base::Instant at;
  auto operator<=>(const Time&) const = default;
  bool set() const { return at.ms != 0; }
};

enum class Shape : std::uint8_t {
  boolean,
  integer,
  number,
  string,
  enumeration,
  quantity,
  span,
  time,
  any,  // a Json, passed through
  list,
  map,
  optional,
  record
};

/// What a string must look like beyond being one.
/// `task_id`: 1..200 bytes without control characters.
enum class Form : std::uint8_t { plain, label, subdomain, name_or_empty, non_empty, task_id };

struct Type;

/// One field of a record, as `describe` said it.
struct Field {
  std::string_view name, doc;
  const Type* type = nullptr;
  std::size_t offset = 0;
  bool required = false;
  bool defaulted = false;  // its initializer is written into an object that leaves it out
  bool immutable = false;  // refused to change after creation
  bool secret = false;     // never shown
  Form form = Form::plain;
  std::optional<std::int64_t> min, max;  // of a number, of each number in a list, or list sizes
  std::string_view refers_to;            // the kind whose name this is

  void* at(void* record) const { return static_cast<char*>(record) + offset; }
  const void* at(const void* record) const { return static_cast<const char*>(record) + offset; }
};

class Json;

/// A finding of a check; `path` is `spec.steps[2].command`.
struct Finding {
  enum class Reason : std::uint8_t {
    required,
    invalid,
    not_supported,
    duplicate,
    forbidden,
    wrong_type,
    too_long,
    unknown_field,
    not_found
  };
  std::string path;
  std::string message;  // a sentence without the path: `unknown field; did you mean "machines"?`
  Reason reason = Reason::invalid;
  bool operator==(const Finding&) const = default;
};
using Findings = std::vector<Finding>;

/// What the walkers need of a container.
struct Ops {
  std::size_t (*size)(const void*) = nullptr;                  // list, map
  const void* (*element)(const void*, std::size_t) = nullptr;  // list
  void* (*append)(void*) = nullptr;                            // list
  void (*each)(const void*, void*,
               void (*)(void*, std::string_view, const void*)) = nullptr;  // map
  void* (*insert)(void*, std::string) = nullptr;                           // map
  const void* (*get)(const void*) = nullptr;  // optional: null when empty
  void* (*emplace)(void*) = nullptr;          // optional
  void (*clear)(void*) = nullptr;             // list, map, optional
};

/// A struct as data. Built once per C++ type by `type_of<T>()` (api/meta/describe.hpp); everything
/// that walks values (json, yaml, checks, defaults, tables, OpenAPI, explain) is an ordinary
/// function over it.
struct Type {
  Shape shape = Shape::record;
  std::string_view name, doc;
  std::uint8_t width = 0;  // integers, enumerations: bytes
  bool is_signed = true;
  const Type* inner = nullptr;  // list, map, optional
  Ops ops{};
  std::vector<Field> fields;             // record
  std::vector<std::string_view> labels;  // enumeration
  /// Rules across fields of a record, on a decoded value; `path` is the record's own.
  void (*rules)(const void* value, const std::string& path, Findings& findings) = nullptr;
  /// A default-constructed value (record), for defaults.
  const void* (*initial)() = nullptr;
  /// A new default-constructed value (record), for rules that need the whole of it.
  std::shared_ptr<void> (*make)() = nullptr;

  const Field* find(std::string_view field_name) const;
};

template <class T>
const Type& type_of();

}  // namespace api
