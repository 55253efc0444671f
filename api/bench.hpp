// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/runtime.hpp"

namespace api {

struct Step {
  std::string name;
  std::vector<std::string> command;
  bool operator==(const Step&) const = default;

  static constexpr std::string_view kName = "Step";
  static constexpr std::string_view kDoc = "One command of a bench.";
  static void describe(auto& d) {
    d.field(&Step::name, "name", "Shown while it runs.").required().form(Form::label);
    d.field(&Step::command, "command", "Arguments, no shell.").required();
  }
};

struct CheckCommand {
  std::vector<std::string> command;
  bool operator==(const CheckCommand&) const = default;

  static constexpr std::string_view kName = "CheckCommand";
  static constexpr std::string_view kDoc = "Is the harness there, and which version.";
  static void describe(auto& d) {
    d.field(&CheckCommand::command, "command", "Arguments, no shell; exit 0 and a version.")
        .required();
  }
};

struct ParserSpec {
  std::string builtin;
  std::vector<std::string> command;
  bool operator==(const ParserSpec&) const = default;

  static constexpr std::string_view kName = "ParserSpec";
  static constexpr std::string_view kDoc = "What turns the harness's files into samples.";
  static void describe(auto& d) {
    d.field(&ParserSpec::builtin, "builtin",
            "A parser of the agent: bfcl, or jsonl (one sample a line).");
    d.field(&ParserSpec::command, "command", "A command that prints one sample a line.");
  }
  static void rules(const ParserSpec& v, const std::string& path, Findings& findings);
};

struct Tasks {
  std::int64_t count = 0;
  std::vector<std::string> list, command;
  bool operator==(const Tasks&) const = default;

  static constexpr std::string_view kName = "Tasks";
  static constexpr std::string_view kDoc = "Which tasks the bench has.";
  static void describe(auto& d) {
    d.field(&Tasks::count, "count", "How many, where the ids are not known before.")
        .range(0, 10'000'000);
    d.field(&Tasks::list, "list", "Their ids.");
    d.field(&Tasks::command, "command", "A command that prints one id a line.");
  }
};

enum class ResumeMode : std::uint8_t { harness, none, task_filter };
inline constexpr std::array<std::string_view, 3> kResumeModes{"harness", "none", "task-filter"};
constexpr const auto& labels_of(ResumeMode) {
  return kResumeModes;
}
enum class FilterTasks : std::uint8_t { completed, remaining };
inline constexpr std::array<std::string_view, 2> kFilterTasks{"completed", "remaining"};
constexpr const auto& labels_of(FilterTasks) {
  return kFilterTasks;
}

struct Resume {
  ResumeMode mode = ResumeMode::harness;
  std::string flag;
  FilterTasks tasks = FilterTasks::completed;
  std::string separator = ",";
  bool operator==(const Resume&) const = default;

  static constexpr std::string_view kName = "Resume";
  static constexpr std::string_view kDoc = "How the next attempt runs only what is not scored.";
  static void describe(auto& d) {
    d.field(&Resume::mode, "mode", "harness: it skips by itself; none; task-filter: by a flag.");
    d.field(&Resume::flag, "flag", "The flag that takes the ids.");
    d.field(&Resume::tasks, "tasks", "Which ids it takes.");
    d.field(&Resume::separator, "separator", "Between two ids.");
  }
  static void rules(const Resume& v, const std::string& path, Findings& findings);
};

struct SandboxLimits {
  std::int64_t max = 0;
  bool operator==(const SandboxLimits&) const = default;

  static constexpr std::string_view kName = "SandboxLimits";
  static constexpr std::string_view kDoc = "Sandboxes of a run.";
  static void describe(auto& d) {
    d.field(&SandboxLimits::max, "max", "At once.").range(0, 10'000);
  }
};

struct MetricsSpec {
  std::string primary;
  bool higher_is_better = true;
  bool operator==(const MetricsSpec&) const = default;

  static constexpr std::string_view kName = "MetricsSpec";
  static constexpr std::string_view kDoc = "Which figure counts.";
  static void describe(auto& d) {
    d.field(&MetricsSpec::primary, "primary", "Its name.");
    d.field(&MetricsSpec::higher_is_better, "higherIsBetter", "Which way is better.");
  }
};

struct BenchSpec {
  std::vector<std::string> aliases;
  std::string harness;
  std::optional<CheckCommand> check;
  std::vector<std::string> command;
  std::vector<Step> steps;
  std::vector<EnvVar> env;
  std::string workdir;
  ParserSpec parser;
  Tasks tasks;
  Resume resume;
  std::optional<SandboxLimits> sandboxes;
  Span timeout;
  std::int64_t retries = 3, infra_retries = 5;
  std::optional<MetricsSpec> metrics;
  std::string note;
  bool operator==(const BenchSpec&) const = default;

  static constexpr std::string_view kName = "BenchSpec";
  static constexpr std::string_view kDoc =
      "A catalogue entry: harness, result parser, resume rule.";
  static void describe(auto& d) {
    d.field(&BenchSpec::aliases, "aliases", "What people type; several benches may share one.");
    d.field(&BenchSpec::harness, "harness", "Name of the harness.");
    d.field(&BenchSpec::check, "check", "Is the harness there, and which version.");
    d.field(&BenchSpec::command, "command",
            "Arguments, no shell; $(endpoint) $(model.name) $(run.dir) $(run.uid) $(seed) expand.");
    d.field(&BenchSpec::steps, "steps", "Commands one after the other, instead of `command`.");
    d.field(&BenchSpec::env, "env", "Environment of every step.");
    d.field(&BenchSpec::workdir, "workdir", "Where the steps run; unset: the run directory.");
    d.field(&BenchSpec::parser, "parser", "What turns the harness's files into samples.")
        .required();
    d.field(&BenchSpec::tasks, "tasks", "Which tasks the bench has.");
    d.field(&BenchSpec::resume, "resume", "How the next attempt runs only what is not scored.");
    d.field(&BenchSpec::sandboxes, "sandboxes", "Sandboxes of a run.");
    d.field(&BenchSpec::timeout, "timeout", "Longest time of one attempt.");
    d.field(&BenchSpec::retries, "retries", "Attempts after a broken harness.")
        .range(0, 1000)
        .defaulted();
    d.field(&BenchSpec::infra_retries, "infraRetries", "Attempts after errors of infrastructure.")
        .range(0, 1000)
        .defaulted();
    d.field(&BenchSpec::metrics, "metrics", "Which figure counts.");
    d.field(&BenchSpec::note, "note", "Printed under the results, e.g. what the figure is not.");
  }
  static void rules(const BenchSpec& spec, const std::string& path, Findings& findings);
};
using Bench = Object<BenchSpec, PlainStatus>;

}  // namespace api
