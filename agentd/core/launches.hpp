// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/settings.hpp"

#include <map>
#include <string>

namespace agentd {

/// What `$(...)` means in a bench's commands, environment and working folder.
std::map<std::string, std::string> run_values(const api::RunWanted& wanted,
                                              const std::string& run_dir);

/// The file that ORCH_TASKS_FILE names: the tasks that the attempt is to do, where they are known.
std::string tasks_file(const std::string& run_dir);

/// What every command of a run gets: environment, working folder, log, labels. `index` and `step`
/// tell the run's children apart.
Launch run_launch(const api::RunWanted& wanted, const std::string& run_dir,
                  const Settings& settings, const std::string& index, const std::string& step);

}  // namespace agentd
