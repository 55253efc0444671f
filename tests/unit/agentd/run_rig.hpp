// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/agent.hpp"
#include "agentd/harness/parsers.hpp"
#include "agentd/harness/run_folders.hpp"
#include "agentd/harness/task_files.hpp"
#include "agentd/process/notes.hpp"
#include "tests/unit/agentd/process_bench.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace agentd::tests {

/// The whole agent on real processes and files; the test is its controller.
class RunRig {
 public:
  RunRig();
  /// The next life of the agent, which knows what is on disk and nothing else.
  void restart();

  /// Attempt `attempt` of a bench of one shell step whose parser reads out/samples.jsonl.
  static api::RunWanted run(std::int64_t attempt, const std::string& script);
  void assign(const api::RunWanted& wanted);

  /// Steps until `holds` of what is reported, acknowledging every sample.
  bool until(const std::function<bool(const api::RunSeen&)>& holds);
  /// How the attempt ended: "Finished", "Stuck", or how far it came.
  std::string ended();
  api::RunSeen seen();
  api::Report report();
  const std::string& sent() const { return sent_; }

  /// A file of the run directory.
  std::string run_dir() const { return bench.folder.at("runs/r-run-uid-"); }
  std::string get(const std::string& name) const {
    return bench.folder.get("runs/r-run-uid-/" + name);
  }
  void put(const std::string& name, const std::string& text) const {
    bench.folder.put("runs/r-run-uid-/" + name, text);
  }

  Bench bench;

 private:
  struct Doors {
    explicit Doors(Bench& bench);
    ShimProcesses processes;
    FileNotes notes;
    FileRunFolders folders;
    HarnessParsers parsers;
    FileTaskFiles tasks;
  };
  std::unique_ptr<Doors> doors_;
  std::optional<Agent> agent_;
  std::string sent_;  // "a pass; b error; ", in the order of sending
  std::int64_t revision_ = 0;
};

}  // namespace agentd::tests
