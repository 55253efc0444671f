// SPDX-License-Identifier: Apache-2.0
#include "agentd/core/resume.hpp"

#include "agentd/core/launches.hpp"
#include "base/hooks.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"

#include <map>

namespace agentd {
namespace {

constexpr std::size_t kFilterBytes = 100 * 1024;  // Linux refuses one argument above 128 KiB

}  // namespace

std::vector<std::string> known_tasks(const api::RunWanted& wanted) {
  return wanted.subset.empty() ? wanted.tasks.list : wanted.subset;
}

Remaining remaining_tasks(const api::RunWanted& wanted, const std::set<std::string>& scored) {
  const auto known = known_tasks(wanted);
  if (known.empty()) {
    const auto count = wanted.tasks.count;
    const bool all = count > 0 && static_cast<std::int64_t>(scored.size()) >= count;
    return {all ? Remaining::Work::nothing : Remaining::Work::unknown, {}};
  }
  Remaining left;
  for (const auto& task : known)
    if (!scored.contains(task) || ORCH_MUTANT("completed-ignored")) left.tasks.push_back(task);
  left.work = left.tasks.empty() ? Remaining::Work::nothing : Remaining::Work::some;
  return left;
}

base::Result<std::vector<std::string>> step_command(const api::RunWanted& wanted, std::size_t index,
                                                    const std::set<std::string>& scored,
                                                    const std::string& run_dir) {
  const auto values = run_values(wanted, run_dir);
  std::vector<std::string> command;
  for (const auto& argument : wanted.steps[index].command)
    command.push_back(api::expanded(argument, values));
  if (wanted.resume.mode != api::ResumeMode::task_filter || index != 0) return command;
  std::vector<std::string> ids(scored.begin(), scored.end());
  if (wanted.resume.tasks == api::FilterTasks::remaining)
    ids = remaining_tasks(wanted, scored).tasks;
  if (ids.empty()) return command;  // nothing is scored yet, so nothing is to be left out
  auto text = base::join(ids, wanted.resume.separator);
  if (text.size() > kFilterBytes)
    return base::invalid("the ids for \"" + wanted.resume.flag + "\" take " +
                         std::to_string(text.size()) + " bytes, an argument holds " +
                         std::to_string(kFilterBytes));
  command.push_back(wanted.resume.flag);
  command.push_back(std::move(text));
  return command;
}

std::vector<api::Sample> fresh_samples(const std::vector<api::Sample>& printed,
                                       const std::vector<api::Sample>& earlier,
                                       const api::RunWanted& wanted, base::Instant attempt_began,
                                       base::Instant now) {
  std::set<std::string> scored(wanted.completed.begin(), wanted.completed.end());
  std::set<std::string> errored_now;                  // recorded by this attempt
  std::map<std::string, std::int64_t> errors_before;  // recorded by earlier attempts
  for (const auto& s : earlier) {
    if (api::is_scored(s.outcome))
      scored.insert(s.task);
    else if (s.attempt == wanted.attempt)
      errored_now.insert(s.task);
    else
      ++errors_before[s.task];
  }
  const auto known = known_tasks(wanted);
  const std::set<std::string> allowed(known.begin(), known.end());
  std::set<std::string> scored_later;  // within this printing
  for (const auto& s : printed)
    if (api::is_scored(s.outcome)) scored_later.insert(s.task);
  std::vector<api::Sample> fresh;
  std::map<std::string, std::int64_t> errors_printed;
  for (auto s : printed) {
    if (!allowed.empty() && !allowed.contains(s.task)) continue;
    s.run = wanted.uid;
    s.attempt = wanted.attempt;
    const bool dated = s.finished.set();
    if (!dated) s.finished = {now};
    s.message = base::clipped(base::clean_utf8(s.message), base::limits::kMessageBytes);
    if (api::is_scored(s.outcome)) {
      if (scored.insert(s.task).second) fresh.push_back(std::move(s));
      continue;
    }
    const auto nth = ++errors_printed[s.task];
    if (scored.contains(s.task) || scored_later.contains(s.task)) continue;
    // A builtin parser's files were cleared of earlier errors; a command may print old ones again.
    const bool ours = !wanted.parser.builtin.empty() ? true
                      : dated                        ? s.finished.at >= attempt_began
                                                     : nth > errors_before[s.task];
    if (ours && errored_now.insert(s.task).second) fresh.push_back(std::move(s));
  }
  return fresh;
}

}  // namespace agentd
