// SPDX-License-Identifier: Apache-2.0
#include "cli/resource.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace cli {
namespace {

bool is_open(const api::Kind& kind) {
  return kind.door == api::Kind::Door::open;
}
bool is_core(const api::Kind& kind) {
  return kind.name == "Event";
}

/// `benchruns.orch` and `benchruns.v1.orch` are what kubectl's users type for benchruns.
std::string_view without_group(std::string_view word) {
  for (const std::string_view end : {".v1.orch", ".orch"})
    if (word.size() > end.size() && word.ends_with(end))
      return word.substr(0, word.size() - end.size());
  return word;
}

bool is_category(std::string_view word) {
  return word == "orch" || word == "all";
}

Failure unknown_kind(std::string_view word) {
  std::vector<std::string_view> known{"orch"};
  for (const auto& kind : api::kinds()) {
    if (!is_open(kind)) continue;
    known.insert(known.end(), {kind.plural, kind.singular});
    known.insert(known.end(), kind.short_names.begin(), kind.short_names.end());
  }
  std::string text = "unknown kind " + base::quoted(word);
  // One letter is near every short name, which helps nobody.
  const auto near = word.size() > 2 ? base::nearest(word, known) : std::nullopt;
  if (near) text += "; did you mean " + base::quoted(*near) + "?";
  return wrong_usage(text + " (orch api-resources lists the kinds)");
}

void add_kinds(std::string_view word, Targets& targets) {
  if (is_category(word)) {
    for (const auto& kind : api::kinds())
      if (is_open(kind) && !is_core(kind)) targets.list.push_back({&kind, {}});
    return;
  }
  const auto found = find_open_kind(word);
  if (found.failure && !targets.failure) targets.failure = found.failure;
  if (found.kind != nullptr) targets.list.push_back({found.kind, {}});
}

/// `run/a run/b md/c`: names of one kind that follow each other stay together.
Targets parse_pairs(const std::vector<std::string>& words) {
  Targets targets;
  for (const auto& word : words) {
    const auto slash = word.find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == word.size() ||
        word.find('/', slash + 1) != std::string::npos) {
      targets.failure =
          wrong_usage(base::quoted(word) + " is not KIND/NAME, and names of both forms do not mix");
      return targets;
    }
    const auto found = find_open_kind(word.substr(0, slash));
    if (found.failure) {
      targets.failure = found.failure;
      return targets;
    }
    if (targets.list.empty() || targets.list.back().kind != found.kind)
      targets.list.push_back({found.kind, {}});
    targets.list.back().names.push_back(word.substr(slash + 1));
  }
  return targets;
}

}  // namespace

FoundKind find_open_kind(std::string_view word) {
  const auto* kind = api::find_kind(without_group(word));
  if (kind == nullptr || !is_open(*kind)) return {nullptr, unknown_kind(word)};
  return {kind, std::nullopt};
}

Targets parse_targets(const std::vector<std::string>& words) {
  Targets targets;
  if (words.empty()) {
    targets.failure = wrong_usage(
        "which kind? e.g. benchruns, or run/NAME, or orch for all (orch api-resources lists them)");
    return targets;
  }
  if (words.front().find('/') != std::string::npos) return parse_pairs(words);
  for (const auto& word : base::split(words.front(), ','))
    add_kinds(base::trimmed(word), targets);
  for (auto& target : targets.list)
    target.names.assign(words.begin() + 1, words.end());
  const auto odd = std::find_if(words.begin() + 1, words.end(), [](const std::string& name) {
    return name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos;
  });
  if (odd != words.end() && !targets.failure)
    targets.failure =
        wrong_usage(base::quoted(*odd) + " is no name: write KIND NAME... or KIND/NAME...");
  return targets;
}

std::string api_version_of(const api::Kind& kind) {
  return std::string(is_core(kind) ? "v1" : api::kApiVersion);
}

std::string collection_path(const api::Kind& kind) {
  const std::string root = is_core(kind) ? "/api/v1/" : "/apis/orch/v1/";
  return root + std::string(kind.plural);
}

std::string object_path(const api::Kind& kind, const std::string& name) {
  if (is_core(kind)) return "/api/v1/namespaces/default/events/" + base::percent_encoded(name);
  return collection_path(kind) + "/" + base::percent_encoded(name);
}

std::string full_name(const api::Kind& kind) {
  return std::string(kind.singular) + (is_core(kind) ? "" : ".orch");
}

}  // namespace cli
