// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/meta/type.hpp"

#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// How a scalar, a list, a map and an optional are read and written without knowing their C++ type.
namespace api::detail {

template <class T>
struct Container {
  static constexpr Shape shape = Shape::record;
};
template <class U>
struct Container<std::vector<U>> {
  static constexpr Shape shape = Shape::list;
  using Inner = U;
};
template <class U>
struct Container<std::map<std::string, U>> {
  static constexpr Shape shape = Shape::map;
  using Inner = U;
};
template <class U>
struct Container<std::optional<U>> {
  static constexpr Shape shape = Shape::optional;
  using Inner = U;
};

template <class T>
Type scalar(Shape shape, std::string_view name) {
  Type t;
  t.shape = shape;
  t.name = name;
  t.width = sizeof(T) <= 8 ? static_cast<std::uint8_t>(sizeof(T)) : std::uint8_t{0};
  t.is_signed = std::is_signed_v<T>;
  return t;
}

template <class T>
Type list_type() {
  Type t = scalar<T>(Shape::list, "list");
  t.inner = &type_of<typename Container<T>::Inner>();
  t.ops.size = [](const void* o) { return static_cast<const T*>(o)->size(); };
  t.ops.element = [](const void* o, std::size_t i) -> const void* {
    return &(*static_cast<const T*>(o))[i];
  };
  t.ops.append = [](void* o) -> void* { return &static_cast<T*>(o)->emplace_back(); };
  t.ops.clear = [](void* o) { static_cast<T*>(o)->clear(); };
  return t;
}

template <class T>
Type map_type() {
  Type t = scalar<T>(Shape::map, "map");
  t.inner = &type_of<typename Container<T>::Inner>();
  t.ops.size = [](const void* o) { return static_cast<const T*>(o)->size(); };
  t.ops.each = [](const void* o, void* context,
                  void (*visit)(void*, std::string_view, const void*)) {
    for (const auto& [key, value] : *static_cast<const T*>(o))
      visit(context, key, &value);
  };
  t.ops.insert = [](void* o, std::string key) -> void* {
    return &(*static_cast<T*>(o))[std::move(key)];
  };
  t.ops.clear = [](void* o) { static_cast<T*>(o)->clear(); };
  return t;
}

template <class T>
Type optional_type() {
  Type t = scalar<T>(Shape::optional, "optional");
  t.inner = &type_of<typename Container<T>::Inner>();
  t.ops.get = [](const void* o) -> const void* {
    const auto& v = *static_cast<const T*>(o);
    return v ? &*v : nullptr;
  };
  t.ops.emplace = [](void* o) -> void* { return &static_cast<T*>(o)->emplace(); };
  t.ops.clear = [](void* o) { static_cast<T*>(o)->reset(); };
  return t;
}

}  // namespace api::detail
