// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/server/call.hpp"
#include "controller/server/rounds.hpp"

#include <functional>
#include <optional>

namespace controller {

/// A snapshot in the making. `step` is the store's thread's, `finish` that of any other; `give_up`
/// makes `finish` end soon.
struct Snapshot {
  enum class Rest : std::uint8_t { none, more };
  std::function<base::Result<Rest>()> step;
  std::function<base::Status()> finish;
  std::function<void()> give_up;
};

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
  std::function<base::Result<Snapshot>(const std::string& file)> begin_snapshot;
};

/// What the program's other calls ask of a controller that runs, through its unix socket.
class Admin {
 public:
  Admin(wire::Loop& loop, Rounds& rounds, const StoreCare& care)
      : rounds_(rounds), check_(care.check), begin_(care.begin_snapshot), aside_(loop) {}

  /// `POST /admin/v1/snapshot` with {file}: in steps, with rounds between them. One at a time.
  void snapshot(const CallPtr& call);
  /// `POST /admin/v1/check`
  void check(const CallPtr& call);
  /// A snapshot that is not finished must not hold up the end.
  void close_all();

 private:
  void step(const CallPtr& call);
  void finish(const CallPtr& call);
  void answer(const CallPtr& call, const base::Status& done);

  Rounds& rounds_;
  std::function<base::Status()> check_;
  std::function<base::Result<Snapshot>(const std::string&)> begin_;
  enum class State : std::uint8_t { free, copying } state_ = State::free;
  std::shared_ptr<Snapshot> snapshot_;
  WorkThread aside_;  // for what touches neither the store nor us
};

/// An error of ours as a Status, and back in `orch-controller`'s own client: the code is kept in
/// `reason`.
Rejection rejection_of(const base::Error& error);
base::Error error_of(const api::Json& status);

}  // namespace controller
