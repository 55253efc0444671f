// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/ports.hpp"
#include "agentd/process/tree.hpp"
#include "base/result.hpp"

#include <map>
#include <optional>
#include <string>

/// The files of a child's record, `<data-dir>/children/<id>/`: each is written once, atomically and
/// synced, by the one that the comment names.
namespace agentd {

/// launch.json, by the agent before anything is started. Secrets are in it by name only.
struct Intent {
  Launch launch;
  std::string cookie;  // what the processes of this child are known by
  base::Instant at;
};

/// child.json, by the shim before the child may execute anything.
struct Started {
  Identity child, shim;
  std::string boot_id, cookie;
  base::Instant at;
};

/// exit.json, by the shim. Exactly one of the three is set.
struct Ended {
  std::optional<int> code, signal;
  std::string failure;  // why the child could not be started at all
  base::Instant at;
};

using ChildNotes = std::map<std::string, std::string>;  // notes.json, by the agent

base::Status write_intent(const std::string& folder, const Intent& intent);
base::Status write_started(const std::string& folder, const Started& started);
base::Status write_ended(const std::string& folder, const Ended& ended);
base::Status write_notes(const std::string& folder, const ChildNotes& notes);

/// `not_found` when the file is absent, `invalid` when it is not what was written.
base::Result<Intent> read_intent(const std::string& folder);
base::Result<Started> read_started(const std::string& folder);
base::Result<Ended> read_ended(const std::string& folder);
/// Empty when there are none.
base::Result<ChildNotes> read_notes(const std::string& folder);

/// A record's id is a file name: letters, digits, ".", "_" and "-", no "." in front.
bool is_record_id(const std::string& id);

}  // namespace agentd
