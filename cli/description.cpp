// SPDX-License-Identifier: Apache-2.0
#include "cli/description.hpp"

#include "api/codec/yaml.hpp"
#include "base/text.hpp"
#include "cli/print.hpp"

#include <algorithm>

namespace cli {
namespace {

using api::Json;
using Columns = std::vector<Grid::Column>;

const Json kNothing;
/// The manifest once more, for kubectl.
constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

const Json& part(const Json& object, std::initializer_list<std::string_view> keys) {
  const Json* found = object.at(keys);
  return found == nullptr ? kNothing : *found;
}

const Json::Array& items_of(const Json& list) {
  static const Json::Array none;
  return list.is_array() ? list.items() : none;
}

/// Terminal escapes go, line ends stay.
std::string yaml_of(const Json& value, std::string_view indent) {
  return indented(base::printable(api::write_yaml(value)), indent);
}

bool says_nothing(const Json& value) {
  switch (value.kind()) {
    case Json::Kind::null: return true;
    case Json::Kind::integer:
    case Json::Kind::number: return value.number() == 0;
    case Json::Kind::string: return value.string().empty();
    case Json::Kind::array: return value.items().empty();
    case Json::Kind::object: return value.members().empty();
    case Json::Kind::boolean: return false;
  }
  return false;
}

std::string head_of(const api::Kind& kind, const Json& object, base::Instant now) {
  Grid grid({{""}, {""}});
  const auto add = [&grid](const std::string& name, const std::string& value) {
    if (!value.empty()) grid.add({name + ":", value});
  };
  const Json& metadata = part(object, {"metadata"});
  add("Name", cell_text(metadata.text_at("name")));
  add("Kind", std::string(kind.name));
  add("Labels", labels_text(metadata.find("labels")));
  auto notes = metadata.find("annotations") == nullptr ? Json() : *metadata.find("annotations");
  notes.erase(kLastApplied);
  if (!says_nothing(notes)) add("Annotations", labels_text(&notes));
  const auto age = age_since(metadata.find("creationTimestamp"), now);
  if (!age.empty())
    add("Created", cell_text(metadata.text_at("creationTimestamp")) + " (" + age + " ago)");
  if (metadata.find("deletionTimestamp") != nullptr)
    add("Leaving", "asked to go " + age_since(metadata.find("deletionTimestamp"), now) + " ago");
  const auto generation = metadata.integer_at("generation");
  if (generation > 0) add("Generation", std::to_string(generation));
  return grid.text(Grid::Heads::hidden);
}

std::string conditions_of(const Json& object, base::Instant now) {
  Grid grid(Columns{{"TYPE"}, {"STATUS"}, {"SINCE"}, {"REASON"}, {"MESSAGE"}});
  for (const auto& c : items_of(part(object, {"status", "conditions"})))
    grid.add({cell_text(c.text_at("type")), cell_text(c.text_at("status")),
              age_since(c.find("lastTransitionTime"), now), cell_text(c.text_at("reason")),
              cell_text(c.text_at("message"))});
  return grid.rows() == 0 ? "" : "Conditions:\n" + grid.text(Grid::Heads::shown, "  ");
}

std::string reasons_of(const Json& object) {
  Grid grid(Columns{{"MACHINE"}, {"WHY NOT"}});
  for (const auto& reason : items_of(part(object, {"status", "reasons"}))) {
    const auto machine = cell_text(reason.text_at("machine"));
    grid.add({machine.empty() ? "(all)" : machine, cell_text(reason.text_at("why"))});
  }
  return grid.rows() == 0 ? "" : "Reasons:\n" + grid.text(Grid::Heads::shown, "  ");
}

/// `12 of 24 done: 8 passed, 4 failed; 2 errored`.
std::string progress_section(const Json& object) {
  const Json& progress = part(object, {"status", "progress"});
  const auto total = progress.integer_at("total");
  const auto done = progress.integer_at("done");
  const auto errored = progress.integer_at("errored");
  if (total == 0 && done == 0 && errored == 0) return {};
  std::string out = "Progress:\n  " + std::to_string(done) + " of " +
                    (total == 0 ? "?" : std::to_string(total)) + " scored";
  if (done > 0)
    out += ": " + std::to_string(progress.integer_at("passed")) + " passed, " +
           std::to_string(progress.integer_at("failed")) + " failed";
  if (errored > 0)
    out += "; " + std::to_string(errored) + " broken by infrastructure, to run again";
  return out + "\n";
}

std::string fingerprint_of(const Json& object) {
  const Json& fingerprint = part(object, {"status", "fingerprint"});
  if (!fingerprint.is_object() || fingerprint.members().empty()) return {};
  Grid grid({{""}, {""}});
  for (const auto& [key, value] : fingerprint.members())
    grid.add({cell_text(key) + ":", cell_text(value)});
  return "Fingerprint:\n" + grid.text(Grid::Heads::hidden, "  ");
}

/// What has no form of its own.
std::string rest_of_status(const Json& object) {
  auto status = part(object, {"status"});
  if (!status.is_object()) return {};
  for (const auto shown :
       {"conditions", "reasons", "progress", "fingerprint", "observedGeneration"})
    status.erase(shown);
  auto& members = status.members();
  std::erase_if(members, [](const Json::Member& member) { return says_nothing(member.second); });
  return members.empty() ? "" : "Status:\n" + yaml_of(status, "  ");
}

const Json* last_seen(const Json& event) {
  const Json* last = event.find("lastTimestamp");
  return last != nullptr && last->is_string() ? last : event.at({"metadata", "creationTimestamp"});
}

std::string events_of(std::vector<Json> events, base::Instant now) {
  if (events.empty()) return "Events: <none>\n";
  const auto when = [](const Json& event) {
    const Json* last = last_seen(event);
    return last != nullptr && last->is_string() ? last->string() : std::string();
  };
  std::stable_sort(events.begin(), events.end(),
                   [&](const Json& a, const Json& b) { return when(a) < when(b); });
  Grid grid(Columns{{"TYPE"}, {"REASON"}, {"AGE"}, {"COUNT"}, {"MESSAGE"}});
  for (const auto& event : events)
    grid.add({cell_text(event.text_at("type")), cell_text(event.text_at("reason")),
              age_since(last_seen(event), now), std::to_string(event.integer_at("count", 1)),
              cell_text(event.text_at("message"))});
  return "Events:\n" + grid.text(Grid::Heads::shown, "  ");
}

}  // namespace

std::string description_of(const api::Kind& kind, const Json& object,
                           const std::vector<Json>& events, base::Instant now) {
  std::string out = head_of(kind, object, now);
  if (const Json* spec = object.find("spec"); spec != nullptr && !says_nothing(*spec))
    out += "Spec:\n" + yaml_of(*spec, "  ");
  if (kind.spec == nullptr) {  // an event is its own fields
    auto fields = object;
    for (const auto shown : {"metadata", "apiVersion", "kind"})
      fields.erase(shown);
    return out + "Fields:\n" + yaml_of(fields, "  ");
  }
  out += rest_of_status(object) + progress_section(object) + reasons_of(object);
  return out + conditions_of(object, now) + fingerprint_of(object) + events_of(events, now);
}

}  // namespace cli
