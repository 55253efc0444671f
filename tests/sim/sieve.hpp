// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Small scenarios without luck, each played once for every durable step it has: somebody dies just
/// before or after that step, and comes back to a fresh view, to a stale one, with events missed,
/// or (an agent) blind: its first looks at its children fail (the idea is that of Sieve, OSDI'22).
namespace sim {

struct Perturbation {
  enum class Who : std::uint8_t { nobody, agent, controller } who = Who::nobody;
  enum class When : std::uint8_t { before, after } when = When::before;
  enum class View : std::uint8_t { fresh, stale, missed, blind } view = View::fresh;
  std::int64_t step = 0;  // durable steps count from 1; 0: none
};
/// `agent:after:17:stale`, and back.
std::string text_of(const Perturbation& p);
std::optional<Perturbation> perturbation_of(const std::string& text);

struct Scenario {
  std::string_view name;
  std::string_view about;
};
std::span<const Scenario> scenarios();

/// Plays one scenario, or all where the name is empty, with one perturbation or with every one that
/// it has. Prints what broke; true when nothing did.
bool sieve(const std::string& scenario, const std::optional<Perturbation>& only, bool trace);

}  // namespace sim
