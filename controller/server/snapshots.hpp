// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/server/rounds.hpp"

#include <functional>
#include <memory>
#include <string>

namespace controller {

/// A snapshot in the making. `step` is the store's thread's, `finish` that of any other; `give_up`
/// makes `finish` end soon.
struct Snapshot {
  enum class Rest : std::uint8_t { none, more };
  std::function<base::Result<Rest>()> step;
  std::function<base::Status()> finish;
  std::function<void()> give_up;
};

/// Makes copies of the store while it works, in steps with rounds between them, one at a time.
class Snapshots {
 public:
  using Begin = std::function<base::Result<Snapshot>(const std::string& file)>;
  using Done = std::function<void(const base::Status&)>;
  Snapshots(wire::Loop& loop, Rounds& rounds, Begin begin)
      : rounds_(rounds), begin_(std::move(begin)), aside_(loop) {}

  /// `unavailable` while another one is being made. `file` exists when `done` is told so, whole and
  /// checked.
  void make(const std::string& file, Done done);
  /// A snapshot that is not finished must not hold up the end.
  void give_up();

 private:
  void step(Done done);
  void finish(Done done);

  Rounds& rounds_;
  Begin begin_;
  enum class State : std::uint8_t { free, copying } state_ = State::free;
  std::shared_ptr<Snapshot> snapshot_;
  WorkThread aside_;  // for what touches neither the store nor us
};

}  // namespace controller
