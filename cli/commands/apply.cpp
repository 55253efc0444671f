// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "base/text.hpp"
#include "cli/commands/commands.hpp"
#include "cli/manifest.hpp"
#include "cli/print.hpp"
#include "cli/remote.hpp"
#include "cli/resource.hpp"

namespace cli {
namespace {

using api::Json;

Json batch_of(const Manifests& manifests) {
  auto items = Json::array();
  for (const auto& manifest : manifests.list)
    items.push(manifest.value);
  return Json::object({{"apiVersion", "v1"}, {"kind", "List"}, {"items", std::move(items)}});
}

struct ItemField {
  std::size_t item = 0;
  std::string path;
};

/// `items[3].spec.tasks` is `spec.tasks` of the fourth document.
std::optional<ItemField> item_of(std::string_view field) {
  if (!field.starts_with("items[")) return std::nullopt;
  const auto close = field.find(']');
  if (close == std::string_view::npos) return std::nullopt;
  const auto index = base::to_integer(field.substr(6, close - 6));
  if (!index || *index < 0) return std::nullopt;
  auto rest = field.substr(close + 1);
  if (rest.starts_with('.')) rest.remove_prefix(1);
  return ItemField{static_cast<std::size_t>(*index), std::string(rest)};
}

/// The server's complaints with the places of the manifests that they are about.
Failure placed(Failure failure, const Manifests& manifests) {
  const Json* causes = failure.status.at({"details", "causes"});
  if (causes == nullptr || !causes->is_array()) return failure;
  std::vector<std::string> lines;
  for (const auto& cause : causes->items()) {
    const auto message = cause.text_at("message");
    const auto field = cause.text_at("field");
    const auto at = item_of(field);
    if (at && at->item < manifests.list.size())
      lines.push_back(manifests.list[at->item].complaint(at->path, message));
    else
      lines.push_back(field.empty() ? message : field + ": " + message);
  }
  if (lines.empty()) return failure;
  failure.lines = std::move(lines);
  failure.message = "the server refused the batch; nothing was applied";
  return failure;
}

std::string run_text(DryRun dry_run) {
  return dry_run == DryRun::server ? " (server dry run)" : "";
}

void show_results(Session& session, const Json& answer, const ApplyArguments& asked) {
  if (wants_value(session)) return print_value(session, answer);
  const Json* items = answer.find("items");
  if (items == nullptr || !items->is_array()) return;
  for (const auto& item : items->items()) {
    const auto* kind = api::find_kind(item.text_at("kind"));
    std::string line = kind != nullptr ? full_name(*kind) : cell_text(item.text_at("kind"));
    line += "/" + cell_text(item.text_at("name"));
    if (session.global.format != Format::name)
      line += " " + cell_text(item.text_at("verb")) + run_text(asked.dry_run);
    session.console.out(line + "\n");
  }
}

void show_warnings(Session& session, const Json& answer) {
  const Json* warnings = answer.find("warnings");
  if (warnings == nullptr || !warnings->is_array()) return;
  for (const auto& warning : warnings->items())
    if (warning.is_string()) session.console.note("Warning: " + base::printable(warning.string()));
}

base::Exit only_check(Session& session, const Manifests& manifests) {
  for (const auto& manifest : manifests.list)
    session.console.out(full_name(*manifest.kind) + "/" + manifest.name +
                        " valid (checked locally)\n");
  return base::Exit::done;
}

}  // namespace

base::Exit run_apply(Session& session, const ApplyArguments& asked) {
  const auto manifests = read_manifests(session, asked.files, Held::whole);
  if (manifests.failure) return fail(session, *manifests.failure);
  if (!manifests.complaints.empty())
    return fail(session, refusal_of(manifests, "nothing was applied"));
  if (asked.dry_run == DryRun::client) return only_check(session, manifests);
  const auto batch = batch_of(manifests);
  if (api::write_json(batch).size() > base::limits::kBodyBytes)
    return fail(session,
                wrong_input("the batch has more than " + std::to_string(base::limits::kBodyBytes) +
                            " bytes, apply it in parts; nothing was applied"));
  Query query{{"fieldManager", asked.field_manager}, {"fieldValidation", "Strict"}};
  if (asked.dry_run == DryRun::server) query.emplace_back("dryRun", "All");
  Remote remote(session);
  auto answer = remote.send("POST", "/apis/orch/v1/batch", query, batch);
  if (!answer) return fail(session, placed(*std::move(answer.failure), manifests));
  show_warnings(session, answer.value);
  show_results(session, answer.value, asked);
  return base::Exit::done;
}

}  // namespace cli
