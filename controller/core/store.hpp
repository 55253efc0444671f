// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/object.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace controller {

/// An object as it is stored: canonical JSON after defaulting. (kind, name) is unique; `revision`
/// is the store's revision of its last change.
struct Row {
  std::string kind, name, uid;
  std::int64_t revision = 0;
  std::string bytes;
  bool operator==(const Row&) const = default;
};

/// One line of the change log; it has no body.
struct ChangeRow {
  std::int64_t revision = 0;
  base::Instant at;  // wall clock
  std::string who;   // "admin", "machine/box1", "orch" (the controller itself)
  std::string verb;  // create | update | status | delete
  std::string kind, name;
  std::string because;
  bool operator==(const ChangeRow&) const = default;
};

/// One sample of a run. The same (run, task, attempt, scored) twice is one row; the first stays.
struct SampleRow {
  std::string run;  // uid
  std::string task;
  std::int64_t attempt = 0;
  bool scored = false;
  std::string bytes;  // canonical JSON of the Sample
  bool operator==(const SampleRow&) const = default;
};

/// One transaction: all of it or nothing.
struct Round {
  std::vector<Row> puts;  // inserted or replaced by (kind, name)
  std::vector<std::pair<std::string, std::string>> removals;  // (kind, name)
  std::vector<ChangeRow> changes;
  std::vector<SampleRow> samples;
  std::int64_t revision = 0;  // the store's revision after this round
  bool empty() const {
    return puts.empty() && removals.empty() && changes.empty() && samples.empty();
  }
};

/// Everything a controller starts from.
struct Loaded {
  std::string cluster;  // its id
  api::Term term;       // of this start; made durable before `load` returns
  std::int64_t revision = 0;
  std::vector<Row> rows;
};

/// A commit that failed: `fatal` means that the disk or the file can't be trusted any more and the
/// process must end (exit 74); else nothing was changed and a later round may succeed.
struct CommitError {
  base::Error error;
  bool fatal = false;
};

/// Where the truth is kept: SQLite today. Five functions, called by one thread at a time.
class Store {
 public:
  virtual ~Store() = default;
  /// Raises and stores the term's `start`, then reads everything.
  virtual base::Result<Loaded> load() = 0;
  /// Durable when it returns without an error.
  virtual std::optional<CommitError> commit(const Round& round) = 0;  // nothing: committed
  /// The change log after `revision`, at most `limit` lines, oldest first.
  virtual base::Result<std::vector<ChangeRow>> changes(std::int64_t revision,
                                                       std::size_t limit) = 0;
  /// The samples of a run (uid), in the order in which they were stored; all runs when empty.
  virtual base::Result<std::vector<SampleRow>> samples(const std::string& run) = 0;
  /// A consistent copy with the views machine, model, bench and job, checked before it gets its
  /// name.
  virtual base::Status snapshot(const std::string& file) = 0;
};

}  // namespace controller
