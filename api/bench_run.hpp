// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/model.hpp"

namespace api {

struct Placement {
  std::string machine, machine_group;
  std::optional<Selector> selector;
  bool operator==(const Placement&) const = default;

  static constexpr std::string_view kName = "Placement";
  static constexpr std::string_view kDoc = "Where the model must run.";
  static void describe(auto& d) {
    d.field(&Placement::machine, "machine", "On this machine.").refers_to("Machine");
    d.field(&Placement::machine_group, "machineGroup", "On this group.").refers_to("MachineGroup");
    d.field(&Placement::selector, "selector", "On any machine that matches.");
  }
};

struct BenchRunSpec {
  std::string bench, model;
  std::int64_t repeat = 1, seed = 0, priority = 50;
  std::string group;
  std::vector<std::string> tasks;
  std::optional<Placement> placement;
  bool cancel = false;
  bool operator==(const BenchRunSpec&) const = default;

  static constexpr std::string_view kName = "BenchRunSpec";
  static constexpr std::string_view kDoc = "One bench on one model, once.";
  static void describe(auto& d) {
    d.field(&BenchRunSpec::bench, "bench", "Name of the Bench.")
        .required()
        .form(Form::label)
        .immutable()
        .refers_to("Bench");
    d.field(&BenchRunSpec::model, "model", "Name of the Model.")
        .required()
        .form(Form::label)
        .immutable()
        .refers_to("Model");
    d.field(&BenchRunSpec::repeat, "repeat", "Which repeat.").range(1, 100'000).immutable();
    d.field(&BenchRunSpec::seed, "seed", "The repeat's seed.").immutable();
    d.field(&BenchRunSpec::priority, "priority", "Who goes first, 0 to 100.")
        .range(0, 100)
        .defaulted();
    d.field(&BenchRunSpec::group, "group", "The BenchGroup that it belongs to.").immutable();
    d.field(&BenchRunSpec::tasks, "tasks", "Only these tasks.").immutable();
    d.field(&BenchRunSpec::placement, "placement", "Where the model must run.");
    d.field(&BenchRunSpec::cancel, "cancel", "End it; what was scored stays.");
  }
};

/// Queued → (WaitingForModel) → Scheduled → Running → Succeeded | Failed | Cancelled; NeedsRetry
/// goes back to Scheduled with the next attempt, on the same bench host.
enum class RunState : std::uint8_t {
  queued,
  scheduled,
  waiting_for_model,
  running,
  needs_retry,
  succeeded,
  failed,
  cancelled
};
inline constexpr std::array<std::string_view, 8> kRunStates{
    "Queued",     "Scheduled", "WaitingForModel", "Running",
    "NeedsRetry", "Succeeded", "Failed",          "Cancelled"};
constexpr const auto& labels_of(RunState) {
  return kRunStates;
}
constexpr bool is_finished(RunState s) {
  return s == RunState::succeeded || s == RunState::failed || s == RunState::cancelled;
}
/// Bound to a bench host that works on it or is about to.
constexpr bool is_bound(RunState s) {
  return s == RunState::scheduled || s == RunState::running;
}

/// `done` = scored tasks; `errored` = unscored tasks whose last outcome was an error; `answered` =
/// tasks with an answer in the attempt that runs, scored or not.
struct Progress {
  std::int64_t total = 0, done = 0, passed = 0, failed = 0, errored = 0, answered = 0;
  bool operator==(const Progress&) const = default;

  static constexpr std::string_view kName = "Progress";
  static constexpr std::string_view kDoc = "How many tasks are done.";
  static void describe(auto& d) {
    d.field(&Progress::total, "total", "Tasks of the run; 0: not known.");
    d.field(&Progress::done, "done", "Scored tasks.");
    d.field(&Progress::passed, "passed", "Scored as passed.");
    d.field(&Progress::failed, "failed", "Scored as failed.");
    d.field(&Progress::errored, "errored", "Not scored; the last outcome was an error.");
    d.field(&Progress::answered, "answered", "With an answer in the attempt that runs.");
  }
};

struct RunResult {
  double score = 0, std_error = 0;
  std::vector<double> ci95;
  std::int64_t tokens_in = 0, tokens_out = 0;
  double wall_seconds = 0;
  std::optional<double> partial_credit, ttft_p50;
  std::map<std::string, double> metrics;
  bool operator==(const RunResult&) const = default;

