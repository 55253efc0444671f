// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"
#include "cli/commands/commands.hpp"
#include "cli/remote.hpp"
#include "cli/resource.hpp"
#include "cli/server_table.hpp"
#include "cli/watch.hpp"

#include <algorithm>

namespace cli {
namespace {

using api::Json;

Query selectors_of(const GetArguments& asked) {
  Query query;
  if (!asked.selector.empty()) query.emplace_back("labelSelector", asked.selector);
  if (!asked.field_selector.empty()) query.emplace_back("fieldSelector", asked.field_selector);
  return query;
}

/// A wrong selector is a wrong argument, although the server says it as of any bad request.
Failure as_argument(Failure failure, const GetArguments& asked) {
  const bool selected = !asked.selector.empty() || !asked.field_selector.empty();
  if (selected && failure.exit == base::Exit::bad_input) failure.exit = base::Exit::usage;
  return failure;
}

/// What `get` found so far, one entry a request.
class Getting {
 public:
  Getting(Session& session, const GetArguments& asked)
      : session_(session), asked_(asked), remote_(session) {}

  base::Exit once(const std::vector<Target>& targets);
  base::Exit go_on(const Target& target);

 private:
  std::string_view accept() const {
    const auto format = session_.global.format;
    return format == Format::table || format == Format::wide ? kTableType : kJsonType;
  }
  TableLook look(const api::Kind& kind) const {
    return {.wide = session_.global.format == Format::wide ? Switch::on : Switch::off,
            .labels = asked_.show_labels,
            .prefix = many_ ? full_name(kind) + "/" : ""};
  }
  void fetch(const Target& target);
  void keep(const api::Kind& kind, const Json& answer);
  void show_all();
  Remote::More show_list(const api::Kind& kind, const Json& list);
  Remote::More show_change(const api::Kind& kind, const Json& object, Change::Type type);

