// SPDX-License-Identifier: Apache-2.0
#include "controller/core/core.hpp"

#include "base/check.hpp"
#include "base/limits.hpp"
#include "controller/core/plans.hpp"
#include "reconcilers/assignment.hpp"
#include "reconcilers/bench_run.hpp"
#include "reconcilers/machine.hpp"
#include "reconcilers/model_deployment.hpp"
#include "reconcilers/scheduling/placement.hpp"

#include <algorithm>

namespace controller {
namespace {

constexpr std::string_view kPlacement = "placement";
constexpr base::Duration kPlacementPause{50};    // a burst of changes is one decision
constexpr base::Duration kPlacementLook{2'000};  // while somebody waits
constexpr base::Duration kLookMin{50};           // a decision can't ask to be asked again at once
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
  // Every machine's silence counts from this start.
  for (const auto& [name, machine] : durable_.world.machines)
    if (!machine->status.boot_id.empty()) contacts_[name] = {now.steady, std::nullopt};
  durable_.world.contacts = contacts_;
  for (const auto& [kind, table] : durable_.records)
    for (const auto& [name, record] : table)
      wake_for(kind, name, now);
  queue_.add(std::string(kPlacement), now.steady);
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
  // After a sleep of our own nobody's silence counts: we were the one who did not listen.
  if (now.steady - last_begin_ > policy_.stale_after)
    for (auto& [name, contact] : contacts_)
      contact.heard = now.steady;
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
  committing_ = true;
  return draft_.round();
}

void Core::committed(const std::optional<CommitError>& error, base::Moment now) {
  CHECK(committing_);
  committing_ = false;
  auto answers = std::exchange(round_answers_, {});
  if (error) {
    ++counters_.rounds_failed;
    for (auto& a : answers)
      a.what = NotStored{
          unavailable(507, "InsufficientStorage",
                      "the controller cannot store anything now: " + error->error.message)};
    for (const auto& [kind, name] : draft_.take_touched())
      wake_for(kind, name, now);
    queue_.add(std::string(kPlacement), now.steady + base::seconds(1));
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
    if (!draft_.samples().empty())
      for (const auto& [name, run] : durable_.world.runs)
        if (!api::is_finished(run->status.phase)) queue_.add(key_of("BenchRun", name), now.steady);
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
  if (verdict.order == ReportVerdict::Order::stale) ++counters_.reports_stale;
  if (!verdict.rejection && verdict.order == ReportVerdict::Order::fresh) {
    propose_machine(draft_, p.machine, p.report.facts, p.labels, uids_, now.wall);
    const auto known = world.contacts.find(p.machine);
    const auto* before = known == world.contacts.end() ? nullptr : &known->second;
    const bool was_silent = before != nullptr && now.steady - before->heard >= policy_.stale_after;
    const bool news = was_silent || tells_news(before, p.report);
    const bool live = before == nullptr || !before->report || before->report->live != p.report.live;
    world.contacts[p.machine] = {now.steady, std::move(p.report)};
    if (news) wake_placement(now);
    if (news || live) wake_machine(p.machine, now);
  }
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
  for (int budget = kDecisionsMax; budget > 0; --budget) {
    const auto key = queue_.take(now.steady);
    if (!key) return;
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
    wake_for(kind, name, now);
}

/// Whose decision may be another one now that this object changed. A wake-up carries a name, never
/// a fact.
void Core::wake_for(const std::string& kind, const std::string& name, base::Moment now) {
  if (kind == "Event" || kind == "JoinToken" || kind == "MachineGroup") return;
  const bool reconciled = kind == "Machine" || kind == "ModelDeployment" || kind == "BenchRun";
  if (reconciled) queue_.add(key_of(kind, name), now.steady);
  wake_placement(now);
  if (kind == "Claim" || kind == "Machine") wake_machine(name, now);
  wake_waiting(now);
}

/// Everything that is not settled: its reasons may have changed.
void Core::wake_waiting(base::Moment now) {
  const auto& world = draft_.picture().world.revision > 0 ? draft_.picture().world : durable_.world;
  for (const auto& [name, d] : world.deployments) {
    const bool settled = d->status.phase == api::DeploymentPhase::hot &&
                         d->status.observed_generation == d->metadata.generation &&
                         !d->deleting() && reconcilers::claim_of(world, *d) != nullptr;
    if (!settled) queue_.add(key_of("ModelDeployment", name), now.steady);
  }
  for (const auto& [name, run] : world.runs)
    if (!api::is_finished(run->status.phase)) queue_.add(key_of("BenchRun", name), now.steady);
}

void Core::wake_machine(const std::string& machine, base::Moment now) {
  const auto& world = draft_.picture().world.revision > 0 ? draft_.picture().world : durable_.world;
  queue_.add(key_of("Machine", machine), now.steady);
  if (const auto* claim = world.claims.find(machine))
    queue_.add(key_of("ModelDeployment", claim->spec.deployment), now.steady);
  for (const auto& [name, run] : world.runs)
    if (run->status.machine == machine && !api::is_finished(run->status.phase))
      queue_.add(key_of("BenchRun", name), now.steady);
}

void Core::wake_placement(base::Moment now) {
  queue_.add(std::string(kPlacement), std::max(now.steady, last_placement_ + kPlacementPause));
}

void Core::remember(const std::vector<WatchEvent>& events) {
  for (const auto& event : events) {
    ring_bytes_ += event.bytes();
    ring_.push_back(event);
  }
  while (ring_bytes_ > base::limits::kEventRingBytes && !ring_.empty()) {
    ring_bytes_ -= ring_.front().bytes();
    ring_floor_ = ring_.front().revision;
    ring_.pop_front();
  }
}

std::optional<std::vector<WatchEvent>> Core::events_after(std::int64_t revision,
                                                          std::size_t limit) const {
  if (revision < ring_floor_) return std::nullopt;
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
