// SPDX-License-Identifier: Apache-2.0
#include "controller/server/rounds.hpp"

#include "base/clock.hpp"
#include "base/hooks.hpp"
#include "base/log.hpp"

#include <algorithm>

namespace controller {
namespace {

constexpr base::Duration kRest{2'000};   // without a round, before the store tidies up
constexpr base::Duration kProbe{5'000};  // between two looks whether a full disk has room again

}  // namespace

base::Moment moment() {
  return {base::steady_now(), base::wall_now()};
}

Rounds::Rounds(wire::Loop& loop, Core& core, StoreThread& store, Idle idle)
    : loop_(loop), core_(core), store_(store), idle_(std::move(idle)) {}

Ticket Rounds::expect(std::function<void(Answer)> done) {
  waiting_[++last_ticket_] = std::move(done);
  pump_soon();
  return last_ticket_;
}

void Rounds::write(WriteRequest request, std::function<void(WriteAnswer)> done) {
  const auto ticket = expect([done = std::move(done)](Answer answer) {
    if (auto* lost = std::get_if<NotStored>(&answer.what)) return done(std::move(lost->rejection));
    done(std::move(std::get<WriteOutcome>(answer.what)));
  });
  core_.write(ticket, std::move(request));
}

void Rounds::report(const std::string& machine, api::Report report,
                    std::map<std::string, std::string> labels,
                    std::function<void(ReportAnswer)> done) {
  const auto ticket = expect([done = std::move(done)](Answer answer) {
    if (auto* lost = std::get_if<NotStored>(&answer.what))
      return done(ReportAnswer{std::move(lost->rejection), 0});
    done(std::move(std::get<ReportAnswer>(answer.what)));
  });
  core_.report(ticket, machine, std::move(report), std::move(labels));
}

void Rounds::samples(const std::string& machine, const std::string& uid,
                     std::vector<api::Sample> samples,
                     std::function<void(std::optional<Rejection>)> done) {
  const auto ticket = expect([done = std::move(done)](Answer answer) {
    if (auto* lost = std::get_if<NotStored>(&answer.what)) return done(std::move(lost->rejection));
    done(std::move(std::get<SamplesAnswer>(answer.what).rejection));
  });
  core_.samples(ticket, machine, uid, std::move(samples));
}

void Rounds::stop(std::function<void()> settled) {
  mode_ = Mode::stopping;
  due_.cancel();
  rest_.cancel();
  settled_ = std::move(settled);
  if (!core_.is_committing()) settle();
}

/// What was not begun is answered too: its askers may try again elsewhere or later.
void Rounds::settle() {
  hand_out();
  for (auto& [ticket, done] : std::exchange(waiting_, {}))
    done({ticket, NotStored{unavailable(503, "ServiceUnavailable",
                                        "the controller is stopping: nothing was done")}});
  settled_();
}

// What arrives in one turn of the loop shares one round.
void Rounds::pump_soon() {
  if (pump_ == Pump::posted) return;
  pump_ = Pump::posted;
  loop_.post([this] {
    pump_ = Pump::still;
    pump();
  });
}

void Rounds::pump() {
  if (core_.is_committing() || mode_ == Mode::stopping) return;
  rest_.cancel();
  auto round = core_.begin(moment());
  hand_out();
  if (round) return send(std::move(*round));
  arm();
  rest();
}

void Rounds::send(Round round) {
  store_.run([this, round = std::move(round)](Store& store) -> StoreThread::After {
    auto error = store.commit(round);
    return [this, error = std::move(error)] { came_back(error); };
  });
}

void Rounds::came_back(const std::optional<CommitError>& error) {
  if (error && error->fatal) {
    base::log::error("store.failed", {{"why", error->error.message}});
    if (on_hopeless) on_hopeless(error->error);
    return;
  }
  if (error && !trouble_) base::log::error("store.full", {{"why", error->error.message}});
  if (!error && trouble_) base::log::info("store.writes_again");
  trouble_ = error ? std::optional(error->error) : std::nullopt;
  if (trouble_) probe_ = loop_.after(kProbe, [this] { probe(); });
  core_.committed(error, moment());
  if (!error && on_durable) on_durable();
  hand_out();
  if (mode_ == Mode::stopping) return settle();
  pump();
}

void Rounds::hand_out() {
  ORCH_FAILPOINT("controller.answers.before");
  for (auto& answer : core_.take_answers()) {
    const auto who = waiting_.find(answer.ticket);
    if (who == waiting_.end()) continue;
    const auto done = std::move(who->second);
    waiting_.erase(who);
    done(std::move(answer));
    ORCH_FAILPOINT("controller.answers.half");
  }
}

void Rounds::arm() {
  due_.cancel();
  const auto next = core_.next_due();
  if (!next) return;
  const auto wait = std::max(base::Duration{1}, *next - base::steady_now());
  due_ = loop_.after(wait, [this] { pump(); });
}

void Rounds::rest() {
  if (!idle_) return;
  rest_ = loop_.after(kRest, [this] {
    store_.run([this](Store&) -> StoreThread::After {
      auto error = idle_();
      if (!error) return nullptr;
      return [this, error] {
        if (!error->fatal)
          return base::log::warn("store.not_folded", {{"why", error->error.message}});
        base::log::error("store.failed", {{"why", error->error.message}});
        if (on_hopeless) on_hopeless(error->error);
      };
    });
  });
}

/// An empty round finds out whether the store can be written again, without anybody's wish at
/// stake. No round is on its way when it is queued, so none overtakes it.
void Rounds::probe() {
  if (!trouble_ || mode_ == Mode::stopping) return;
  probe_ = loop_.after(kProbe, [this] { probe(); });
  if (core_.is_committing()) return;
  Round empty;
  empty.revision = core_.durable().revision;
  store_.run([this, empty](Store& store) -> StoreThread::After {
    auto error = store.commit(empty);
    return [this, error = std::move(error)] {
      if (error && error->fatal && on_hopeless) return on_hopeless(error->error);
      if (error || !trouble_) return;
      base::log::info("store.writes_again");
      trouble_.reset();
      pump();
    };
  });
}

}  // namespace controller
