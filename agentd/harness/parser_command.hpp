// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/ports.hpp"

#include <map>
#include <string>

namespace agentd {

/// Parser commands of benches, each a child of its own that writes to files in `<run
/// dir>/.parser/`, so that nobody waits on a pipe. One runs a run directory at a time.
class ParserCommands {
 public:
  /// Children of `processes` that are labelled as parsers and that this object does not know are
  /// ended; all others are left alone. `env`: what each command gets beside ORCH_RUN_DIR and
  /// ORCH_ATTEMPT.
  ParserCommands(Processes& processes, std::map<std::string, std::string> env,
                 base::Duration deadline);

  /// What the command printed, once it has ended; nothing while it runs. An error when it could not
  /// run, ended with another code than 0, or took too long. A command that was begun for another
  /// attempt or pass saw other files: its answer is thrown away and it is run anew.
  base::Result<std::optional<std::string>> run(const std::string& folder,
                                               const api::RunWanted& wanted, Parsers::Pass pass);

 private:
  struct Running {
    std::string child, output, errors;
    std::int64_t attempt = 0;
    Parsers::Pass pass = Parsers::Pass::live;
    base::Instant until;
    bool killed = false;
  };

  base::Result<Running> start(const std::string& folder, const api::RunWanted& wanted);
  base::Result<std::optional<std::string>> finish(const std::string& folder, const Child& child);
  base::Result<std::optional<Child>> find(const std::string& id);
  base::Status end_strangers(const std::vector<Child>& children);

  Processes& processes_;
  std::map<std::string, std::string> env_;
  base::Duration deadline_;
  std::map<std::string, Running> running_;  // by folder
};

}  // namespace agentd
