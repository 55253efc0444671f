// SPDX-License-Identifier: Apache-2.0
#include "api/codec/check.hpp"
#include "cli/results_table.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace cli {
namespace {

using api::Sample;

/// One task: the sample that counts, and whether an error came before a score.
struct Task {
  const Sample* counts = nullptr;
  bool again = false;
};

/// A later sample of the same task. The first score stays; an error stands for the task only until
/// a score comes.
void take(Task& task, const Sample& sample) {
  const bool scored = task.counts != nullptr && api::is_scored(task.counts->outcome);
  if (scored) return;
  task.again = task.counts != nullptr && api::is_scored(sample.outcome);
  task.counts = &sample;
}

void add(std::optional<std::int64_t>& sum, const std::optional<std::int64_t>& more) {
  if (more) sum = sum.value_or(0) + *more;
}

void add(Tally& tally, const Sample& sample) {
  auto& count = sample.outcome == api::Outcome::pass   ? tally.passed
                : sample.outcome == api::Outcome::fail ? tally.failed
                                                       : tally.infra;
  ++count;
  add(tally.tokens_in, sample.tokens_in);
  add(tally.tokens_out, sample.tokens_out);
  if (sample.wall_seconds)
    tally.wall_seconds = tally.wall_seconds.value_or(0) + *sample.wall_seconds;
}

/// By attempt; within one, an error came before the score, for what is scored is not run again.
std::vector<const Sample*> in_order(const std::vector<Sample>& samples) {
  std::vector<const Sample*> out;
  for (const auto& sample : samples)
    out.push_back(&sample);
  std::stable_sort(out.begin(), out.end(), [](const Sample* a, const Sample* b) {
    return std::pair(a->attempt, api::is_scored(a->outcome)) <
           std::pair(b->attempt, api::is_scored(b->outcome));
  });
  return out;
}

}  // namespace

Tallies tally(const std::vector<Sample>& samples) {
  std::map<std::string, Task> tasks;
  for (const auto* sample : in_order(samples))
    take(tasks[sample->task], *sample);
  Tallies out;
  std::map<std::string, std::size_t> places;
  // The order of categories is that of the samples as they came, not of the tasks' names.
  for (const auto& sample : samples) {
    if (places.contains(sample.category) ||
        tasks.at(sample.task).counts->category != sample.category)
      continue;
    places.emplace(sample.category, out.categories.size());
    out.categories.push_back(
        {.category = sample.category, .tokens_in = {}, .tokens_out = {}, .wall_seconds = {}});
  }
  for (const auto& [name, task] : tasks) {
    add(out.categories[places.at(task.counts->category)], *task.counts);
    add(out.total, *task.counts);
    if (task.again) ++out.run_again;
  }
  return out;
}

base::Result<std::vector<Sample>> read_samples(std::string_view lines) {
  std::vector<Sample> out;
  std::size_t number = 0;
  while (!lines.empty()) {
    const auto end = std::min(lines.find('\n'), lines.size());
    const auto line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    ++number;
    if (line.empty()) continue;
    auto value = api::parse_json(line);
    if (!value)
      return std::move(value).error().within("read the samples: line " + std::to_string(number));
    out.push_back(api::from_json<Sample>(*value));
  }
  return out;
}

std::pair<double, double> wilson(std::int64_t passed, std::int64_t scored) {
  constexpr double z = 1.959963984540054;  // 97.5 % of a normal distribution lie below
  const auto n = static_cast<double>(scored);
  const double p = static_cast<double>(passed) / n;
  const double middle = p + z * z / (2 * n);
  const double half = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  const double whole = 1 + z * z / n;
  return {std::max(0.0, (middle - half) / whole), std::min(1.0, (middle + half) / whole)};
}

}  // namespace cli
