// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/model.hpp"

namespace api {

enum class Want : std::uint8_t { hot, present, stopped };
inline constexpr std::array<std::string_view, 3> kWants{"Hot", "Present", "Stopped"};
constexpr const auto& labels_of(Want) {
  return kWants;
}

struct ModelDeploymentSpec {
  std::string model, machine, machine_group;
  std::optional<Selector> selector;
  Want state = Want::hot;
  Span max_hot;
  std::int64_t priority = 50;
  bool operator==(const ModelDeploymentSpec&) const = default;

  static constexpr std::string_view kName = "ModelDeploymentSpec";
  static constexpr std::string_view kDoc = "Model X hot on machine Y.";
  static void describe(auto& d) {
    d.field(&ModelDeploymentSpec::model, "model", "Name of the Model.")
        .required()
        .form(Form::label)
        .refers_to("Model");
    d.field(&ModelDeploymentSpec::machine, "machine", "On this machine.").refers_to("Machine");
    d.field(&ModelDeploymentSpec::machine_group, "machineGroup", "On this group.")
        .refers_to("MachineGroup");
    d.field(&ModelDeploymentSpec::selector, "selector", "On any machine that matches.");
    d.field(&ModelDeploymentSpec::state, "state",
            "Hot; Present: weights on disk, not loaded; Stopped.")
        .defaulted();
    d.field(&ModelDeploymentSpec::max_hot, "maxHot", "Longest time hot, counted from Hot.");
    d.field(&ModelDeploymentSpec::priority, "priority", "Who goes first, 0 to 100.")
        .range(0, 100)
        .defaulted();
  }
  static void rules(const ModelDeploymentSpec& spec, const std::string& path, Findings& findings);
};

/// Pending → Claimed → Starting → Warming → Hot; Draining on the way out; Failed waits and tries
/// again. Recomputed from what is seen at every step.
enum class DeploymentPhase : std::uint8_t {
  pending,
  claimed,
  fetching,
  starting,
  warming,
  hot,
  draining,
  stopped,
  failed
};
inline constexpr std::array<std::string_view, 9> kDeploymentPhases{
    "Pending", "Claimed",  "Fetching", "Starting", "Warming",
    "Hot",     "Draining", "Stopped",  "Failed"};
constexpr const auto& labels_of(DeploymentPhase) {
  return kDeploymentPhases;
}

struct ModelDeploymentStatus {
  std::int64_t observed_generation = 0;
  DeploymentPhase phase = DeploymentPhase::pending;
  std::vector<std::string> machines;
  std::int64_t epoch = 0;
  std::string endpoint;
  std::int64_t restarts = 0;
  Time hot_since;
  double warmup_seconds = 0;
  Conditions conditions;
  std::vector<Reason> reasons;
  bool operator==(const ModelDeploymentStatus&) const = default;

  static constexpr std::string_view kName = "ModelDeploymentStatus";
  static constexpr std::string_view kDoc = "Where the model runs and how far it is.";
  static void describe(auto& d) {
    d.field(&ModelDeploymentStatus::observed_generation, "observedGeneration",
            "The spec it speaks of.");
    d.field(&ModelDeploymentStatus::phase, "phase", "How far it is.");
    d.field(&ModelDeploymentStatus::machines, "machines", "The machines that it holds.");
    d.field(&ModelDeploymentStatus::epoch, "epoch", "Revision of the claim.");
    d.field(&ModelDeploymentStatus::endpoint, "endpoint", "OpenAI base URL while it is hot.");
    d.field(&ModelDeploymentStatus::restarts, "restarts", "Starts of the server after the first.");
    d.field(&ModelDeploymentStatus::hot_since, "hotSince", "When it became hot.");
    d.field(&ModelDeploymentStatus::warmup_seconds, "warmupSeconds", "From start to hot.");
    d.field(&ModelDeploymentStatus::conditions, "conditions", "Placed, Ready, Degraded.");
    d.field(&ModelDeploymentStatus::reasons, "reasons",
            "Why it is not placed, machine by machine.");
  }
};
using ModelDeployment = Object<ModelDeploymentSpec, ModelDeploymentStatus>;

}  // namespace api
