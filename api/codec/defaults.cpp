// SPDX-License-Identifier: Apache-2.0
#include "api/codec/check.hpp"
#include "api/codec/path.hpp"
#include "api/codec/words.hpp"

#include <algorithm>

/// What happens to a Json before it is stored: unknown members go, defaults come, what must not
/// change is compared.
namespace api {
namespace {

void prune_into(Json& value, const Type& type, std::string& path, Findings& dropped);

void prune_record(Json& value, const Type& type, std::string& path, Findings& dropped) {
  const std::size_t length = path.size();
  Json::Object kept;
  for (auto& [key, member] : value.members()) {
    append_member(path, key);
    const Field* field = type.find(key);
    if (field == nullptr) {
      dropped.push_back({path, unknown_field(key, type), Finding::Reason::unknown_field});
    } else if (!member.is_null()) {
      prune_into(member, *field->type, path, dropped);
      kept.emplace_back(key, std::move(member));
    }
    path.resize(length);
  }
  value.members() = std::move(kept);
}

void prune_map(Json& value, const Type& type, std::string& path, Findings& dropped) {
  auto& members = value.members();
  members.erase(std::remove_if(members.begin(), members.end(),
                               [](const Json::Member& m) { return m.second.is_null(); }),
                members.end());
  const std::size_t length = path.size();
  for (auto& [key, member] : members) {
    append_member(path, key);
    prune_into(member, *type.inner, path, dropped);
    path.resize(length);
  }
}

void prune_into(Json& value, const Type& declared, std::string& path, Findings& dropped) {
  const Type& type = bare(declared);
  if (type.shape == Shape::record && value.is_object()) {
    prune_record(value, type, path, dropped);
  } else if (type.shape == Shape::map && value.is_object()) {
    prune_map(value, type, path, dropped);
  } else if (type.shape == Shape::list && value.is_array()) {
    const std::size_t length = path.size();
    for (std::size_t i = 0; i < value.items().size(); ++i) {
      append_item(path, i);
      prune_into(value.items()[i], *type.inner, path, dropped);
      path.resize(length);
    }
  }
}

bool is_empty(const Json& value) {
  return value.is_null() || (value.is_string() && value.string().empty()) ||
         (value.is_array() && value.items().empty());
}

// An initial value that is empty says nothing, here as in `encode`.
void fill_record(Json& value, const Type& type) {
  const void* initial = type.initial();
  for (const auto& field : type.fields) {
    Json* present = value.find(field.name);
    if (present != nullptr && !present->is_null()) {
      fill_defaults(*present, *field.type);
    } else if (field.defaulted) {
      const bool record = field.type->shape == Shape::record;
      Json made = record ? Json::object() : encode(field.at(initial), *field.type);
      fill_defaults(made, *field.type);
      if (!is_empty(made)) value.set(field.name, std::move(made));
    }
  }
}

void compare(const Json* before, const Json* after, const Type& declared, std::string& path,
             Findings& changes);

void compare_record(const Json& before, const Json& after, const Type& type, std::string& path,
                    Findings& changes) {
  const std::size_t length = path.size();
  for (const auto& field : type.fields) {
    const Json* old_value = before.find(field.name);
    const Json* new_value = after.find(field.name);
    append_member(path, field.name);
    if (!field.immutable) {
      compare(old_value, new_value, *field.type, path, changes);
    } else if ((old_value == nullptr) != (new_value == nullptr) ||
               (old_value != nullptr && *old_value != *new_value)) {
      changes.push_back({path,
                         "Invalid value: " + shown(new_value != nullptr ? *new_value : Json()) +
                             ": field is immutable",
                         Finding::Reason::invalid});
    }
    path.resize(length);
  }
}

void compare(const Json* before, const Json* after, const Type& declared, std::string& path,
             Findings& changes) {
  static const Json nothing = Json::object();
  const Type& type = bare(declared);
  if (type.shape == Shape::record) {
    // A record that comes or goes brings or takes its immutable fields.
    compare_record(before != nullptr ? *before : nothing, after != nullptr ? *after : nothing, type,
                   path, changes);
  } else if (before == nullptr || after == nullptr) {
    return;
  } else if (type.shape == Shape::list && before->is_array() && after->is_array()) {
    const std::size_t length = path.size();
    const auto both = std::min(before->items().size(), after->items().size());
    for (std::size_t i = 0; i < both; ++i) {
      append_item(path, i);
      compare(&before->items()[i], &after->items()[i], *type.inner, path, changes);
      path.resize(length);
    }
  } else if (type.shape == Shape::map && before->is_object() && after->is_object()) {
    const std::size_t length = path.size();
    for (const auto& [key, member] : after->members()) {
      append_member(path, key);
      compare(before->find(key), &member, *type.inner, path, changes);
      path.resize(length);
    }
  }
}

}  // namespace

Findings prune(Json& value, const Type& type, const std::string& path) {
  Findings dropped;
  std::string here = path;
  prune_into(value, type, here, dropped);
  return dropped;
}

void fill_defaults(Json& value, const Type& declared) {
  const Type& type = bare(declared);
  if (type.shape == Shape::record && value.is_object()) {
    fill_record(value, type);
  } else if (type.shape == Shape::list && value.is_array()) {
    for (auto& item : value.items())
      fill_defaults(item, *type.inner);
  } else if (type.shape == Shape::map && value.is_object()) {
    for (auto& [key, member] : value.members())
      fill_defaults(member, *type.inner);
  }
}

Findings immutable_changes(const Json& before, const Json& after, const Type& type,
                           const std::string& path) {
  Findings changes;
  std::string here = path;
  compare(&before, &after, type, here, changes);
  return changes;
}

}  // namespace api
