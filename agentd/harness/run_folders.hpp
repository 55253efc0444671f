// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/ports.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace agentd {

/// Tasks of a run by how they stand: what counts is a task's first scored sample.
struct RunCounts {
  std::int64_t passed = 0, failed = 0, errored = 0;
  bool operator==(const RunCounts&) const = default;
};
RunCounts count_tasks(const std::vector<api::Sample>& samples);

/// Run directories on disk. The system's own files in one are `samples.jsonl`, `progress.json`,
/// `attempts/` and `.orch/`: `record.json`, and `scored.txt` with an id a line for launchers whose
/// harness must be told what not to run again.
class FileRunFolders : public RunFolders {
 public:
  base::Result<RunRecord> open(const std::string& folder) override;
  /// Writes progress.json beside the record, when anything in it changed.
  base::Status save(const std::string& folder, const RunRecord& record) override;
  base::Result<std::vector<api::Sample>> samples(const std::string& folder,
                                                 const RunRecord& record) override;
  base::Status append(const std::string& folder, const std::vector<api::Sample>& fresh,
                      RunRecord& record) override;
  base::Status prepare(const std::string& folder, const api::RunWanted& wanted,
                       const std::vector<std::string>& scored) override;
  base::Result<std::string> stamp(const std::string& folder) override;

  /// progress.json (schema 1); its revision never goes back.
  base::Status write_progress(const std::string& folder, const RunRecord& record,
                              const RunCounts& counts);

 private:
  enum class Standing : std::uint8_t { passed, failed, errored };
  using Standings = std::map<std::string, Standing>;

  friend RunCounts count_tasks(const std::vector<api::Sample>& samples);
  static void stand(Standings& standings, const api::Sample& sample);
  static RunCounts counts_of(const Standings& standings);

  std::map<std::string, Standings> standings_;         // by folder, once its samples were read
  std::map<std::string, std::string> progress_texts_;  // last written, without time and revision
};

}  // namespace agentd
