// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/kinds.hpp"
#include "cli/failure.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// Objects of one kind that a command line names; no names: all of them.
struct Target {
  const api::Kind* kind = nullptr;
  std::vector<std::string> names;
};

struct Targets {
  std::vector<Target> list;
  std::optional<Failure> failure;
};

/// `KIND[,KIND] [NAME...]` or `KIND/NAME...`. Kinds go by plural, singular, short name, with or
/// without the group (`benchruns.orch`), and `orch` or `all` means every kind that people write.
Targets parse_targets(const std::vector<std::string>& words);

/// A kind of the API by any of its names; the refusal names the nearest.
struct FoundKind {
  const api::Kind* kind = nullptr;
  std::optional<Failure> failure;
};
FoundKind find_open_kind(std::string_view word);

/// Events are of core/v1; all other kinds are of orch/v1.
std::string api_version_of(const api::Kind& kind);
std::string collection_path(const api::Kind& kind);
std::string object_path(const api::Kind& kind, const std::string& name);
/// `benchrun.orch`, as kubectl writes it in front of a name.
std::string full_name(const api::Kind& kind);

}  // namespace cli
