// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// What `--help` says of one command beside its flags.
struct CommandHelp {
  std::string_view name, brief, usage;
  std::string_view more;      // sentences, may be empty
  std::string_view examples;  // whole lines
};
std::span<const CommandHelp> command_helps();
const CommandHelp* find_command_help(std::string_view name);

struct FlagHelp {
  std::string names, text;  // "-o, --output FORMAT"
};
std::string help_of_program(const std::vector<FlagHelp>& flags);
std::string help_of_command(const CommandHelp& command, const std::vector<FlagHelp>& own,
                            const std::vector<FlagHelp>& common);

}  // namespace cli
