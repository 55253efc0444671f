// SPDX-License-Identifier: Apache-2.0
#include "controller/core/core.hpp"

#include "base/check.hpp"
#include "base/hooks.hpp"
#include "base/limits.hpp"
#include "controller/core/plans.hpp"
#include "reconcilers/assignment.hpp"
#include "reconcilers/bench_run.hpp"
#include "reconcilers/machine.hpp"
#include "reconcilers/model_deployment.hpp"
#include "reconcilers/scheduling/placement.hpp"

#include <algorithm>
#include <set>

namespace controller {
namespace {

constexpr std::string_view kPlacement = "placement";
constexpr std::string_view kPulse = "pulse";     // the loop's own beat: so a long pause is a sleep
constexpr base::Duration kPlacementPause{50};    // a burst of changes is one decision
constexpr base::Duration kPlacementLook{2'000};  // while somebody waits
constexpr base::Duration kLookMin{50};           // a decision can't ask to be asked again at once
constexpr base::Duration kProgressPause{1'000};  // a run's progress is written at most so often
constexpr base::Duration kStoreRetry{1'000};     // after a round that could not be stored
constexpr int kDecisionsMax = 5'000;             // in one round; what is left comes with the next

std::string key_of(std::string_view kind, const std::string& name) {
  return std::string(kind) + "/" + name;
}

bool somebody_waits(const reconcilers::World& world) {
  for (const auto& [name, run] : world.runs)
    if (!api::is_finished(run->status.phase) && !api::is_bound(run->status.phase)) return true;
  for (const auto& [name, d] : world.deployments)
    if (reconcilers::is_wanted(*d) && reconcilers::claim_of(world, *d) == nullptr) return true;
  for (const auto& [name, c] : world.claims)
    if (c->spec.released) return true;
  return false;
}

}  // namespace

Core::Core(const Loaded& loaded, const std::vector<SampleRow>& samples, reconcilers::Policy policy,
           Uids& uids, base::Moment now)
    : policy_(policy), uids_(uids), last_begin_(now.steady) {
  durable_.world.cluster = loaded.cluster;
  durable_.world.term = loaded.term;
  for (const auto& row : loaded.rows)
    durable_.put(row);
  durable_.move_to(loaded.revision);
  ring_floor_ = loaded.revision;
  for (const auto& row : samples) {
    const auto body = api::parse_json(row.bytes);
    if (body) book_.add(row, *body, durable_.world);
  }
  // Every machine's silence counts from this start: those that an agent joined as, and those that
  // hold something, whether or not their objects are still there.
  const auto& world = durable_.world;
  for (const auto& [name, machine] : world.machines)
    if (!machine->status.boot_id.empty()) contacts_[name] = {now.steady, std::nullopt};
  for (const auto& [name, claim] : world.claims)
    contacts_[name] = {now.steady, std::nullopt};
  for (const auto& [name, run] : world.runs)
    if (api::is_bound(run->status.phase))
      contacts_[run->status.machine] = {now.steady, std::nullopt};
  durable_.world.contacts = contacts_;
  for (const auto& [kind, table] : durable_.records)
    for (const auto& [name, record] : table)
      wake_for(kind, name, now.steady);
  queue_.add(std::string(kPlacement), now.steady);
  queue_.add(std::string(kPulse), now.steady);
}

void Core::write(Ticket ticket, WriteRequest request) {
  pending_.push_back(PendingWrite{ticket, std::move(request)});
}

void Core::report(Ticket ticket, const std::string& machine, api::Report report,
                  std::map<std::string, std::string> labels) {
  pending_.push_back(PendingReport{ticket, machine, std::move(report), std::move(labels)});
}

void Core::samples(Ticket ticket, const std::string& machine, const std::string& uid,
                   std::vector<api::Sample> samples) {
  pending_.push_back(PendingSamples{ticket, machine, uid, std::move(samples)});
}

void Core::joined(const std::string& machine) {
  const auto known = contacts_.find(machine);
  if (known != contacts_.end()) known->second.report.reset();
}

bool Core::has_work(base::Moment now) const {
  if (committing_) return false;
  const auto due = queue_.next_due();
  return !pending_.empty() || (due && *due <= now.steady);
}

std::optional<Round> Core::begin(base::Moment now) {
  if (committing_) return std::nullopt;
  // After a sleep of our own nobody's silence counts: we were the one who did not listen. Awake, we
  // are here at every beat.
  if (now.steady - last_begin_ > 2 * policy_.beat) {
    ORCH_MARK("core.slept");
    for (auto& [name, contact] : contacts_)
      contact.heard = now.steady;
  }
  last_begin_ = now.steady;
  draft_ = Draft(durable_);
  draft_.world().contacts = contacts_;
  for (auto& pending : std::exchange(pending_, {}))
    std::visit([&](auto& p) { take(p, now); }, pending);
  decide(now);
  contacts_ = draft_.world().contacts;
  if (!draft_.changed()) {
    durable_.world.contacts = contacts_;
    ready_answers_.insert(ready_answers_.end(), std::make_move_iterator(round_answers_.begin()),
                          std::make_move_iterator(round_answers_.end()));
    round_answers_.clear();
    return std::nullopt;
  }
  if (ORCH_MUTANT("answers-before-commit")) {
    ready_answers_.insert(ready_answers_.end(), std::make_move_iterator(round_answers_.begin()),
                          std::make_move_iterator(round_answers_.end()));
    round_answers_.clear();
  }
  committing_ = true;
  return draft_.round();
}

void Core::committed(const std::optional<CommitError>& error, base::Moment now) {
  CHECK(committing_);
  committing_ = false;
  auto answers = std::exchange(round_answers_, {});
  if (error && ORCH_MUTANT("failed-round-kept")) durable_ = draft_.picture();
  if (error) {
    ORCH_MARK("core.round-not-stored");
    ++counters_.rounds_failed;
    for (auto& a : answers)
      a.what = NotStored{
          unavailable(507, "InsufficientStorage",
                      "the controller cannot store anything now: " + error->error.message)};
    // What the round decided is to be decided again, from the last durable picture.
    for (const auto& event : draft_.events())
      wake_for(event.kind, event.name, now.steady + kStoreRetry);
    queue_.add(std::string(kPlacement), now.steady + kStoreRetry);
  } else {
    ++counters_.rounds;
    auto tallies = std::move(durable_.world.tallies);
    auto scored = std::move(durable_.world.scored);
    durable_ = draft_.picture();
    durable_.world.tallies = std::move(tallies);
    durable_.world.scored = std::move(scored);
    durable_.world.contacts = contacts_;
    for (const auto& row : draft_.samples()) {
      const auto body = api::parse_json(row.bytes);
      CHECK(body);
      book_.add(row, *body, durable_.world);
      ++counters_.samples;
    }
    if (!draft_.samples().empty()) wake_scored(now);
    remember(draft_.events());
  }
  ready_answers_.insert(ready_answers_.end(), std::make_move_iterator(answers.begin()),
                        std::make_move_iterator(answers.end()));
  draft_ = Draft();
}

std::vector<Answer> Core::take_answers() {
  return std::exchange(ready_answers_, {});
}

void Core::take(PendingWrite& p, base::Moment now) {
  ++counters_.writes;
  auto outcome = apply_writes(draft_, p.request, uids_, now.wall);
  if (outcome.refused()) ++counters_.writes_refused;
  round_answers_.push_back({p.ticket, std::move(outcome)});
  wake_touched(now);
}

void Core::take(PendingReport& p, base::Moment now) {
  ++counters_.reports;
  auto& world = draft_.world();
  auto verdict = judge_report(world, p.machine, p.report);
  if (verdict.rejection) ++counters_.reports_refused;
  if (verdict.order == ReportVerdict::Order::stale) {
    ORCH_MARK("report.overtaken");
    ++counters_.reports_stale;
  }
  if (!verdict.rejection && verdict.order == ReportVerdict::Order::fresh) {
    const auto known = world.contacts.find(p.machine);
    const auto* before = known == world.contacts.end() ? nullptr : &known->second;
    const bool was_silent = before != nullptr && now.steady - before->heard >= policy_.stale_after;
    const bool news = was_silent || tells_news(before, p.report);
    const bool is_new = was_silent || before == nullptr || !before->report;
    const bool live = is_new || before->report->live != p.report.live;
    world.contacts[p.machine] = {now.steady, std::move(p.report)};
    if (news) wake_placement(now.steady);
    if (news) wake_machine(p.machine, now.steady);
    if (is_new) wake_waiting(now.steady);  // "not heard of" was a reason
    if (live) wake_runs(p.machine, now.steady + kProgressPause);
  }
  // Also with one that was heard before: the round that proposed the machine may not have been
  // stored.
  if (!verdict.rejection)
    if (const auto heard = world.contacts.find(p.machine);
        heard != world.contacts.end() && heard->second.report)
      propose_machine(draft_, p.machine, heard->second.report->facts, p.labels, uids_, now.wall);
  round_answers_.push_back({p.ticket, ReportAnswer{verdict.rejection, world.revision}});
  wake_touched(now);
}

void Core::take(PendingSamples& p, base::Moment now) {
  std::vector<SampleRow> fresh;
  auto rejection = judge_samples(draft_.world(), book_, p.machine, p.uid, p.samples, fresh);
  if (rejection) ++counters_.samples_refused;
  if (!rejection)
    for (auto& row : fresh)
      draft_.add_sample(std::move(row));
  round_answers_.push_back({p.ticket, SamplesAnswer{rejection}});
  wake_touched(now);
}

void Core::decide(base::Moment now) {
  int budget = ORCH_BUGGIFY("core.decide.one") ? 1 : kDecisionsMax;
  for (; budget > 0; --budget) {
    const auto key = queue_.take(now.steady);
    if (!key) return;
    if (*key == kPulse) {
      queue_.done(*key, true, now.steady);
      queue_.add(*key, now.steady + policy_.beat);
      continue;
    }
    ++counters_.decisions;
    const auto plan = plan_for(*key, now);
    queue_.done(*key, true, now.steady);
    if (plan.look_again) queue_.add(*key, now.steady + std::max(*plan.look_again, kLookMin));
    if (*key == kPlacement) {
      last_placement_ = now.steady;
      if (somebody_waits(draft_.picture().world)) queue_.add(*key, now.steady + kPlacementLook);
    }
    if (apply_plan(draft_, plan, uids_, now.wall) == Applied::something) wake_touched(now);
  }
}

reconcilers::Plan Core::plan_for(const std::string& key, base::Moment now) const {
  const auto& world = draft_.picture().world;
  if (key == kPlacement) return reconcilers::plan_placement(world, policy_, now);
  const auto slash = key.find('/');
  const auto kind = key.substr(0, slash);
  const auto name = key.substr(slash + 1);
  if (kind == "Machine") return reconcilers::reconcile_machine(world, name, policy_, now);
  if (kind == "ModelDeployment")
    return reconcilers::reconcile_model_deployment(world, name, policy_, now);
  CHECK(kind == "BenchRun");
  return reconcilers::reconcile_bench_run(world, name, policy_, now);
}

void Core::wake_touched(base::Moment now) {
  for (const auto& [kind, name] : draft_.take_touched())
    wake_for(kind, name, now.steady);
}

/// Whose decision may be another one now that this object changed. A wake-up carries a name, never
/// a fact.
void Core::wake_for(const std::string& kind, const std::string& name, base::Instant at) {
  if (kind == "Event" || kind == "JoinToken") return;
  const bool reconciled = kind == "Machine" || kind == "ModelDeployment" || kind == "BenchRun";
  if (reconciled) queue_.add(key_of(kind, name), at);
  wake_placement(at);
  if (kind == "Claim" || kind == "Machine") wake_machine(name, at);
  if (kind != "BenchRun" || took_or_left_slot(name)) wake_waiting(at);
}

/// Of a run, others only feel whether it is bound.
bool Core::took_or_left_slot(const std::string& name) const {
  const auto bound = [&](const reconcilers::World& world) {
    const auto* run = world.runs.find(name);
    return run != nullptr && api::is_bound(run->status.phase);
  };
  return bound(durable_.world) != bound(world_now());
}

/// The picture that is being worked on; before the first round the durable one.
const reconcilers::World& Core::world_now() const {
  return draft_.picture().world.revision > 0 ? draft_.picture().world : durable_.world;
}

/// Everything that is not settled: its reasons may have changed.
void Core::wake_waiting(base::Instant at) {
  const auto& world = world_now();
  for (const auto& [name, d] : world.deployments) {
    const bool settled = d->status.phase == api::DeploymentPhase::hot &&
                         d->status.observed_generation == d->metadata.generation &&
                         !d->deleting() && reconcilers::claim_of(world, *d) != nullptr;
    if (!settled) queue_.add(key_of("ModelDeployment", name), at);
  }
  for (const auto& [name, run] : world.runs)
    if (!api::is_finished(run->status.phase)) queue_.add(key_of("BenchRun", name), at);
}

void Core::wake_machine(const std::string& machine, base::Instant at) {
  queue_.add(key_of("Machine", machine), at);
  if (const auto* claim = world_now().claims.find(machine))
    queue_.add(key_of("ModelDeployment", claim->spec.deployment), at);
  wake_runs(machine, at);
}

void Core::wake_runs(const std::string& machine, base::Instant at) {
  for (const auto& [name, run] : world_now().runs)
    if (run->status.machine == machine && !api::is_finished(run->status.phase))
      queue_.add(key_of("BenchRun", name), at);
}

/// The runs of which this round stored samples.
void Core::wake_scored(base::Moment now) {
  std::set<std::string> uids;
  for (const auto& row : draft_.samples())
    uids.insert(row.run);
  for (const auto& [name, run] : durable_.world.runs)
    if (uids.contains(run->metadata.uid) && !api::is_finished(run->status.phase))
      queue_.add(key_of("BenchRun", name), now.steady + kProgressPause);
}

void Core::wake_placement(base::Instant at) {
  const auto late = ORCH_BUGGIFY("core.placement.late") ? base::seconds(20) : base::seconds(0);
  queue_.add(std::string(kPlacement), std::max(at, last_placement_ + kPlacementPause) + late);
}

void Core::remember(const std::vector<WatchEvent>& events) {
  for (const auto& event : events) {
    if (ORCH_MUTANT("watch-misses-a-change") && event.kind == "Claim") continue;
    ring_bytes_ += event.bytes();
    ring_.push_back(event);
  }
  const auto room = ORCH_BUGGIFY("core.ring.short") ? 0 : base::limits::kEventRingBytes;
  while (ring_bytes_ > room && !ring_.empty()) {
    ring_bytes_ -= ring_.front().bytes();
    ring_floor_ = ring_.front().revision;
    ring_.pop_front();
  }
}

std::optional<std::vector<WatchEvent>> Core::events_after(std::int64_t revision,
                                                          std::size_t limit) const {
  if (revision < ring_floor_) {
    ORCH_MARK("watch.floor");
    return std::nullopt;
  }
  const auto from =
      std::upper_bound(ring_.begin(), ring_.end(), revision,
                       [](std::int64_t r, const WatchEvent& e) { return r < e.revision; });
  const auto left = static_cast<std::size_t>(ring_.end() - from);
  return std::vector<WatchEvent>(from, from + static_cast<std::ptrdiff_t>(std::min(left, limit)));
}

api::Assignment Core::assignment(const std::string& machine) const {
  return reconcilers::assignment_for(durable_.world, machine, policy_);
}

}  // namespace controller
