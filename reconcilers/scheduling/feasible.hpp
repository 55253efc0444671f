// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "reconcilers/world.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace reconcilers {

/// Which machines are asked for, and for what.
struct Demand {
  std::string model;
  std::string machine, machine_group;
  std::optional<api::Selector> selector;
  /// A bench run also needs a bench host: until runs reach servers over the network, on the same
  /// box.
  enum class For : std::uint8_t { serving, benching } purpose = For::serving;
  bool operator==(const Demand&) const = default;
};

/// May this demand's model run on that machine (scheduling.md, rules 1 to 5)? Every rule that fails
/// is said, with what would make it pass; empty: it may.
std::vector<std::string> against(const World& world, const Demand& demand,
                                 const api::Machine& machine, const Policy& policy,
                                 base::Moment now);

/// As `against`, but a machine that was known before the controller started and is not heard of yet
/// has the benefit of the doubt.
bool could_run(const World& world, const Demand& demand, const api::Machine& machine,
               const Policy& policy, base::Moment now);

/// Is it one of the machines that were asked for?
bool is_asked_for(const World& world, const Demand& demand, const api::Machine& machine);

/// May anything new be started there for such a demand, as far as people say: roles, slots, cordon,
/// drain, hold, deletion?
bool is_allowed(const Demand& demand, const api::Machine& machine, base::Moment now);

/// The first entry of the model's runtimes that fits the machine; null when none does.
const api::ModelRuntime* runtime_for(const api::Model& model, const api::Machine& machine);

/// `against` for every machine, joined into one sentence each, in the order of names; machines that
/// fit are left out. One entry without a machine when there is no model or no machine at all.
std::vector<api::Reason> reasons_for(const World& world, const Demand& demand, const Policy& policy,
                                     base::Moment now);

bool matches(const api::Selector& selector, const api::Machine& machine);

/// `590.*` is a prefix, anything else the whole version.
bool version_matches(std::string_view version, std::string_view pattern);

}  // namespace reconcilers
