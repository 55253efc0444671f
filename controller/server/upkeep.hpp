// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/server/admin.hpp"
#include "controller/server/rounds.hpp"
#include "wire/loop.hpp"

namespace controller {

/// What a controller tidies up from time to time: the change log. In steps that are short, each its
/// own turn of the store's thread, so that no round waits for longer than one.
class Upkeep {
 public:
  using Trim = std::function<StoreCare::Trimmed(base::Instant)>;
  /// `trim` may be empty.
  Upkeep(wire::Loop& loop, Rounds& rounds, Trim trim)
      : loop_(loop), rounds_(rounds), trim_(std::move(trim)) {}
  void start();

 private:
  void trim_later(base::Duration wait);
  void trimmed(const StoreCare::Trimmed& done);

  wire::Loop& loop_;
  Rounds& rounds_;
  Trim trim_;
  wire::Loop::Timer trim_timer_;
};

}  // namespace controller
