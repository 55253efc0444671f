// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/assignment.hpp"
#include "api/sample.hpp"
#include "base/result.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace agentd {

/// The ids of a run's tasks, where they are known before it runs: its subset, else the bench's
/// list.
std::vector<std::string> known_tasks(const api::RunWanted& wanted);

/// What an attempt has to do: exactly the tasks that are not scored. `nothing`: every task is
/// scored, so that nothing may be launched (an empty filter would mean "all" to a harness).
struct Remaining {
  enum class Work : std::uint8_t { nothing, some, unknown } work = Work::unknown;
  std::vector<std::string> tasks;  // `some`: in the order of the bench
};
Remaining remaining_tasks(const api::RunWanted& wanted, const std::set<std::string>& scored);

/// The arguments of step `index`, everything expanded and, where the bench resumes by a flag, with
/// the ids; an error when they do not fit an argument.
base::Result<std::vector<std::string>> step_command(const api::RunWanted& wanted, std::size_t index,
                                                    const std::set<std::string>& scored,
                                                    const std::string& run_dir);

/// Which of the printed samples are new: the first scored outcome of a task that had none, and
/// errors that this attempt made. `earlier` are the samples on disk.
std::vector<api::Sample> fresh_samples(const std::vector<api::Sample>& printed,
                                       const std::vector<api::Sample>& earlier,
                                       const api::RunWanted& wanted, base::Instant attempt_began,
                                       base::Instant now);

}  // namespace agentd
