// SPDX-License-Identifier: Apache-2.0
#include "agentd/arguments.hpp"
#include "agentd/process/shim.hpp"
#include "agentd/shell.hpp"
#include "base/exit_code.hpp"
#include "base/hooks.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

namespace {

/// A child's environment: these and nothing else of ours.
std::map<std::string, std::string> child_env() {
  std::map<std::string, std::string> env;
  for (const char* name : {"PATH", "HOME", "LANG", "TZ", "TMPDIR"})
    if (const char* value = std::getenv(name); value != nullptr) env[name] = value;
  env.try_emplace("PATH", "/usr/local/bin:/usr/bin:/bin");
  return env;
}

}  // namespace

int main(int argc, char** argv) {
  try {
#ifdef ORCH_TEST_HOOKS
    if (const char* text = std::getenv("ORCH_FAILPOINT"); text != nullptr)
      if (const auto wrong = base::set_failpoints(text); !wrong.empty()) {
        std::fprintf(stderr, "orch-agentd: %s\n", wrong.c_str());
        return static_cast<int>(base::Exit::usage);
      }
#endif
    auto parse = agentd::parse_arguments(argc, argv);
    if (parse.exit) return *parse.exit;
    auto& arguments = parse.arguments;
    arguments.child_env = child_env();
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
