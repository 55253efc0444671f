// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/check.hpp"
#include "api/codec/json.hpp"
#include "api/meta/describe.hpp"

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// Small described structs that use everything a description can say.
namespace sample {

enum class State : std::uint8_t { hot, present, stopped };
constexpr std::array<std::string_view, 3> labels_of(State) {
  return {"Hot", "Present", "Stopped"};
}

struct Step {
  std::string name;
  std::vector<std::string> command;
  bool operator==(const Step&) const = default;

  static constexpr std::string_view kName = "Step";
  static constexpr std::string_view kDoc = "One command of several.";
  static void describe(auto& d) {
    d.field(&Step::name, "name", "What it is called.").required().form(api::Form::label);
    d.field(&Step::command, "command", "The argument vector.").required();
  }
};

struct Probe {
  std::string http = "/health";
  api::Span period{"2s"};
  std::int32_t failures = 4;
  bool operator==(const Probe&) const = default;

  static constexpr std::string_view kName = "Probe";
  static constexpr std::string_view kDoc = "How health is asked for.";
  static void describe(auto& d) {
    d.field(&Probe::http, "http", "The path.").defaulted();
    d.field(&Probe::period, "period", "How often.").defaulted();
    d.field(&Probe::failures, "failures", "How many in a row.").range(1, 100).defaulted();
  }
};

struct Spec {
  std::string model;
  std::string machine;
  std::string group;
  std::int32_t machines = 1;
  std::uint8_t small = 0;
  std::int64_t big = 0;
  double share = 1.0;
  bool paused = false;
  State state = State::hot;
  api::Quantity memory;
  api::Span timeout;
  api::Time until;
  std::optional<std::int64_t> cap;
  std::optional<Probe> liveness;
  Probe readiness;
  std::vector<Step> steps;
  std::vector<std::string> aliases;
  std::vector<std::int64_t> seeds;
  std::vector<std::string> tasks;
  std::vector<std::string> roles{"server"};
  std::map<std::string, std::string> labels;
  std::map<std::string, Step> named;
  api::Json extra;
  bool operator==(const Spec&) const = default;

  static constexpr std::string_view kName = "Spec";
  static constexpr std::string_view kDoc = "A bit of everything.";
  static void describe(auto& d) {
    d.field(&Spec::model, "model", "Catalogue name of the model.").required().refers_to("Model");
    d.field(&Spec::machine, "machine", "Where.").form(api::Form::name_or_empty);
    d.field(&Spec::group, "group", "For ever.").immutable();
    d.field(&Spec::machines, "machines", "Claimed together.").range(1, 8).defaulted();
    d.field(&Spec::small, "small", "A small number.");
    d.field(&Spec::big, "big", "A large number.");
    d.field(&Spec::share, "share", "A part of the whole.").range(0, 1);
    d.field(&Spec::paused, "paused", "Start nothing.");
    d.field(&Spec::state, "state", "What should be true.").defaulted();
    d.field(&Spec::memory, "memory", "What it fills.");
    d.field(&Spec::timeout, "timeout", "How long at most.");
    d.field(&Spec::until, "until", "Until when.");
    d.field(&Spec::cap, "cap", "A bound, if any.").range(0, 1000);
    d.field(&Spec::liveness, "liveness", "Asked while it runs.");
    d.field(&Spec::readiness, "readiness", "Asked until it is ready.").defaulted();
    d.field(&Spec::steps, "steps", "One after the other.").range(0, 3);
    d.field(&Spec::aliases, "aliases", "What people type.").form(api::Form::label);
    d.field(&Spec::seeds, "seeds", "One a repeat.").range(0, 99);
    d.field(&Spec::tasks, "tasks", "A subset.").form(api::Form::task_id).range(0, 5000);
    d.field(&Spec::roles, "roles", "What it may be.").defaulted();
    d.field(&Spec::labels, "labels", "Free words.");
    d.field(&Spec::named, "named", "Steps by name.");
    d.field(&Spec::extra, "extra", "Whatever.");
  }
  static void rules(const Spec& v, const std::string& path, api::Findings& findings) {
    if (!v.machine.empty() && v.machines > 1)
      findings.push_back({path + ".machine", "Forbidden: may not be set for several machines",
                          api::Finding::Reason::forbidden});
  }
};

}  // namespace sample
