// SPDX-License-Identifier: Apache-2.0
#include "controller/server/upkeep.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"

namespace controller {
namespace {

constexpr base::Duration kTrimEvery{60'000};
// Between two steps of one trimming: the disk is for the rounds.
constexpr base::Duration kBreath{50};

}  // namespace

void Upkeep::start() {
  if (trim_) trim_later(base::Duration{1'000});
}

void Upkeep::trim_later(base::Duration wait) {
  trim_timer_ = loop_.after(wait, [this] {
    rounds_.store().run([this](Store&) -> StoreThread::After {
      auto done = trim_(base::wall_now());
      return [this, done = std::move(done)] { trimmed(done); };
    });
  });
}

void Upkeep::trimmed(const StoreCare::Trimmed& done) {
  if (done.error && done.error->fatal) {
    base::log::error("store.failed", {{"why", done.error->error.message}});
    if (rounds_.on_hopeless) rounds_.on_hopeless(done.error->error);
    return;
  }
  if (done.error) base::log::warn("store.not_trimmed", {{"why", done.error->error.message}});
  trim_later(done.rest == StoreCare::Rest::more ? kBreath : kTrimEvery);
}

}  // namespace controller
