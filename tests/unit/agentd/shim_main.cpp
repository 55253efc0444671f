// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "agentd/process/shim.hpp"
#include "base/exit_code.hpp"

/// The agent's hidden command alone, for tests.
int main(int argc, char** argv) {
  if (argc != 3 || std::string(argv[1]) != "shim") return static_cast<int>(base::Exit::usage);
  return agentd::run_shim(argv[2]);
}
