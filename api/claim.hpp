// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/object.hpp"

namespace api {

/// Who holds a machine: an internal object that bears the machine's name, so that two holders are
/// impossible by construction. Taken and dropped by the scheduler alone.
struct ClaimSpec {
  std::string deployment, uid;
  Epoch epoch;
  Time since;
  bool abandoned = false;  // the machine is silent; the deployment may be placed elsewhere
  bool released = false;   // its holder must leave; dropped once that is proved
  bool operator==(const ClaimSpec&) const = default;

  static constexpr std::string_view kName = "ClaimSpec";
  static constexpr std::string_view kDoc = "Who holds a machine.";
  static void describe(auto& d) {
    d.field(&ClaimSpec::deployment, "deployment", "The ModelDeployment that holds it.");
    d.field(&ClaimSpec::uid, "uid", "Life of the deployment.");
    d.field(&ClaimSpec::epoch, "epoch", "The fence.");
    d.field(&ClaimSpec::since, "since", "When it was taken.");
    d.field(&ClaimSpec::abandoned, "abandoned", "The machine fell silent.");
    d.field(&ClaimSpec::released, "released", "Its holder must leave.");
  }
};
using Claim = Object<ClaimSpec, PlainStatus>;

}  // namespace api
