// SPDX-License-Identifier: Apache-2.0
#include "api/codec/patch.hpp"

#include "base/limits.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace api {
namespace {

// A patch of a few lines can copy a value onto itself until nothing holds it.
constexpr std::size_t kOperations = 10'000;
constexpr std::size_t kCopiedValues = base::limits::kNodes;

using Tokens = std::vector<std::string>;
using base::Result;
using base::Status;

Result<Tokens> parse_pointer(std::string_view pointer) {
  if (pointer.empty()) return Tokens{};
  if (pointer[0] != '/') return base::invalid("a path begins with \"/\"");
  Tokens tokens = base::split(pointer.substr(1), '/');
  for (auto& token : tokens) {
    std::string plain;
    for (std::size_t i = 0; i < token.size(); ++i) {
      if (token[i] != '~') {
        plain += token[i];
      } else if (i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1')) {
        plain += token[++i] == '0' ? '~' : '/';
      } else {
        return base::invalid("\"~\" is followed by 0 or 1 only");
      }
    }
    token = std::move(plain);
  }
  return tokens;
}

// An index of `items`, without signs or leading zeros; nothing when it is none or beyond `count`.
std::optional<std::size_t> index_of(const std::string& token, std::size_t count) {
  if (token.empty() || (token.size() > 1 && token[0] == '0')) return std::nullopt;
  const auto index = base::to_integer(token);
  if (!index || *index < 0 || token[0] == '-') return std::nullopt;
  if (static_cast<std::size_t>(*index) >= count) return std::nullopt;
  return static_cast<std::size_t>(*index);
}

Json* step(Json& here, const std::string& token) {
  if (here.is_object()) return here.find(token);
  if (!here.is_array()) return nullptr;
  const auto index = index_of(token, here.items().size());
  return index ? &here.items()[*index] : nullptr;
}

Json* walk(Json& root, const Tokens& tokens, std::size_t count) {
  Json* here = &root;
  for (std::size_t i = 0; i < count && here != nullptr; ++i)
    here = step(*here, tokens[i]);
  return here;
}

std::size_t depth_of(const Json& value) {
  std::size_t deepest = 0;
  if (value.is_array())
    for (const auto& item : value.items())
      deepest = std::max(deepest, depth_of(item));
  else if (value.is_object())
    for (const auto& member : value.members())
      deepest = std::max(deepest, depth_of(member.second));
  else
    return 0;
  return deepest + 1;
}

std::size_t values_in(const Json& value) {
  std::size_t count = 1;
  if (value.is_array())
    for (const auto& item : value.items())
      count += values_in(item);
  if (value.is_object())
    for (const auto& member : value.members())
      count += values_in(member.second);
  return count;
}

Status add_at(Json& root, const Tokens& tokens, Json value) {
  if (tokens.size() + depth_of(value) > base::limits::kDepth)
    return base::invalid("nested deeper than " + std::to_string(base::limits::kDepth));
  if (tokens.empty()) {
    root = std::move(value);
    return base::ok();
  }
  Json* parent = walk(root, tokens, tokens.size() - 1);
  const std::string& last = tokens.back();
  if (parent == nullptr) return base::conflict("the path leads nowhere");
  if (parent->is_object()) {
    parent->set(last, std::move(value));
    return base::ok();
  }
  if (!parent->is_array()) return base::conflict("the path leads into a plain value");
  auto& items = parent->items();
  const auto index = last == "-" ? std::optional(items.size()) : index_of(last, items.size() + 1);
  if (!index) return base::conflict("there is no such place in the list");
  items.insert(items.begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
  return base::ok();
}

Result<Json> remove_at(Json& root, const Tokens& tokens) {
  if (tokens.empty()) return std::exchange(root, Json());
  Json* parent = walk(root, tokens, tokens.size() - 1);
  Json* target = parent == nullptr ? nullptr : step(*parent, tokens.back());
  if (target == nullptr) return base::conflict("the path leads nowhere");
  Json removed = std::move(*target);
  if (parent->is_object()) {
    parent->erase(tokens.back());
  } else {
    parent->items().erase(parent->items().begin() + (target - parent->items().data()));
  }
  return removed;
}

/// One operation with its members read.
struct Operation {
  std::string op;
  Tokens path, from;
  const Json* value = nullptr;
};

Result<Tokens> pointer_at(const Json& json, std::string_view key) {
  const Json* pointer = json.find(key);
  if (pointer == nullptr || !pointer->is_string())
    return base::invalid("\"" + std::string(key) + "\" is missing or no text");
  return parse_pointer(pointer->string());
}

Result<Operation> parse_operation(const Json& json) {
  static constexpr std::string_view kKnown[] = {"add", "remove", "replace", "move", "copy", "test"};
  if (!json.is_object()) return base::invalid("an operation is an object");
  Operation out;
  out.op = json.text_at("op");
  if (std::find(std::begin(kKnown), std::end(kKnown), out.op) == std::end(kKnown))
    return base::invalid("unknown operation " + base::quoted(base::clipped(out.op, 40)));
  auto path = pointer_at(json, "path");
  if (!path) return std::move(path).error();
  out.path = std::move(*path);
  if (out.op == "move" || out.op == "copy") {
    auto from = pointer_at(json, "from");
    if (!from) return std::move(from).error();
    out.from = std::move(*from);
  }
  out.value = json.find("value");
  const bool needs_value = out.op == "add" || out.op == "replace" || out.op == "test";
  if (needs_value && out.value == nullptr) return base::invalid("\"value\" is missing");
  return out;
}

bool is_inside(const Tokens& inner, const Tokens& outer) {
  return inner.size() > outer.size() && std::equal(outer.begin(), outer.end(), inner.begin());
}

/// Numbers are equal by value, whatever their form.
bool is_equal(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number() && a.kind() != b.kind()) return a.number() == b.number();
  if (a.is_array() && b.is_array())
    return std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(),
                      is_equal);
  if (a.is_object() && b.is_object())
    return std::equal(a.members().begin(), a.members().end(), b.members().begin(),
                      b.members().end(), [](const Json::Member& x, const Json::Member& y) {
                        return x.first == y.first && is_equal(x.second, y.second);
                      });
  return a == b;
}

