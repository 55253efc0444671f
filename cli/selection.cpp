// SPDX-License-Identifier: Apache-2.0
#include "cli/selection.hpp"

namespace cli {
namespace {

using api::Json;

std::optional<Failure> add_listed(Remote& remote, const api::Kind& kind,
                                  const std::string& selector, std::vector<Awaited>& list) {
  Query query;
  if (!selector.empty()) query.emplace_back("labelSelector", selector);
  auto answer = remote.get(collection_path(kind), query);
  if (!answer) {
    // The one thing in this request that a person wrote is the selector.
    if (answer.failure->exit == base::Exit::bad_input) answer.failure->exit = base::Exit::usage;
    return answer.failure;
  }
  const Json* items = answer.value.find("items");
  if (items == nullptr || !items->is_array()) return std::nullopt;
  for (const auto& item : items->items())
    if (const Json* metadata = item.find("metadata"))
      list.push_back({&kind, metadata->text_at("name"), metadata->text_at("uid")});
  return std::nullopt;
}

}  // namespace

Selected select_objects(Remote& remote, const Selection& selection) {
  const auto targets = parse_targets(selection.words);
  if (targets.failure) return {{}, targets.failure};
  const bool by_selector = !selection.selector.empty() || selection.all == Switch::on;
  Selected out;
  for (const auto& target : targets.list) {
    if (by_selector && !target.names.empty())
      return {{}, wrong_usage("names, or -l or --all: not both")};
    if (!by_selector && target.names.empty())
      return {{},
              wrong_usage("which " + std::string(target.kind->plural) +
                          "? name them, or choose with -l or --all")};
    for (const auto& name : target.names)
      out.list.push_back({target.kind, name, {}});
    if (!by_selector) continue;
    if (auto failure = add_listed(remote, *target.kind, selection.selector, out.list))
      return {{}, std::move(failure)};
  }
  return out;
}

}  // namespace cli
