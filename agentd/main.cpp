// SPDX-License-Identifier: Apache-2.0
#include "agentd/arguments.hpp"
#include "agentd/process/shim.hpp"
#include "agentd/shell.hpp"
#include "base/exit_code.hpp"

#include <csignal>
#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
  try {
    const auto parse = agentd::parse_arguments(argc, argv);
    if (parse.exit) return *parse.exit;
    const auto& arguments = parse.arguments;
    if (arguments.command == agentd::Arguments::Command::shim)
      return agentd::run_shim(arguments.shim_folder);
    std::signal(SIGPIPE, SIG_IGN);
    if (arguments.command == agentd::Arguments::Command::down) return agentd::run_down(arguments);
    return agentd::run_agent(arguments);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "orch-agentd: %s\n", e.what());
    return static_cast<int>(base::Exit::bug);
  }
}
