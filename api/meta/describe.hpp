// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/meta/shapes.hpp"
#include "api/meta/type.hpp"

#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// Only files that need a type's description include this; files that use a struct need not.
namespace api {

class Json;

/// What `d.field(...)` gives back, to say more about the field.
class FieldRef {
 public:
  explicit FieldRef(Field& field) : field_(field) {}
  FieldRef& required() {
    field_.required = true;
    return *this;
  }
  FieldRef& defaulted() {
    field_.defaulted = true;
    return *this;
  }
  FieldRef& immutable() {
    field_.immutable = true;
    return *this;
  }
  FieldRef& secret() {
    field_.secret = true;
    return *this;
  }
  FieldRef& form(Form form) {
    field_.form = form;
    return *this;
  }
  FieldRef& range(std::int64_t min, std::int64_t max) {
    field_.min = min;
    field_.max = max;
    return *this;
  }
  FieldRef& refers_to(std::string_view kind) {
    field_.refers_to = kind;
    return *this;
  }

 private:
  Field& field_;
};

Field& add_field(Type& type, std::string_view name, std::string_view doc, const Type& field_type,
                 std::size_t offset);

template <class T>
class Describe {
 public:
  explicit Describe(Type& type) : type_(type) {}

  template <class F>
  FieldRef field(F T::*member, std::string_view name, std::string_view doc) {
    const auto* start = reinterpret_cast<const char*>(&probe_);
    const auto* place = reinterpret_cast<const char*>(&(probe_.*member));
    return FieldRef(
        add_field(type_, name, doc, type_of<F>(), static_cast<std::size_t>(place - start)));
  }

 private:
  Type& type_;
  T probe_{};
};

namespace detail {

template <class T>
concept HasRules = requires(const T& v, const std::string& path, Findings& f) {
  T::rules(v, path, f);
};

template <class T>
Type record_type() {
  Type t = scalar<T>(Shape::record, T::kName);
  t.doc = T::kDoc;
  t.width = 0;
  Describe<T> d(t);
  T::describe(d);
  if constexpr (HasRules<T>)
    t.rules = [](const void* v, const std::string& path, Findings& f) {
      T::rules(*static_cast<const T*>(v), path, f);
    };
  t.initial = []() -> const void* {
    static const T initial{};
    return &initial;
  };
  t.make = []() -> std::shared_ptr<void> { return std::make_shared<T>(); };
  return t;
}

/// Enumerations say their labels by `labels_of(E{})`, found by argument-dependent look-up.
template <class T>
Type enumeration_type() {
  Type t = scalar<T>(Shape::enumeration, "enumeration");
  for (const auto label : labels_of(T{}))
    t.labels.push_back(label);
  return t;
}

template <class T>
Type build() {
  if constexpr (std::is_same_v<T, bool>)
    return scalar<T>(Shape::boolean, "boolean");
  else if constexpr (std::is_integral_v<T>)
    return scalar<T>(Shape::integer, "integer");
  else if constexpr (std::is_floating_point_v<T>)
    return scalar<T>(Shape::number, "number");
  else if constexpr (std::is_same_v<T, std::string>)
    return scalar<T>(Shape::string, "string");
  else if constexpr (std::is_same_v<T, Quantity>)
    return scalar<T>(Shape::quantity, "quantity");
  else if constexpr (std::is_same_v<T, Span>)
    return scalar<T>(Shape::span, "duration");
  else if constexpr (std::is_same_v<T, Time>)
    return scalar<T>(Shape::time, "time");
  else if constexpr (std::is_same_v<T, Json>)
    return scalar<T>(Shape::any, "any");
  else if constexpr (std::is_enum_v<T>)
    return enumeration_type<T>();
  else if constexpr (Container<T>::shape == Shape::list)
    return list_type<T>();
  else if constexpr (Container<T>::shape == Shape::map)
    return map_type<T>();
  else if constexpr (Container<T>::shape == Shape::optional)
    return optional_type<T>();
  else
    return record_type<T>();
}

}  // namespace detail

template <class T>
const Type& type_of() {
  static const Type type = detail::build<T>();
  return type;
}

/// How many members an aggregate has, to prove that every one is described.
namespace detail {
struct Anything {
  template <class U>
  operator U() const;  // NOLINT: implicit on purpose, never defined
};
}  // namespace detail
template <class T, class... Args>
constexpr std::size_t members() {
  if constexpr (requires { T{Args{}..., detail::Anything{}}; })
    return members<T, Args..., detail::Anything>();
  else
    return sizeof...(Args);
}

}  // namespace api
