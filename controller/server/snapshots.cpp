// SPDX-License-Identifier: Apache-2.0
#include "controller/server/snapshots.hpp"

namespace controller {

void Snapshots::make(const std::string& file, Done done) {
  if (state_ == State::copying)
    return done(base::unavailable("another snapshot is being made: try again later"));
  state_ = State::copying;
  rounds_.store().run([this, file, done = std::move(done)](Store&) -> StoreThread::After {
    auto begun = begin_(file);
    return [this, done, begun = std::move(begun)] {
      if (!begun) {
        state_ = State::free;
        return done(begun.error());
      }
      snapshot_ = std::make_shared<Snapshot>(*begun);
      step(done);
    };
  });
}

/// What waits for the store's thread gets its turn after each step.
void Snapshots::step(Done done) {
  rounds_.store().run(
      [this, done = std::move(done), snapshot = snapshot_](Store&) -> StoreThread::After {
        auto rest = snapshot->step();
        return [this, done, rest = std::move(rest)] {
          if (rest && *rest == Snapshot::Rest::more) return step(done);
          if (rest) return finish(done);
          state_ = State::free;
          snapshot_.reset();
          done(rest.error());
        };
      });
}

void Snapshots::finish(Done done) {
  aside_.run([this, done = std::move(done), snapshot = snapshot_]() -> WorkThread::After {
    auto made = snapshot->finish();
    return [this, done, made = std::move(made)] {
      state_ = State::free;
      snapshot_.reset();
      done(made);
    };
  });
}

void Snapshots::give_up() {
  if (snapshot_) snapshot_->give_up();
}

}  // namespace controller
