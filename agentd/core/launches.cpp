// SPDX-License-Identifier: Apache-2.0
#include "agentd/core/launches.hpp"

#include "agentd/core/resume.hpp"

namespace agentd {

std::map<std::string, std::string> run_values(const api::RunWanted& wanted,
                                              const std::string& run_dir) {
  return {{"endpoint", wanted.endpoint},
          {"model.name", wanted.model_name},
          {"run.dir", run_dir},
          {"run.uid", wanted.uid},
          {"seed", std::to_string(wanted.seed)}};
}

std::string tasks_file(const std::string& run_dir) {
  return run_dir + "/.orch/tasks.txt";
}

Launch run_launch(const api::RunWanted& wanted, const std::string& run_dir,
                  const Settings& settings, const std::string& index, const std::string& step) {
  const auto values = run_values(wanted, run_dir);
  Launch launch;
  launch.id = "run-" + wanted.uid + "-" + std::to_string(wanted.attempt) + "-" + index;
  launch.env = settings.base_env;
  launch.env["ORCH_RUN"] = wanted.name;
  launch.env["ORCH_RUN_UID"] = wanted.uid;
  launch.env["ORCH_RUN_DIR"] = run_dir;
  launch.env["ORCH_ATTEMPT"] = std::to_string(wanted.attempt);
  // Not set is "nobody knows them"; an empty file could be read as "none" or as "all".
  if (!known_tasks(wanted).empty()) launch.env["ORCH_TASKS_FILE"] = tasks_file(run_dir);
  for (const auto& v : wanted.env) {
    if (v.secret.empty())
      launch.env[v.name] = api::expanded(v.value, values);
    else
      launch.secrets[v.name] = v.secret;
  }
  launch.workdir = wanted.workdir.empty() ? run_dir : api::expanded(wanted.workdir, values);
  launch.output = run_dir + "/log";
  launch.labels = {{"kind", "run"},      {"uid", wanted.uid},
                   {"run", wanted.name}, {"attempt", std::to_string(wanted.attempt)},
                   {"index", index},     {"step", step}};
  return launch;
}

}  // namespace agentd
