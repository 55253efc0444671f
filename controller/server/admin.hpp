// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/server/call.hpp"
#include "controller/server/rounds.hpp"
#include "controller/server/snapshots.hpp"

#include <functional>
#include <optional>

namespace controller {

/// What a store can do beyond its port, on the store's thread; may be empty.
struct StoreCare {
  Rounds::Idle idle;
  std::function<base::Status()> check;
  /// The revision after which the change log is whole.
  std::function<std::int64_t()> changes_floor;
  /// Removes some of what the change log has too much.
  enum class Rest : std::uint8_t { none, more };
  struct Trimmed {
    Rest rest = Rest::none;
    std::optional<CommitError> error;
  };
  std::function<Trimmed(base::Instant)> trim_changes;
  Snapshots::Begin begin_snapshot;
};

/// What the program's other calls ask of a controller that runs, through its unix socket.
class Admin {
 public:
  Admin(Rounds& rounds, Snapshots& snapshots, std::function<base::Status()> check)
      : rounds_(rounds), snapshots_(snapshots), check_(std::move(check)) {}

  /// `POST /admin/v1/snapshot` with {file}
  void snapshot(const CallPtr& call);
  /// `POST /admin/v1/check`
  void check(const CallPtr& call);

 private:
  void answer(const CallPtr& call, const base::Status& done);

  Rounds& rounds_;
  Snapshots& snapshots_;
  std::function<base::Status()> check_;
};

/// An error of ours as a Status, and back in `orch-controller`'s own client: the code is kept in
/// `reason`.
Rejection rejection_of(const base::Error& error);
base::Error error_of(const api::Json& status);

}  // namespace controller
