// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/server/admin.hpp"
#include "controller/server/log_sweep.hpp"
#include "controller/server/nightly.hpp"
#include "controller/server/rounds.hpp"
#include "wire/loop.hpp"

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace controller {

/// What a controller does from time to time: it tidies up the change log and the logs of objects
/// that are gone, and makes a snapshot every night. In steps that are short, each its own turn of
/// the store's thread, so that no round waits for longer than one.
class Upkeep {
 public:
  using Trim = std::function<StoreCare::Trimmed(base::Instant)>;
  /// `trim` may be empty; `logs` is their folder.
  Upkeep(wire::Loop& loop, Rounds& rounds, Snapshots& snapshots, Trim trim, std::string logs,
         NightlySettings nightly)
      : loop_(loop),
        rounds_(rounds),
        snapshots_(snapshots),
        trim_(std::move(trim)),
        logs_(std::move(logs)),
        nightly_(std::move(nightly)) {}
  void start();

 private:
  void trim_later(base::Duration wait);
  void trimmed(const StoreCare::Trimmed& done);
  void sweep_later(base::Duration wait);
  void judge(std::vector<LogLife> lives);
  void tend_next();
  void look_at_night(base::Duration wait);
  void keep_night(const base::Result<NightlyPlan>& plan);

  wire::Loop& loop_;
  Rounds& rounds_;
  Snapshots& snapshots_;
  Trim trim_;
  std::string logs_;
  NightlySettings nightly_;
  wire::Loop::Timer trim_timer_, sweep_timer_, night_timer_;
  std::deque<std::pair<LogLife, InStore>> to_tend_;
};

}  // namespace controller
