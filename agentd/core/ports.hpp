// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/assignment.hpp"
#include "api/report.hpp"
#include "api/sample.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the agent's core asks of the machine. Each port has a real implementation and one in the
/// simulator. Nothing here blocks for longer than a small file operation or a spawn.
namespace agentd {

/// A child to start. `id` names one life of one purpose ("server-<uid>-<n>",
/// "run-<uid>-<attempt>-<step>"): starting the same id twice has one effect.
struct Launch {
  std::string id;
  std::vector<std::string> command;            // argv, no shell; argv[0] is looked up in PATH
  std::map<std::string, std::string> env;      // the whole environment
  std::map<std::string, std::string> secrets;  // variable -> name of a file in the secrets folder
  std::string workdir;                         // must exist
  std::string output;                          // file that stdout and stderr are appended to
  std::map<std::string, std::string> labels;   // who it is for; comes back in `Child`
  std::string errors;                          // file for stderr alone; empty: `output` takes both
};

/// A child as it is seen now. `unknown`: its record is there and whether it runs cannot be told;
/// that is never taken for absence.
struct Child {
  enum class State : std::uint8_t { intended, running, exited, unknown };
  std::string id;
  State state = State::unknown;
  std::int64_t pid = 0, start_ticks = 0;
  std::optional<int> exit_code;  // exited: 128 + n for a signal; unset where nobody saw it
  // Why it could not be started at all ("not found in PATH"), or what hides its state.
  std::string failure;
  base::Instant started;  // wall clock, for people
  base::Duration age{0};  // since its start, by a clock that nobody sets
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> notes;
};
/// One of the child's labels; empty when it has none of that name.
std::string label(const Child& child, const std::string& key);

/// Children of this machine, each under a shim that outlives the agent. The record of a child
/// (written before it is started, synced) is the journal.
class Processes {
 public:
  virtual ~Processes() = default;
  /// Every record there is. An error is not an empty list.
  virtual base::Result<std::vector<Child>> list() = 0;
  /// Writes the intent, then starts. `conflict` when the id has ended before and was not forgotten.
  virtual base::Status start(const Launch& launch) = 0;
  /// Sends a signal to the child's whole session. Fine when it is gone.
  virtual base::Status signal(const std::string& id, int number) = 0;
  /// Kills whatever is left of the child's tree, after the child itself is gone; true when nothing
  /// is left.
  virtual base::Result<bool> sweep(const std::string& id) = 0;
  /// Adds a note to the record (durable).
  virtual base::Status note(const std::string& id, const std::string& key,
                            const std::string& value) = 0;
  /// Drops the record of a child that has exited (or was never started).
  virtual base::Status forget(const std::string& id) = 0;
};

/// The agent's own durable memory: one small document, replaced atomically and synced.
class Notes {
 public:
  virtual ~Notes() = default;
  /// Empty text when there is none yet.
  virtual base::Result<std::string> load() = 0;
  virtual base::Status save(const std::string& text) = 0;
};

/// Where on loopback. `holder`: who has the port, when it is not ours.
struct PortState {
  bool taken = false;
  std::string holder;                           // "pid 4711 (llama-server)"
  std::int64_t session = 0;                     // session id of the holder, 0: not known
  static constexpr std::int64_t kForeign = -1;  // not known, and yet none of ours
};

/// Questions to a model server, answered later by ticket.
struct ProbeRequest {
  enum class What : std::uint8_t { health, identity, generation };
  What what = What::health;
  std::int64_t port = 0;
  std::string path;        // health: "/health"
  std::string model_name;  // identity, generation
  std::string model_source;
  api::Engine engine = api::Engine::custom;
  std::string prompt;
  std::int64_t max_tokens = 8;
  base::Duration timeout{5'000};
};
struct ProbeAnswer {
  bool good = false;
  std::string why;  // when it is not
  std::map<std::string, std::string> identity;
};

class Prober {
 public:
  virtual ~Prober() = default;
  /// Asks; the answer comes to Agent::probed with this ticket. A later question with the same
  /// ticket replaces the earlier one.
  virtual void ask(const std::string& ticket, const ProbeRequest& request) = 0;
  virtual void drop(const std::string& ticket) = 0;
  virtual base::Result<PortState> port_state(std::int64_t port) = 0;
  /// A port on loopback that nobody has at this moment and that none of `avoid` is.
  virtual base::Result<std::int64_t> free_port(const std::vector<std::int64_t>& avoid) = 0;
};

/// Where a run stands on disk. `next_step`: steps before it have ended.
struct RunRecord {
  std::int64_t attempt = 0;  // the latest attempt that was prepared; 0: none
  std::int64_t next_step = 0;
  bool ended = false;  // the attempt's steps are over
  std::optional<std::int64_t> exit_code;
  std::string reason, message;
  std::int64_t samples_bytes = 0;  // what samples.jsonl had when last looked at
  std::uint64_t samples_inode = 0;
  std::vector<std::string> tasks;  // what the bench's `tasks.command` told, once it has
};

/// Run directories (contract.md): samples.jsonl, progress.json, log, out/, attempts/N/. They are
/// never deleted.
class RunFolders {
 public:
  virtual ~RunFolders() = default;
  /// The run's directory (made when absent) and its record.
  virtual base::Result<RunRecord> open(const std::string& folder) = 0;
  virtual base::Status save(const std::string& folder, const RunRecord& record) = 0;
  /// Every sample in samples.jsonl, in order; a torn last line is left out. `conflict` when the
  /// file shrank or was replaced since `record`.
  virtual base::Result<std::vector<api::Sample>> samples(const std::string& folder,
                                                         const RunRecord& record) = 0;
  /// Appends whole lines and syncs; updates `record`'s view of the file.
  virtual base::Status append(const std::string& folder, const std::vector<api::Sample>& fresh,
                              RunRecord& record) = 0;
  /// Before attempt `next`: copies out/ to attempts/<next - 1>/ (once), then drops error entries
  /// and torn lines from out/ as the harness needs it.
  virtual base::Status prepare(const std::string& folder, const api::RunWanted& wanted,
                               const std::vector<std::string>& scored) = 0;
  /// Something that changes when the harness's files do.
  virtual base::Result<std::string> stamp(const std::string& folder) = 0;
};

/// Files of task ids, one a line.
class TaskFiles {
 public:
  virtual ~TaskFiles() = default;
  /// What a command prints to `path`. `so_far`: it still runs, so a line without an end and an
  /// empty file are fine. `invalid` names what will not get better: an id that is none, one that
  /// comes twice, no id at all, too much of it.
  enum class Look : std::uint8_t { so_far, whole };
  virtual base::Result<std::vector<std::string>> read(const std::string& path, Look look) = 0;
  /// Whole or not at all; `invalid` when one of the ids fits no line.
  virtual base::Status write(const std::string& path, const std::vector<std::string>& ids) = 0;
};

/// What a parser printed, or is still printing.
struct Parsed {
  bool done = false;
  std::vector<api::Sample> samples;
  std::int64_t answered = 0;  // tasks with an answer so far
  std::int64_t total = 0;     // where the harness's files tell
  std::map<std::string, double> metrics;
  std::map<std::string, std::string> fingerprint;
};

/// Parsers, builtin or a command of the bench.
class Parsers {
 public:
  virtual ~Parsers() = default;
  /// Parses the run's output; `final` after the attempt ended. A command runs beside: `done` is
  /// false until it has printed everything, so ask again with the same arguments.
  enum class Pass : std::uint8_t { live, final };
  virtual base::Result<Parsed> parse(const std::string& folder, const api::RunWanted& wanted,
                                     Pass pass) = 0;
};

}  // namespace agentd
