// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/ports.hpp"
#include "base/dice.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/stage.hpp"
#include "tests/sim/storm.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sim {

/// The agent was killed inside a port call. Nothing of the product catches it.
struct AgentKilled {};

/// A process that truly runs: the product sees it only through the ports.
struct Process {
  std::string id;  // of the child record that started it
  agentd::Launch launch;
  std::int64_t pid = 0;
  std::int64_t port = 0;
  base::Instant listens_at, healthy_at;
  bool ignores_term = false, wrong_model = false;
};

/// What the agent's disk holds about a child.
struct ChildRecord {
  agentd::Launch launch;
  enum class State { intended, running, exited } state = State::intended;
  bool shim_on_its_way = false;
  std::int64_t pid = 0;
  std::string boot;
  std::optional<int> exit_code;
  base::Instant started;  // wall
  base::Instant began;    // steady
  std::map<std::string, std::string> notes;
};

/// One line of a harness's result file.
struct Entry {
  std::string task;
  api::Outcome outcome = api::Outcome::error;
};

struct Folder {
  agentd::RunRecord record;
  std::vector<api::Sample> samples;  // samples.jsonl
  std::vector<Entry> out;            // the harness's own files
  std::int64_t archived = 0;         // attempts/N that exist
};

/// What truly happened, for the checkers. The product never sees it.
struct Ghost {
  struct Execution {
    std::string uid, task;
    std::int64_t attempt = 0;
    bool after_ack = false;  // the store had acknowledged a scored sample of it
  };
  std::vector<Execution> executions;
  std::map<std::string, std::set<std::string>>
      acked;                            // scored tasks acknowledged to agents, by uid
  std::vector<std::string> violations;  // found where they happened: "S6 ..."
};

/// One machine: its disk, its processes, its ports, and the dice of what goes wrong there.
class Host {
 public:
  Host(std::string name, Stage& stage, Faults& faults, base::Dice dice, Ghost& ghost);

  const std::string& name() const { return name_; }
  void set_storm(const Storm& storm) { storm_ = &storm; }
  const std::string& boot() const { return boot_; }
  /// The agent dies at its n-th durable step from the beginning of the world, before or after it.
  void die_at(std::int64_t step, bool after) { die_at_ = step, die_after_ = after; }
  std::int64_t steps() const { return steps_; }
  /// The next looks at the children fail.
  void hide_children(int looks) { hidden_looks_ = looks; }
  base::Moment moment() const { return stage_.moment(skew_); }
  void set_clock(base::Duration skew) { skew_ = skew; }
  void reboot();
  void kill_some(const std::string& kind);
  /// A process of another user, which nobody here can see, listens on the port.
  void hold_port(std::int64_t port) { held_ports_.insert(port); }
  const std::map<std::int64_t, Process>& processes() const { return processes_; }
  std::map<std::string, Folder>& folders() { return folders_; }
  /// An answer to a probe, or the end of a child: the agent should step.
  std::function<void()> on_change;
  std::function<void(const std::string&, const agentd::ProbeAnswer&)> on_probe;

  agentd::Processes& processes_port();
  agentd::Notes& notes_port();
  agentd::Prober& prober_port();
  agentd::RunFolders& folders_port();
  agentd::Parsers& parsers_port();
  agentd::TaskFiles& tasks_port();

 private:
  friend class HostProcesses;
  friend class HostNotes;
  friend class HostProber;
  friend class HostFolders;
  friend class HostParsers;
  friend class HostTaskFiles;
  enum class Fault { none, fails };
  /// A durable step begins, and is done: the same as an occasion, and counted.
  Fault effect();
  void effect_done();
  /// Each port call passes here: the agent may be killed, or the call may fail.
  Fault occasion();
  void kill_point();
  bool strikes(std::int64_t one_in, const char* what);
  void spawn(const std::string& id);
  void check_launch(const Process& p);
  void end(std::int64_t pid, int code);
  void work(std::int64_t pid);
  void print_tasks(const Process& p);
  const Process* on_port(std::int64_t port) const;

  std::string name_;
  Stage& stage_;
  Faults& faults_;
  base::Dice dice_;
  Ghost& ghost_;
  base::Duration skew_{0};
  const Storm* storm_ = &kCalm;
  std::string boot_;
  std::int64_t boots_ = 0, next_pid_ = 100, next_port_ = 0;
  std::map<std::int64_t, Process> processes_;
  std::map<std::string, ChildRecord> records_;
  std::map<std::string, Folder> folders_;
  std::map<std::string, std::vector<std::string>> lists_;  // files of task ids, by path
  std::string notes_;
  std::set<std::string> asked_;
  std::int64_t steps_ = 0, die_at_ = 0;
  bool die_after_ = false;
  int hidden_looks_ = 0;
  std::set<std::int64_t> held_ports_;
  std::vector<std::shared_ptr<void>> ports_;
};

}  // namespace sim
