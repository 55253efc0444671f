// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/ports.hpp"

#include <map>
#include <string>

namespace agentd {

/// The doors to the machine, real or simulated. They outlive the agent.
struct Ports {
  Processes& processes;
  Notes& notes;
  Prober& prober;
  RunFolders& folders;
  Parsers& parsers;
  TaskFiles& tasks;
};

/// What an agent is told at its start.
struct Settings {
  std::string machine, cluster, version;
  std::string agent_id;  // of this start
  std::string boot_id;
  std::string runs_folder, logs_folder;
  std::map<std::string, std::string> base_env;  // PATH HOME LANG TZ TMPDIR
};

/// Restart and retry back-off (contract.md): the first at once, then 1 s, doubling to 5 min.
base::Duration restart_delay(int failures);

/// What a report says in a program's or harness's own words: one line that every terminal, table
/// and JSON bears, and not too long.
std::string shown(const std::string& message);

/// The life of a child that is being ended: signal, grace, kill of the whole tree, and the proof.
class Ending {
 public:
  /// Goes one step on; true once nothing of the child is left.
  bool step(const Child& child, const std::string& signal, base::Duration grace, Ports& ports,
            base::Moment now);
  bool begun() const { return begun_.has_value(); }
  /// It survived being killed: a driver hang. Nothing may be started in its place.
  bool stuck() const { return stuck_; }
  void reset() { *this = Ending(); }

 private:
  std::optional<base::Instant> begun_, killed_;
  bool stuck_ = false;
};

}  // namespace agentd