Status copy_or_move(Json& root, const Operation& operation, std::size_t& copied) {
  if (operation.op == "move") {
    if (is_inside(operation.path, operation.from))
      return base::conflict("a value cannot move into itself");
    auto value = remove_at(root, operation.from);
    if (!value) return std::move(value).error();
    return add_at(root, operation.path, std::move(*value));
  }
  const Json* source = walk(root, operation.from, operation.from.size());
  if (source == nullptr) return base::conflict("\"from\" leads nowhere");
  copied += values_in(*source);
  if (copied > kCopiedValues)
    return base::invalid("copies more than " + std::to_string(kCopiedValues) + " values");
  return add_at(root, operation.path, Json(*source));
}

Status run(Json& root, const Operation& operation, std::size_t& copied) {
  if (operation.op == "add") return add_at(root, operation.path, *operation.value);
  if (operation.op == "move" || operation.op == "copy")
    return copy_or_move(root, operation, copied);
  Json* target = walk(root, operation.path, operation.path.size());
  if (target == nullptr) return base::conflict("the path leads nowhere");
  if (operation.op == "test") {
    if (!is_equal(*target, *operation.value)) return base::conflict("the value is another");
    return base::ok();
  }
  if (operation.op == "remove") {
    auto removed = remove_at(root, operation.path);
    if (!removed) return std::move(removed).error();
    return base::ok();
  }
  if (operation.path.size() + depth_of(*operation.value) > base::limits::kDepth)
    return base::invalid("nested deeper than " + std::to_string(base::limits::kDepth));
  *target = *operation.value;
  return base::ok();
}

void merge_into(Json& target, const Json& patch) {
  if (!patch.is_object()) {
    target = patch;
    return;
  }
  if (!target.is_object()) target = Json::object();
  for (const auto& [key, value] : patch.members()) {
    if (value.is_null()) {
      target.erase(key);
    } else {
      merge_into(target[key], value);
    }
  }
}

}  // namespace

Json merge_patched(Json target, const Json& patch) {
  merge_into(target, patch);
  return target;
}

Result<Json> json_patched(Json target, const Json& patch) {
  if (!patch.is_array()) return base::invalid("a JSON patch is a list of operations");
  if (patch.items().size() > kOperations)
    return base::invalid("a JSON patch has at most " + std::to_string(kOperations) + " operations");
  // All operations are read before the first one runs: malformed is malformed, whatever the target.
  std::vector<Operation> operations;
  for (std::size_t i = 0; i < patch.items().size(); ++i) {
    auto operation = parse_operation(patch.items()[i]);
    if (!operation)
      return std::move(operation).error().within("patch operation " + std::to_string(i));
    operations.push_back(std::move(*operation));
  }
  std::size_t copied = 0;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    auto done = run(target, operations[i], copied);
    if (!done)
      return std::move(done).error().within("patch operation " + std::to_string(i) + " (" +
                                            operations[i].op + ")");
  }
  return target;
}

Json merge_patch_between(const Json& before, const Json& after) {
  if (before == after) return {};
  if (!before.is_object() || !after.is_object()) return after;
  Json patch = Json::object();
  for (const auto& [key, value] : before.members())
    if (after.find(key) == nullptr) patch.set(key, Json());
  for (const auto& [key, value] : after.members()) {
    const Json* old_value = before.find(key);
    if (old_value == nullptr) {
      patch.set(key, value);
    } else if (*old_value != value) {
      patch.set(key, merge_patch_between(*old_value, value));
    }
  }
  return patch;
}

}  // namespace api