  Session& session_;
  const GetArguments& asked_;
  Remote remote_;
  bool many_ = false;  // several kinds: names carry theirs
  struct Part {
    const api::Kind* kind;
    ServerTable table;
  };
  std::vector<Part> parts_;
  Json items_ = Json::array();
  bool single_ = false;
  std::size_t shown_ = 0;  // objects of the list that a watch began with
  std::optional<Failure> failure_;
};

void Getting::keep(const api::Kind& kind, const Json& answer) {
  if (accept() == kTableType) {
    if (parts_.empty() || parts_.back().kind != &kind)
      parts_.push_back({&kind, ServerTable(look(kind))});
    parts_.back().table.add(answer);
    return;
  }
  const Json* list = answer.find("items");
  if (list == nullptr || !list->is_array()) {
    items_.push(answer);
  } else {
    for (const auto& item : list->items())
      items_.push(item);
  }
}

void Getting::fetch(const Target& target) {
  if (target.names.empty()) {
    auto answer = remote_.get(collection_path(*target.kind), selectors_of(asked_), accept());
    if (answer) return keep(*target.kind, answer.value);
    if (!failure_) failure_ = as_argument(*std::move(answer.failure), asked_);
    return;
  }
  for (const auto& name : target.names) {
    auto answer = remote_.get(object_path(*target.kind, name), {}, accept());
    if (answer) {
      keep(*target.kind, answer.value);
      continue;
    }
    // What is not there is said, and the rest is shown all the same.
    const bool absent = answer.failure->exit == base::Exit::no;
    if (absent && failure_ && session_.global.format != Format::json)
      session_.console.note("error: " + failure_->message);
    failure_ = std::move(answer.failure);
    if (!absent) return;
  }
}

void Getting::show_all() {
  auto& console = session_.console;
  if (wants_value(session_)) {
    if (single_ && items_.items().size() == 1) return print_value(session_, items_.items().front());
    return print_value(session_,
                       Json::object({{"apiVersion", "v1"},
                                     {"kind", "List"},
                                     {"metadata", Json::object({{"resourceVersion", ""}})},
                                     {"items", items_}}));
  }
  if (session_.global.format == Format::name) {
    for (const auto& item : items_.items()) {
      const auto* kind = api::find_kind(item.text_at("kind"));
      const auto* name = item.at({"metadata", "name"});
      if (kind != nullptr && name != nullptr)
        console.out(full_name(*kind) + "/" + cell_text(*name) + "\n");
    }
    return;
  }
  bool first = true;
  for (auto& part : parts_) {
    if (part.table.empty()) continue;
    console.out(std::string(first ? "" : "\n") + part.table.take_text(asked_.headers));
    first = false;
  }
  if (first && !failure_) console.note("No resources found.");
}

base::Exit Getting::once(const std::vector<Target>& targets) {
  many_ = std::any_of(targets.begin(), targets.end(),
                      [&](const Target& t) { return t.kind != targets.front().kind; });
  single_ = targets.size() == 1 && targets.front().names.size() == 1;
  for (const auto& target : targets) {
    fetch(target);
    if (failure_ && failure_->exit != base::Exit::no) return fail(session_, *failure_);
  }
  const bool nothing = items_.items().empty() && parts_.empty();
  // One JSON document a call: a Status when there is nothing else to show.
  if (failure_ && (nothing || session_.global.format == Format::json))
    return fail(session_, *failure_);
  show_all();
  return failure_ ? fail(session_, *failure_) : base::Exit::done;
}

Remote::More Getting::show_list(const api::Kind& kind, const Json& list) {
  if (accept() == kTableType) {
    parts_.push_back({&kind, ServerTable(look(kind))});
    parts_.front().table.add(list);
    shown_ = parts_.front().table.rows();
    if (shown_ > 0) session_.console.out(parts_.front().table.take_text(asked_.headers));
  } else if (const Json* items = list.find("items"); items != nullptr && items->is_array()) {
    shown_ = items->items().size();
    for (const auto& item : items->items())
      show_change(kind, item, Change::Type::added);
  }
  return session_.console.flush() ? Remote::More::yes : Remote::More::no;
}

Remote::More Getting::show_change(const api::Kind& kind, const Json& object, Change::Type type) {
  auto& console = session_.console;
  if (accept() == kTableType) {
    auto& table = parts_.front().table;
    if (type == Change::Type::modified)
      table.add_changed(object);
    else
      table.add(object);
    console.out(parts_.front().table.take_text(asked_.headers));
  } else if (session_.global.format == Format::name) {
    const auto* name = object.at({"metadata", "name"});
    if (name != nullptr) console.out(full_name(kind) + "/" + cell_text(*name) + "\n");
  } else {
    if (session_.global.format == Format::yaml) console.out("---\n");
    print_value(session_, object);
  }
  return console.flush() ? Remote::More::yes : Remote::More::no;
}

base::Exit Getting::go_on(const Target& target) {
  auto query = selectors_of(asked_);
  if (!target.names.empty())
    query.emplace_back("fieldSelector", "metadata.name=" + target.names.front());
  const Watched watched{collection_path(*target.kind), query, accept(), std::nullopt};
  bool absent = false;
  const auto end = watch(
      remote_, watched,
      [&](const Json& list) {
        const auto more = show_list(*target.kind, list);
        absent = !target.names.empty() && shown_ == 0;
        return absent ? Remote::More::no : more;
      },
      [&](const Change& change) { return show_change(*target.kind, change.object, change.type); });
  // A name that was mistyped would be waited for until the end of time.
  if (absent)
    return fail(session_, answer_is_no(full_name(*target.kind) + " " +
                                       base::quoted(target.names.front()) + " not found"));
  return end.failure ? fail(session_, as_argument(*end.failure, asked_)) : base::Exit::done;
}

}  // namespace

base::Exit run_get(Session& session, const GetArguments& asked) {
  const auto targets = parse_targets(asked.words);
  if (targets.failure) return fail(session, *targets.failure);
  const bool named = !targets.list.front().names.empty();
  if (named && !(asked.selector.empty() && asked.field_selector.empty()))
    return fail(session, wrong_usage("a selector chooses by itself: leave the names out"));
  Getting getting(session, asked);
  if (asked.watch == Switch::off) return getting.once(targets.list);
  if (targets.list.size() > 1 || targets.list.front().names.size() > 1)
    return fail(session, wrong_usage("--watch follows one kind, or one object of it"));
  return getting.go_on(targets.list.front());
}

}  // namespace cli
