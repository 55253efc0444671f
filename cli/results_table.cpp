// SPDX-License-Identifier: Apache-2.0
#include "cli/results_table.hpp"

#include "base/text.hpp"
#include "base/units.hpp"
#include "cli/print.hpp"

#include <cmath>
#include <cstdio>

namespace cli {
namespace {

using api::Json;

constexpr std::string_view kUnknown = "-";
constexpr std::size_t kBetween = 2;  // so that ten columns fit most terminals

std::string percent(double share) {
  char out[32];
  std::snprintf(out, sizeof out, "%.1f", share * 100);
  return out;
}

std::string number_or_dash(const std::optional<std::int64_t>& value) {
  return value ? std::to_string(*value) : std::string(kUnknown);
}

/// `850ms`, `4.2s`, `3m20s`, `2h5m`.
std::string seconds_text(double seconds) {
  char out[32];
  if (seconds < 1) {
    std::snprintf(out, sizeof out, "%.0fms", seconds * 1000);
  } else if (seconds < 60) {
    std::snprintf(out, sizeof out, "%.1fs", seconds);
  } else if (seconds < 3600) {
    const auto whole = std::llround(seconds);
    std::snprintf(out, sizeof out, "%lldm%llds", whole / 60, whole % 60);
  } else {
    const auto whole = std::llround(seconds / 60);
    std::snprintf(out, sizeof out, "%lldh%lldm", whole / 60, whole % 60);
  }
  return out;
}

std::string wall_text(const std::optional<double>& seconds) {
  return seconds ? seconds_text(*seconds) : std::string(kUnknown);
}

/// The empty category is everything where it is the only one.
std::string name_of(const Tally& tally, const Tallies& all) {
  if (!tally.category.empty()) return cell_text(tally.category);
  return all.categories.size() == 1 ? "all" : "other";
}

std::vector<std::string> counts_of(const std::string& name, const Tally& tally) {
  return {name, std::to_string(tally.tasks()), std::to_string(tally.passed),
          std::to_string(tally.failed), std::to_string(tally.infra)};
}

std::vector<std::string> row_of(const Tally& tally, const Tallies& all) {
  auto row = counts_of(name_of(tally, all), tally);
  if (tally.scored() == 0) {
    row.insert(row.end(), {std::string(kUnknown), std::string(kUnknown)});
  } else {
    const auto [low, high] = wilson(tally.passed, tally.scored());
    row.push_back(percent(static_cast<double>(tally.passed) / static_cast<double>(tally.scored())) +
                  " %");
    row.push_back(percent(low) + "-" + percent(high) + " %");
  }
  row.insert(row.end(), {number_or_dash(tally.tokens_in), number_or_dash(tally.tokens_out),
                         wall_text(tally.wall_seconds)});
  return row;
}

/// No score: a part of a bench has none of its own.
std::vector<std::string> total_of(const Tally& tally) {
  auto row = counts_of("total", tally);
  row.insert(row.end(), {"", "", number_or_dash(tally.tokens_in), number_or_dash(tally.tokens_out),
                         wall_text(tally.wall_seconds)});
  return row;
}

std::string text_in(const Json& object, std::initializer_list<std::string_view> keys) {
  const Json* found = object.at(keys);
  return found == nullptr ? "" : cell_text(*found);
}

std::optional<double> lasted(const Json& run) {
  const auto begun = base::parse_rfc3339(text_in(run, {"status", "startedAt"}));
  const auto ended = base::parse_rfc3339(text_in(run, {"status", "finishedAt"}));
  if (!begun || !ended) return std::nullopt;
  return static_cast<double>((*ended - *begun).count()) / 1000;
}

std::string heading_of(const Json& run) {
  std::string out = "run/" + text_in(run, {"metadata", "name"});
  const auto add = [&out](std::string_view word, const std::string& value) {
    if (!value.empty()) out += (word.empty() ? "" : "  " + std::string(word)) + " " + value;
  };
  add("bench", text_in(run, {"spec", "bench"}));
  add("model", text_in(run, {"spec", "model"}));
  add("machine", text_in(run, {"status", "machine"}));
  const auto phase = text_in(run, {"status", "phase"});
  if (!phase.empty()) out += "  " + phase;
  const auto attempt = text_in(run, {"status", "attempt"});
  if (attempt != "0") add("attempt", attempt);
  if (const auto seconds = lasted(run)) add("took", seconds_text(*seconds));
  return out + "\n";
}

/// Tasks of the run of which nothing came yet; 0 where nobody knows how many there are.
std::int64_t not_run(const RunResults& results) {
  const Json* progress = results.run.at({"status", "progress"});
  const auto total = progress == nullptr ? 0 : progress->integer_at("total");
  return std::max<std::int64_t>(0, total - results.tallies.total.tasks());
}

std::string remarks_of(const RunResults& results) {
  std::vector<std::string> parts;
  const auto say = [&parts](std::int64_t count, const std::string& what) {
    if (count > 0) parts.push_back(std::to_string(count) + " " + what);
  };
  say(results.tallies.run_again, "run again");
  say(results.tallies.total.infra, "without a score: infrastructure broke them");
  say(not_run(results), "not run yet");
  std::string out;
  if (!parts.empty()) out += base::join(parts, ", ") + "\n";
  if (!results.note.empty()) out += "note: " + base::printable(results.note) + "\n";
  return out;
}

Json json_of(const Tally& tally) {
  auto out = Json::object({{"tasks", tally.tasks()},
                           {"passed", tally.passed},
                           {"failed", tally.failed},
                           {"infra", tally.infra}});
  if (tally.tokens_in) out.set("tokensIn", *tally.tokens_in);
  if (tally.tokens_out) out.set("tokensOut", *tally.tokens_out);
  if (tally.wall_seconds) out.set("wallSeconds", *tally.wall_seconds);
  return out;
}

Json json_of_category(const Tally& tally) {
  auto out = json_of(tally);
  out.set("category", tally.category);
  if (tally.scored() == 0) return out;
  const auto [low, high] = wilson(tally.passed, tally.scored());
  out.set("score", static_cast<double>(tally.passed) / static_cast<double>(tally.scored()));
  out.set("ci95", Json::array({low, high}));
  return out;
}

}  // namespace

std::string results_text(const RunResults& results) {
  const auto& tallies = results.tallies;
  std::string out = heading_of(results.run);
  if (tallies.categories.empty()) return out + "no task has a result yet\n" + remarks_of(results);
  const auto right = Align::right;
  Grid grid({{"CATEGORY"},
             {"TASKS", right},
             {"PASSED", right},
             {"FAILED", right},
             {"INFRA", right},
             {"SCORE", right},
             {"95 %", right},
             {"TOKENS-IN", right},
             {"TOKENS-OUT", right},
             {"WALL", right}},
            kBetween);
  for (const auto& category : tallies.categories)
    grid.add(row_of(category, tallies));
  if (tallies.categories.size() > 1) grid.add(total_of(tallies.total));
  return out + grid.text(Grid::Heads::shown) + remarks_of(results);
}

Json results_json(const RunResults& results) {
  const auto& run = results.run;
  auto out = Json::object();
  const auto copy = [&](std::string_view name, std::initializer_list<std::string_view> keys) {
    if (const Json* value = run.at(keys)) out.set(name, *value);
  };
  copy("run", {"metadata", "name"});
  copy("uid", {"metadata", "uid"});
  copy("bench", {"spec", "bench"});
  copy("model", {"spec", "model"});
  copy("phase", {"status", "phase"});
  copy("machine", {"status", "machine"});
  copy("attempt", {"status", "attempt"});
  copy("startedAt", {"status", "startedAt"});
  copy("finishedAt", {"status", "finishedAt"});
  copy("fingerprint", {"status", "fingerprint"});
  if (const auto seconds = lasted(run)) out.set("seconds", *seconds);
  auto categories = Json::array();
  for (const auto& category : results.tallies.categories)
    categories.push(json_of_category(category));
  out.set("categories", std::move(categories));
  out.set("total", json_of(results.tallies.total));
  out.set("runAgain", results.tallies.run_again);
  out.set("notRun", not_run(results));
  if (!results.note.empty()) out.set("note", results.note);
  return out;
}

}  // namespace cli
