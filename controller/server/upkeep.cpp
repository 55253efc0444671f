// SPDX-License-Identifier: Apache-2.0
#include "controller/server/upkeep.hpp"

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace controller {
namespace {

constexpr base::Duration kFirst{1'000};  // after the start, which has enough to do
constexpr base::Duration kSweepEvery{3'600'000};
constexpr base::Duration kTrimEvery{60'000};
// Between two steps of one trimming: the disk is for the rounds.
constexpr base::Duration kBreath{50};
// The wall clock may jump, so the night is looked for and not waited for.
constexpr base::Duration kNightEvery{60'000};
constexpr base::Duration kNightAgain{600'000};  // after a snapshot that failed

/// What is due in the folder; what is too much there is gone afterwards.
base::Result<NightlyPlan> tend_night(const NightlySettings& settings, base::Instant wall) {
  const auto names = base::list_folder(settings.folder);
  if (!names) return names.error();
  auto plan = plan_nightly(*names, settings.keep, wall);
  for (const auto& name : plan.remove) {
    const auto path = settings.folder + "/" + name;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
      return base::internal("remove " + base::quoted(path) + ": " + std::strerror(errno));
  }
  return plan;
}

}  // namespace

void Upkeep::start() {
  if (trim_) trim_later(kFirst);
  sweep_later(kFirst);
  if (!nightly_.folder.empty()) look_at_night(kFirst);
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

void Upkeep::sweep_later(base::Duration wait) {
  sweep_timer_ = loop_.after(wait, [this] {
    rounds_.store().run([this](Store&) -> StoreThread::After {
      auto lives = list_log_lives(logs_);
      return [this, lives = std::move(lives)] {
        if (lives) return judge(*lives);
        base::log::warn("logs.not_swept", {{"why", lives.error().message}});
        sweep_later(kSweepEvery);
      };
    });
  });
}

/// The durable picture is newer than the list, and whoever has logs was stored before them: what it
/// does not hold by this uid is gone for good.
void Upkeep::judge(std::vector<LogLife> lives) {
  for (auto& life : lives) {
    const auto* record = rounds_.durable().find(life.kind(), life.name());
    const bool there = record != nullptr && record->uid == life.uid;
    if (there && life.mark == LogLife::Mark::none) continue;
    to_tend_.emplace_back(std::move(life), there ? InStore::present : InStore::absent);
  }
  tend_next();
}

void Upkeep::tend_next() {
  if (to_tend_.empty()) return sweep_later(kSweepEvery);
  auto [life, in_store] = std::move(to_tend_.front());
  to_tend_.pop_front();
  rounds_.store().run([this, life = std::move(life), in_store](Store&) -> StoreThread::After {
    auto done = tend_log_life(logs_, life, in_store, base::wall_now());
    return [this, stream = life.stream, done = std::move(done)] {
      if (!done)
        base::log::warn("logs.not_removed", {{"stream", stream}, {"why", done.error().message}});
      tend_next();
    };
  });
}

void Upkeep::look_at_night(base::Duration wait) {
  night_timer_ = loop_.after(wait, [this] {
    rounds_.store().run([this](Store&) -> StoreThread::After {
      auto plan = tend_night(nightly_, base::wall_now());
      return [this, plan = std::move(plan)] { keep_night(plan); };
    });
  });
}

void Upkeep::keep_night(const base::Result<NightlyPlan>& plan) {
  const auto failed = [this](const base::Error& error) {
    base::log::error("store.no_snapshot", {{"why", error.message}});
    look_at_night(kNightAgain);
  };
  if (!plan) return failed(plan.error());
  for (const auto& name : plan->remove)
    base::log::info("store.snapshot_removed", {{"file", nightly_.folder + "/" + name}});
  if (!plan->make) return look_at_night(kNightEvery);
  const auto file = nightly_.folder + "/" + *plan->make;
  snapshots_.make(file, [this, file, failed](const base::Status& done) {
    if (!done) return failed(done.error());
    base::log::info("store.snapshot_kept", {{"file", file}});
    look_at_night(kBreath);  // now the oldest may go
  });
}

}  // namespace controller
