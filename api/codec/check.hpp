// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"
#include "api/meta/type.hpp"

#include <string>

/// Walkers that hold a Json against a Type.
namespace api {

/// Unknown fields: an error (Strict), told apart for warnings (Warn), or nothing (Ignore).
enum class Unknown : std::uint8_t { refuse, ignore };

/// Every complaint about `value`, in the order of the value: wrong types, unknown fields (with the
/// nearest known name), missing required ones, ranges, forms, labels of enumerations, quantities,
/// durations, times, and the records' own rules (only where the record is whole so far).
/// `path` is where `value` stands, e.g. "spec". Task ids, names and texts are held to limits.hpp.
Findings check(const Json& value, const Type& type, const std::string& path, Unknown unknown);

/// Drops unknown members and nulls; what was dropped comes back as findings (for warnings).
Findings prune(Json& value, const Type& type, const std::string& path);

/// Writes the initial value of every `defaulted` field that is absent, in present records only
/// (a `defaulted` record is made).
void fill_defaults(Json& value, const Type& type);

/// Fields marked immutable that differ between `before` and `after`.
Findings immutable_changes(const Json& before, const Json& after, const Type& type,
                           const std::string& path);

/// Reads what fits and leaves the rest at its initial value; unknown members are passed over. For
/// values that passed `check`, or that another version wrote.
void decode(const Json& value, const Type& type, void* into);
/// Numbers and booleans always; texts, lists, maps, optionals, times and records only where they
/// are not empty (or where an initial value would come back in their place).
Json encode(const void* value, const Type& type);

template <class T>
T from_json(const Json& value) {
  T out{};
  decode(value, type_of<T>(), &out);
  return out;
}
template <class T>
Json to_json(const T& value) {
  return encode(&value, type_of<T>());
}

/// `path: message` of each, joined by "; ".
std::string text_of(const Findings& findings);

}  // namespace api
