// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <optional>
#include <string>

namespace agentd {

/// What the command line of orch-agentd says.
struct Arguments {
  enum class Command { run, down, shim };
  Command command = Command::run;
  std::string data_dir, controller, name, join, runs_folder, shim_folder;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> child_env;  // what every child gets of our environment
  bool verbose = false;
};

/// Reads it; prints help, version or the complaint itself, and then gives the exit code to end
/// with.
struct Parse {
  Arguments arguments;
  std::optional<int> exit;
};
Parse parse_arguments(int argc, char** argv);

}  // namespace agentd
