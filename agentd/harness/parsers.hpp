// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/ports.hpp"
#include "agentd/harness/parser_command.hpp"

#include <map>
#include <string>

namespace agentd {

/// The builtin parsers and the commands of benches. `run` and `attempt` of each sample are filled
/// in; a missing `finished` is left to the caller, who has the clock. A parser that breaks its
/// contract (a wrong outcome, a score out of range, a task id that is none) is an error that names
/// the line.
class HarnessParsers : public Parsers {
 public:
  /// As for ParserCommands.
  HarnessParsers(Processes& processes, std::map<std::string, std::string> env,
                 base::Duration deadline = base::seconds(60));

  base::Result<Parsed> parse(const std::string& folder, const api::RunWanted& wanted,
                             Pass pass) override;

 private:
  base::Result<Parsed> ask_command(const std::string& folder, const api::RunWanted& wanted,
                                   Pass pass);

  ParserCommands commands_;
};

}  // namespace agentd
