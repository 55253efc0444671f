// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"
#include "controller/data_dir.hpp"

#include <optional>
#include <string>

namespace controller {

/// Either the store is ours (`lock`), or a controller runs that answers on its socket.
struct Turn {
  std::optional<base::FileLock> lock;
  std::string holder;  // who has it, when it is not ours
  Outcome failure;
};
/// Waits a few seconds for a controller that is just starting or ending.
Turn take_turn(const DataDir& dir);

/// POSTs to the controller that runs on this data directory.
base::Result<api::Json> ask_running(const DataDir& dir, const std::string& target,
                                    const api::Json& body);

}  // namespace controller
