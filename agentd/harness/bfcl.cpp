// SPDX-License-Identifier: Apache-2.0
#include "agentd/harness/bfcl.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "agentd/harness/bfcl_failure.hpp"
#include "agentd/harness/bfcl_files.hpp"
#include "agentd/harness/samples_file.hpp"
#include "agentd/harness/walk.hpp"
#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace agentd {
namespace {

using api::Json;

constexpr std::string_view kErrorFailure = "infrastructure";

/// Numbers stand alone, by turn, or by turn and step: their sum, or nothing when there is none.
std::optional<double> sum_of(const Json* value) {
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) return value->number();
  if (!value->is_array()) return std::nullopt;
  std::optional<double> sum;
  for (const auto& item : value->items()) {
    if (const auto part = sum_of(&item)) sum = sum.value_or(0) + *part;
  }
  return sum;
}

std::optional<std::int64_t> count_of(const Json* value) {
  constexpr double kMost = 1e15;  // beyond it a double no longer counts by one
  const auto sum = sum_of(value);
  if (!sum || !(*sum >= 0) || *sum > kMost) return std::nullopt;
  return std::llround(*sum);
}

/// Calls in a function-calling answer: objects in nested lists. Text counts none, and an answer
/// that is text alone does not tell.
std::int64_t calls_in(const Json& result) {
  if (result.is_object()) return 1;
  if (!result.is_array()) return 0;
  std::int64_t calls = 0;
  for (const auto& item : result.items())
    calls += calls_in(item);
  return calls;
}

void add_figures(const Json& answer, api::Sample& sample) {
  sample.tokens_in = count_of(answer.find("input_token_count"));
  sample.tokens_out = count_of(answer.find("output_token_count"));
  if (const auto seconds = sum_of(answer.find("latency")); seconds && *seconds >= 0) {
    sample.wall_seconds = *seconds;
  }
  const Json* result = answer.find("result");
  if (!result->is_array()) return;
  sample.tool_calls = calls_in(*result);
  const bool by_turn = !result->items().empty() && result->items().front().is_array();
  if (by_turn) sample.turns = static_cast<std::int64_t>(result->items().size());
}

api::Sample error_sample(const Json& answer, const std::string& category) {
  api::Sample sample;
  sample.task = answer.text_at("id");
  sample.category = category;
  sample.outcome = api::Outcome::error;
  sample.failure = kErrorFailure;
  sample.message =
      base::clipped(base::clean_utf8(answer.text_at("result")), base::limits::kMessageBytes);
  return sample;
}

api::Sample scored_sample(const Json& answer, const std::string& category, const Json* failed) {
  api::Sample sample;
  sample.task = answer.text_at("id");
  sample.category = category;
  add_figures(answer, sample);
  if (failed == nullptr) {
    sample.outcome = api::Outcome::pass;
    sample.score = 1;
    return sample;
  }
  auto [failure, message] = classify_bfcl(*failed);
  sample.outcome = failure == kErrorFailure ? api::Outcome::error : api::Outcome::fail;
  sample.failure = std::move(failure);
  sample.message = std::move(message);
  return sample;
}

/// The answers of one result file: each id once, the calls that failed apart.
struct Answers {
  std::vector<Json> whole, broken;
  std::int64_t lines = 0;  // of whole answers, as the harness counts them
};

Answers sort_out(std::vector<HarnessLine> lines) {
  Answers answers;
  std::set<std::string> seen;
  for (auto& line : lines) {
    if (!is_bfcl_answer(line)) continue;
    const bool broken = is_bfcl_error(*line.value);
    if (!broken) ++answers.lines;
    const auto id = line.value->text_at("id");
    if (!is_task_id(id)) {
      base::log::debug("bfcl.id_refused", {{"id", base::clipped(base::printable(id), 80)}});
      continue;
    }
    if (!seen.insert(id).second) continue;
    (broken ? answers.broken : answers.whole).push_back(*std::move(line.value));
  }
  return answers;
}

/// Whether these scores were made from exactly these answers.
bool speaks_of(const BfclScore& score, const Answers& answers) {
  if (score.total != answers.lines) return false;
  std::set<std::string> ids;
  for (const auto& answer : answers.whole)
    ids.insert(answer.text_at("id"));
  return std::all_of(score.failed.begin(), score.failed.end(),
                     [&](const auto& entry) { return ids.contains(entry.first); });
}

