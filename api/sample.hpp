// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/object.hpp"

#include <array>
#include <optional>

namespace api {

enum class Outcome : std::uint8_t { pass, fail, error };
inline constexpr std::array<std::string_view, 3> kOutcomes{"pass", "fail", "error"};
constexpr const auto& labels_of(Outcome) {
  return kOutcomes;
}
constexpr bool is_scored(Outcome o) {
  return o != Outcome::error;
}

/// The normalized record of one task attempt: a line of samples.jsonl, a row of the store, kept by
/// (run uid, task, attempt, scored or error).
struct Sample {
  std::string run;  // uid of the BenchRun
  std::int64_t attempt = 0;
  std::string task, category;
  Outcome outcome = Outcome::error;
  double score = 0;
  std::optional<std::int64_t> tokens_in, tokens_out, turns, tool_calls;
  std::optional<double> wall_seconds, ttft_ms;
  std::string failure, message;
  Time finished;
  bool operator==(const Sample&) const = default;

  static constexpr std::string_view kName = "Sample";
  static constexpr std::string_view kDoc = "What one attempt of one task gave.";
  static void describe(auto& d) {
    d.field(&Sample::run, "run", "Life of the BenchRun.");
    d.field(&Sample::attempt, "attempt", "Which attempt.").range(0, 1'000'000);
    d.field(&Sample::task, "task", "Id of the task.").required().form(Form::non_empty);
    d.field(&Sample::category, "category", "The harness's own grouping of tasks.");
    d.field(&Sample::outcome, "outcome", "pass, fail, or error: infrastructure broke it.")
        .required();
    d.field(&Sample::score, "score", "From 0 to 1.").range(0, 1);
    d.field(&Sample::tokens_in, "tokensIn", "Prompt tokens.").range(0, INT64_MAX);
    d.field(&Sample::tokens_out, "tokensOut", "Completion tokens.").range(0, INT64_MAX);
    d.field(&Sample::turns, "turns", "Turns of the conversation.").range(0, INT64_MAX);
    d.field(&Sample::tool_calls, "toolCalls", "Calls of tools.").range(0, INT64_MAX);
    d.field(&Sample::wall_seconds, "wallSeconds", "Wall time of the task.");
    d.field(&Sample::ttft_ms, "ttftMs", "Time to the first token.");
    d.field(&Sample::failure, "failure",
            "Class of a failure (malformedJson, noCall, wrongArguments, hallucinatedTool, "
            "graderMismatch, timeout, infrastructure), or empty.");
    d.field(&Sample::message, "message", "What the harness said, cut to its bound.");
    d.field(&Sample::finished, "finishedAt", "When it ended.");
  }
};

}  // namespace api
