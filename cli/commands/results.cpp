// SPDX-License-Identifier: Apache-2.0
#include "cli/results_table.hpp"

#include "cli/commands/commands.hpp"
#include "cli/remote.hpp"
#include "cli/resource.hpp"

#include <algorithm>
#include <map>

namespace cli {
namespace {

using api::Json;

/// `run/NAME` is what other commands call it.
std::string without_kind(const std::string& word) {
  const auto slash = word.find('/');
  return slash == std::string::npos ? word : word.substr(slash + 1);
}

std::optional<Failure> not_runs(const std::vector<std::string>& words) {
  for (const auto& word : words) {
    const auto slash = word.find('/');
    if (slash == std::string::npos) continue;
    const auto found = find_open_kind(word.substr(0, slash));
    if (found.failure) return found.failure;
    if (found.kind->name != "BenchRun")
      return wrong_usage("results are those of runs: write NAME or run/NAME");
  }
  return std::nullopt;
}

/// Runs that have begun: what is still queued has no results.
bool has_begun(const Json& run) {
  const Json* attempt = run.at({"status", "attempt"});
  const Json* begun = run.at({"status", "startedAt"});
  return begun != nullptr ||
         (attempt != nullptr && attempt->is_integer() && attempt->integer() > 0);
}

class Gathering {
 public:
  explicit Gathering(Session& session) : remote_(session) {}

  std::optional<Failure> runs(const std::vector<std::string>& words);
  std::optional<Failure> results();
  std::vector<RunResults> list;

 private:
  std::string note_of(const std::string& bench);

  Remote remote_;
  std::vector<Json> runs_;
  std::map<std::string, std::string> notes_;  // of benches that were asked for
  const api::Kind& kind_ = *api::find_kind("BenchRun");
};

std::optional<Failure> Gathering::runs(const std::vector<std::string>& words) {
  for (const auto& word : words) {
    auto answer = remote_.get(object_path(kind_, without_kind(word)));
    if (!answer) return std::move(answer.failure);
    runs_.push_back(std::move(answer.value));
  }
  if (!words.empty()) return std::nullopt;
  auto answer = remote_.get(collection_path(kind_));
  if (!answer) return std::move(answer.failure);
  const Json* items = answer.value.find("items");
  if (items == nullptr || !items->is_array()) return std::nullopt;
  for (const auto& run : items->items())
    if (has_begun(run)) runs_.push_back(run);
  // Oldest first, so that the latest result is nearest to the prompt.
  std::stable_sort(runs_.begin(), runs_.end(), [](const Json& a, const Json& b) {
    const auto begun = [](const Json& run) {
      const Json* status = run.find("status");
      return status == nullptr ? std::string() : status->text_at("startedAt");
    };
    return begun(a) < begun(b);
  });
  return std::nullopt;
}

/// A Bench may be gone while its results stay.
std::string Gathering::note_of(const std::string& bench) {
  const auto known = notes_.find(bench);
  if (known != notes_.end()) return known->second;
  const auto answer = remote_.get(object_path(*api::find_kind("Bench"), bench));
  const Json* note = answer ? answer.value.at({"spec", "note"}) : nullptr;
  return notes_[bench] = note != nullptr && note->is_string() ? note->string() : "";
}

std::optional<Failure> Gathering::results() {
  for (auto& run : runs_) {
    const Json* name = run.at({"metadata", "name"});
    const Json* bench = run.at({"spec", "bench"});
    if (name == nullptr || !name->is_string()) continue;
    auto lines = remote_.get_text(object_path(kind_, name->string()) + "/samples");
    if (!lines) return std::move(lines.failure);
    const auto samples = read_samples(lines.value.string());
    if (!samples) return Failure{base::Exit::bug, samples.error().message};
    list.push_back({run, bench == nullptr ? "" : note_of(bench->string()), tally(*samples)});
  }
  return std::nullopt;
}

}  // namespace

base::Exit run_results(Session& session, const ResultsArguments& asked) {
  if (const auto failure = not_runs(asked.runs)) return fail(session, *failure);
  Gathering gathering(session);
  if (const auto failure = gathering.runs(asked.runs)) return fail(session, *failure);
  if (const auto failure = gathering.results()) return fail(session, *failure);
  if (wants_value(session)) {
    auto runs = Json::array();
    for (const auto& results : gathering.list)
      runs.push(results_json(results));
    print_value(session, Json::object({{"apiVersion", api::kApiVersion},
                                       {"kind", "Results"},
                                       {"runs", std::move(runs)}}));
    return base::Exit::done;
  }
  if (gathering.list.empty()) session.console.note("No run has begun yet.");
  bool first = true;
  for (const auto& results : gathering.list) {
    const auto text = results_text(results);
    const auto head = text.find('\n');
    session.console.out((first ? "" : "\n") + session.console.bold(text.substr(0, head)) +
                        text.substr(head));
    first = false;
  }
  return base::Exit::done;
}

}  // namespace cli
