// SPDX-License-Identifier: Apache-2.0
#include "cli/await.hpp"

#include "base/text.hpp"
#include "cli/watch.hpp"

namespace cli {
namespace {

using api::Json;
using More = Remote::More;

Failure timed_out(const Awaited& awaited, const Wish& wish) {
  auto failure = answer_is_no("timed out waiting for " + wish.text + " on " +
                              full_name(*awaited.kind) + "/" + awaited.name);
  failure.status = Json::object({{"apiVersion", "v1"},
                                 {"kind", "Status"},
                                 {"metadata", Json::object()},
                                 {"status", "Failure"},
                                 {"reason", "Timeout"},
                                 {"code", 504},
                                 {"message", failure.message}});
  return failure;
}

Failure absent(const Awaited& awaited) {
  return answer_is_no(full_name(*awaited.kind) + " " + base::quoted(awaited.name) + " not found");
}

/// The awaited object of a list, in the life that is asked for.
const Json* object_in(const Json& list, const Awaited& awaited) {
  const Json* items = list.find("items");
  if (items == nullptr || !items->is_array()) return nullptr;
  for (const auto& item : items->items()) {
    const Json* metadata = item.find("metadata");
    if (metadata == nullptr || metadata->text_at("name") != awaited.name) continue;
    if (awaited.uid.empty() || metadata->text_at("uid") == awaited.uid) return &item;
  }
  return nullptr;
}

/// For the moving line: how far the object is.
std::string progress_of(const Json& object) {
  const Json* phase = object.at({"status", "phase"});
  std::string text = phase == nullptr ? "" : bare_text(*phase);
  if (const Json* progress = object.at({"status", "progress"});
      progress != nullptr && progress->integer_at("total") > 0)
    text += " " + std::to_string(progress->integer_at("done")) + "/" +
            std::to_string(progress->integer_at("total"));
  return text.empty() ? "..." : text;
}

}  // namespace

std::optional<Failure> await(Remote& remote, const Awaited& awaited, const Wish& wish,
                             std::optional<base::Instant> deadline) {
  std::optional<Failure> failure;
  auto& console = remote.session().console;
  const auto look = [&](const Json* object) {
    if (fulfilled(wish, object)) return More::no;
    const bool may_come = wish.kind == Wish::Kind::there;
    if (object == nullptr && !may_come) {
      failure = absent(awaited);
      return More::no;
    }
    console.moving(full_name(*awaited.kind) + "/" + awaited.name + ": waiting for " + wish.text +
                   (object == nullptr ? "" : ": " + progress_of(*object)));
    return More::yes;
  };
  const Watched watched{collection_path(*awaited.kind),
                        {{"fieldSelector", "metadata.name=" + awaited.name}},
                        kJsonType,
                        deadline};
  const auto end = watch(
      remote, watched, [&](const Json& list) { return look(object_in(list, awaited)); },
      [&](const Change& change) {
        if (change.name != awaited.name) return More::yes;
        const bool other = !awaited.uid.empty() && change.uid != awaited.uid;
        const bool gone = change.type == Change::Type::deleted;
        return look(other || gone ? nullptr : &change.object);
      });
  console.moving({});
  if (failure) return failure;
  if (end.how == WatchEnd::How::ran_out) return timed_out(awaited, wish);
  return end.failure;
}

}  // namespace cli
