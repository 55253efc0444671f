// SPDX-License-Identifier: Apache-2.0
#include "base/clock.hpp"
#include "cli/commands/commands.hpp"
#include "cli/description.hpp"
#include "cli/remote.hpp"
#include "cli/resource.hpp"
#include "cli/selection.hpp"

namespace cli {
namespace {

using api::Json;

/// Events are a help, not the object: a server that has none to give hides nothing else.
std::vector<Json> events_about(Remote& remote, const Json& object) {
  const Json* uid = object.at({"metadata", "uid"});
  if (uid == nullptr || !uid->is_string()) return {};
  const auto answer =
      remote.get("/api/v1/events", {{"fieldSelector", "involvedObject.uid=" + uid->string()}});
  const Json* items = answer ? answer.value.find("items") : nullptr;
  return items != nullptr && items->is_array() ? items->items() : std::vector<Json>{};
}

}  // namespace

base::Exit run_describe(Session& session, const DescribeArguments& asked) {
  Remote remote(session);
  const bool named = asked.words.size() > 1 ||
                     (!asked.words.empty() && asked.words.front().find('/') != std::string::npos);
  const auto chosen =
      select_objects(remote, {asked.words, asked.selector, named ? Switch::off : Switch::on});
  if (chosen.failure) return fail(session, *chosen.failure);
  if (chosen.list.empty()) session.console.note("No resources found.");
  auto objects = Json::array();
  bool first = true;
  for (const auto& one : chosen.list) {
    auto answer = remote.get(object_path(*one.kind, one.name));
    if (!answer) return fail(session, *answer.failure);
    const auto events = events_about(remote, answer.value);
    if (wants_value(session)) {
      answer.value.set("events", Json(Json::Array(events)));
      objects.push(std::move(answer.value));
      continue;
    }
    session.console.out((first ? "" : "\n") +
                        description_of(*one.kind, answer.value, events, base::wall_now()));
    first = false;
  }
  if (!wants_value(session)) return base::Exit::done;
  if (objects.items().size() == 1)
    print_value(session, objects.items().front());
  else
    print_value(session,
                Json::object({{"apiVersion", "v1"}, {"kind", "List"}, {"items", objects}}));
  return base::Exit::done;
}

}  // namespace cli