  static constexpr std::string_view kName = "RunResult";
  static constexpr std::string_view kDoc = "The result of the scored tasks.";
  static void describe(auto& d) {
    d.field(&RunResult::score, "score", "Passed of scored.");
    d.field(&RunResult::std_error, "stderr", "Standard error of the score.");
    d.field(&RunResult::ci95, "ci95", "95 % Wilson interval.");
    d.field(&RunResult::tokens_in, "tokensIn", "Prompt tokens.");
    d.field(&RunResult::tokens_out, "tokensOut", "Completion tokens.");
    d.field(&RunResult::wall_seconds, "wallSeconds", "Sum of the tasks' wall time.");
    d.field(&RunResult::partial_credit, "partialCredit",
            "Mean of the tasks' scores, where fractional.");
    d.field(&RunResult::ttft_p50, "ttftP50", "Median time to first token, in ms.");
    d.field(&RunResult::metrics, "metrics", "The harness's own figures, untouched.");
  }
};

struct BenchRunStatus {
  std::int64_t observed_generation = 0;
  RunState phase = RunState::queued;
  std::int64_t attempt = 0;
  std::int64_t broken = 0;  // attempts that the harness broke
  std::int64_t infra = 0;   // attempts that infrastructure broke
  std::string machine, deployment, deployment_uid, dir;
  Time started, finished, next_retry;
  Progress progress;
  std::optional<RunResult> result;
  std::map<std::string, std::string> fingerprint;
  std::map<std::string, std::int64_t> failures;
  Conditions conditions;
  std::vector<Reason> reasons;
  bool operator==(const BenchRunStatus&) const = default;

  static constexpr std::string_view kName = "BenchRunStatus";
  static constexpr std::string_view kDoc = "How far the run is, and what it gave.";
  static void describe(auto& d) {
    d.field(&BenchRunStatus::observed_generation, "observedGeneration", "The spec it speaks of.");
    d.field(&BenchRunStatus::phase, "phase", "How far it is.");
    d.field(&BenchRunStatus::attempt, "attempt", "The latest attempt; 0: none yet.");
    d.field(&BenchRunStatus::broken, "brokenAttempts", "Attempts that the harness broke.");
    d.field(&BenchRunStatus::infra, "infraAttempts", "Attempts that infrastructure broke.");
    d.field(&BenchRunStatus::machine, "machine", "The bench host that holds its directory.");
    d.field(&BenchRunStatus::deployment, "deployment", "The ModelDeployment that serves it.");
    d.field(&BenchRunStatus::deployment_uid, "deploymentUid", "Life of that deployment.");
    d.field(&BenchRunStatus::dir, "dir", "The run directory on the bench host.");
    d.field(&BenchRunStatus::started, "startedAt", "When the first attempt began.");
    d.field(&BenchRunStatus::finished, "finishedAt", "When it ended.");
    d.field(&BenchRunStatus::next_retry, "nextRetryAt", "Earliest next attempt.");
    d.field(&BenchRunStatus::progress, "progress", "How many tasks are done.");
    d.field(&BenchRunStatus::result, "result", "The result of the scored tasks.");
    d.field(&BenchRunStatus::fingerprint, "fingerprint", "What the figures were made with.");
    d.field(&BenchRunStatus::failures, "failures",
            "Failed tasks by class, as in a sample's failure.");
    d.field(&BenchRunStatus::conditions, "conditions", "Complete, Waiting.");
    d.field(&BenchRunStatus::reasons, "reasons", "Why it is not running, machine by machine.");
  }
};
using BenchRun = Object<BenchRunSpec, BenchRunStatus>;

}  // namespace api