base::Status add_category(const BfclCategory& category, Parsed& parsed) {
  auto lines = read_harness_lines(category.result_path);
  if (!lines) return std::move(lines).error();
  const Answers answers = sort_out(*std::move(lines));
  parsed.answered += static_cast<std::int64_t>(answers.whole.size());
  for (const auto& answer : answers.broken)
    parsed.samples.push_back(error_sample(answer, category.name));

  const auto score = read_bfcl_score(category);
  if (!score && score.error().code != base::Code::not_found) return score.error();
  if (!score || !speaks_of(*score, answers)) return base::ok();
  parsed.metrics["accuracy." + category.name] = score->accuracy;
  for (const auto& answer : answers.whole) {
    const auto found = score->failed.find(answer.text_at("id"));
    const Json* failed = found == score->failed.end() ? nullptr : &found->second;
    parsed.samples.push_back(scored_sample(answer, category.name, failed));
  }
  return base::ok();
}

/// What the launcher took out of the result files before they were graded.
base::Status add_moved_errors(const std::string& out, Parsed& parsed) {
  const auto entries = walk(out + "/errors");
  if (!entries) return entries.error();
  std::set<std::string> seen;
  for (const auto& entry : *entries) {
    if (entry.what != TreeEntry::What::file || !entry.path.ends_with(".jsonl")) continue;
    const auto lines = read_harness_lines(out + "/errors/" + entry.path);
    if (!lines) return lines.error();
    for (const auto& line : *lines) {
      if (!is_bfcl_answer(line) || !is_task_id(line.value->text_at("id"))) continue;
      const auto stem = entry.path.substr(0, entry.path.size() - 6);
      auto sample = error_sample(*line.value, line.value->text_at("category", stem));
      if (seen.insert(sample.task).second) parsed.samples.push_back(std::move(sample));
    }
  }
  return base::ok();
}

/// The ids that the harness was told to run, when it was told.
std::int64_t wanted_total(const std::string& out) {
  const auto text = base::read_file(out + "/test_case_ids_to_generate.json");
  if (!text) return 0;
  const auto value = parse_python_json(*text);
  if (!value || !value->is_object()) return 0;
  std::int64_t total = 0;
  for (const auto& [category, ids] : value->members()) {
    if (ids.is_array()) total += static_cast<std::int64_t>(ids.items().size());
  }
  return total;
}

base::Status clean_results(const BfclCategory& category) {
  const auto lines = read_harness_lines(category.result_path);
  if (!lines) return lines.error();
  std::string kept;
  std::size_t dropped = 0;
  for (const auto& line : *lines) {
    if (is_bfcl_answer(line) && !is_bfcl_error(*line.value)) {
      kept += line.text + "\n";
    } else {
      ++dropped;
    }
  }
  const auto facts = base::facts_of(category.result_path);
  const bool same = facts && facts->size == static_cast<std::int64_t>(kept.size());
  if (dropped == 0 && same) return base::ok();
  base::log::info("bfcl.cleaned",
                  {{"category", category.name}, {"dropped", static_cast<std::uint64_t>(dropped)}});
  return base::write_file(category.result_path, kept, 0600);
}

}  // namespace

base::Result<Parsed> parse_bfcl(const std::string& out) {
  Parsed parsed;
  parsed.done = true;
  parsed.total = wanted_total(out);
  if (auto added = add_moved_errors(out, parsed); !added) return std::move(added).error();
  const auto categories = find_bfcl_categories(out);
  if (!categories) return categories.error();
  for (const auto& category : *categories) {
    if (auto added = add_category(category, parsed); !added) return std::move(added).error();
  }
  return parsed;
}

base::Status clean_bfcl(const std::string& out) {
  const auto categories = find_bfcl_categories(out);
  if (!categories) return categories.error();
  for (const auto& category : *categories) {
    if (auto cleaned = clean_results(category); !cleaned) return cleaned;
  }
  for (const char* folder : {"/score", "/errors"}) {
    if (auto removed = remove_tree(out + folder); !removed) return removed;
  }
  return base::ok();
}

}  // namespace agentd
