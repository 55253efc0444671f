// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/object.hpp"

#include <optional>

namespace api {

struct Interconnect {
  std::string kind;
  std::int64_t gbps = 0, mtu = 0;
  std::map<std::string, std::string> addresses;
  bool operator==(const Interconnect&) const = default;

  static constexpr std::string_view kName = "Interconnect";
  static constexpr std::string_view kDoc = "How the members of a group reach each other.";
  static void describe(auto& d) {
    d.field(&Interconnect::kind, "kind", "roce, ib or ethernet.");
    d.field(&Interconnect::gbps, "gbps", "Line rate.").range(0, 100'000);
    d.field(&Interconnect::mtu, "mtu", "Largest frame.").range(0, 65'535);
    d.field(&Interconnect::addresses, "addresses", "Address of each member on this link.");
  }
};

struct MachineGroupSpec {
  std::vector<std::string> members;
  std::optional<Interconnect> interconnect;
  Quantity memory;
  bool operator==(const MachineGroupSpec&) const = default;

  static constexpr std::string_view kName = "MachineGroupSpec";
  static constexpr std::string_view kDoc = "Boxes that can be claimed as one.";
  static void describe(auto& d) {
    d.field(&MachineGroupSpec::members, "members", "Names of machines, each once.")
        .required()
        .range(1, 100)
        .refers_to("Machine");
    d.field(&MachineGroupSpec::interconnect, "interconnect", "How the members reach each other.");
    d.field(&MachineGroupSpec::memory, "memory",
            "What one server may use on all members together; unset: their sum.");
  }
  static void rules(const MachineGroupSpec& spec, const std::string& path, Findings& findings);
};

using MachineGroup = Object<MachineGroupSpec, PlainStatus>;

}  // namespace api
