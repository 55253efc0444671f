// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/reconcilers/small_rig.hpp"

#include "base/text.hpp"
#include "reconcilers/assignment.hpp"
#include "reconcilers/bench_run.hpp"
#include "reconcilers/machine.hpp"
#include "reconcilers/model_deployment.hpp"
#include "reconcilers/scheduling/placement.hpp"

#include <algorithm>

namespace reconcilers {
namespace {

using support::kPolicy;

constexpr base::Duration kStep{10'000};
constexpr base::Duration kQuietStep{45'000};  // three of them are longer than silence counts

bool is_open(const api::BenchRun& run) {
  return !api::is_finished(run.status.phase) && !run.spec.cancel && !run.deleting();
}

}  // namespace

SmallRig::SmallRig(std::uint64_t seed) : dice_(seed) {
  world_ = support::lab({});
  for (const auto* name : {"a", "b", "c"}) {
    if (dice_.one_in(4)) continue;
    auto machine = support::machine(name);
    if (dice_.one_in(4)) machine.spec.roles = {api::Role::model_server};
    if (dice_.one_in(4)) machine.spec.memory = {"10G"};
    if (dice_.one_in(4)) machine.spec.bench_slots = 2;
    if (dice_.one_in(3)) machine.metadata.labels["rig"] = "dell";
    world_ = support::with(std::move(world_), std::move(machine));
    boxes_[name];
  }
  world_ = support::changed(std::move(world_), &World::models, "m3",
                            [](auto& m) { m.spec.min_memory = {"50G"}; });
  for (auto n = dice_.upto(3); n > 0; --n)
    add_deployment();
  for (auto n = dice_.upto(4); n > 0; --n)
    add_run();
}

void SmallRig::add_deployment() {
  auto d =
      support::deployment("d" + std::to_string(names_++), "m" + std::to_string(1 + dice_.upto(3)));
  d.spec.priority = 40 + 10 * dice_.upto(3);
  if (dice_.one_in(3)) d.spec.machine = std::string(1, static_cast<char>('a' + dice_.upto(3)));
  if (dice_.one_in(6))
    d.spec.machine.clear(), d.spec.selector = api::Selector{{}, {{"rig", "dell"}}};
  story_.push_back("deployment " + d.name() + " of " + d.spec.model + " at " +
                   std::to_string(d.spec.priority) + " on " + d.spec.machine);
  put(&World::deployments, std::move(d));
}

void SmallRig::add_run() {
  auto r = support::run("r" + std::to_string(names_++), "m" + std::to_string(1 + dice_.upto(3)));
  r.spec.priority = 40 + 10 * dice_.upto(3);
  if (dice_.one_in(4)) {
    r.spec.placement = api::Placement{};
    r.spec.placement->machine = std::string(1, static_cast<char>('a' + dice_.upto(3)));
  }
  if (dice_.one_in(10)) r.spec.bench = "gone";
  story_.push_back("run " + r.name() + " of " + r.spec.model + " at " +
                   std::to_string(r.spec.priority));
  put(&World::runs, std::move(r));
}

template <class T>
void SmallRig::put(base::Table<T> World::*table, T object) {
  object.revision = ++world_.revision;
  const auto name = object.name();
  (world_.*table).set(name, std::move(object));
}

template <class T>
const T* SmallRig::picked(const base::Table<T>& table) {
  auto n = dice_.upto(static_cast<std::int64_t>(table.size()));
  for (const auto& [name, object] : table)
    if (n-- == 0) return object;
  return nullptr;
}

void SmallRig::expect(bool holds, const std::string& what) {
  if (!holds) broken_.push_back(what);
}

std::string SmallRig::story() const {
  const auto from = story_.size() > 60 ? story_.size() - 60 : 0;
  return base::join({story_.begin() + static_cast<std::ptrdiff_t>(from), story_.end()}, "\n");
}

// ---- people and networks

void SmallRig::people() {
  if (dice_.one_in(8)) add_deployment();
  if (dice_.one_in(4)) add_run();
  if (const auto* found = picked(world_.deployments); found != nullptr && dice_.one_in(3)) {
    auto d = *found;
    ++d.metadata.generation;
    const auto act = dice_.upto(4);
    if (act == 0) d.metadata.deleted = {now_.wall};
    if (act == 1) d.spec.priority = 40 + 10 * dice_.upto(3);
    if (act == 2) d.spec.state = dice_.one_in(2) ? api::Want::stopped : api::Want::hot;
    if (act == 3) d.spec.machine = dice_.one_in(2) ? "" : "b";
    story_.push_back("people: " + d.name() + " act " + std::to_string(act));
    put(&World::deployments, std::move(d));
  }
  if (const auto* found = picked(world_.runs); found != nullptr && dice_.one_in(5)) {
    auto r = *found;
    if (dice_.one_in(2))
      r.spec.cancel = true;
    else
      r.metadata.deleted = {now_.wall};
    story_.push_back("people: end " + r.name());
    put(&World::runs, std::move(r));
  }
  if (const auto* found = picked(world_.machines); found != nullptr && dice_.one_in(4)) {
    auto m = *found;
    const auto act = dice_.upto(6);
    if (act == 0) m.spec.unschedulable = !m.spec.unschedulable;
    if (act == 1) m.spec.drain = !m.spec.drain;
    if (act == 2) m.spec.hold = api::Hold{{now_.wall + base::seconds(20)}, ""};
    if (act == 3) m.spec.bench_slots = 1 + dice_.upto(2);
    if (act == 4 && dice_.one_in(2)) m.metadata.deleted = {now_.wall};
    story_.push_back("people: machine " + m.name() + " act " + std::to_string(act));
    put(&World::machines, std::move(m));
  }
}

void SmallRig::network() {
  for (auto& [name, box] : boxes_) {
    if (box.link == Box::Link::dead || !dice_.one_in(8)) continue;
    box.link = box.link == Box::Link::up ? Box::Link::cut : Box::Link::up;
    if (dice_.one_in(20)) box.link = Box::Link::dead;
    story_.push_back("link of " + name + ": " + std::to_string(static_cast<int>(box.link)));
  }
  if (dice_.one_in(12)) now_ = {now_.steady + base::seconds(90), now_.wall + base::seconds(90)};
  if (!dice_.one_in(15)) return;
  story_.push_back("the controller starts again");
  ++world_.term.start;
  for (auto& [name, contact] : world_.contacts)
    contact = {now_.steady, std::nullopt};
}

void SmallRig::end_storm() {
  for (auto& [name, box] : boxes_)
    if (box.link == Box::Link::cut) box.link = Box::Link::up;
  for (const auto& [name, machine] : base::Table<api::Machine>(world_.machines)) {
    auto m = *machine;
    m.spec.drain = false;
    m.spec.unschedulable = dice_.one_in(6);
    put(&World::machines, std::move(m));
  }
  story_.push_back("calm");
}

// ---- agents

void SmallRig::agents(Mood mood) {
  for (auto& [name, box] : boxes_) {
    if (box.link == Box::Link::dead) continue;
    if (mood == Mood::storm && dice_.one_in(3)) continue;  // slow today
    work(name, box, mood);
    if (box.link != Box::Link::up) continue;
    report(name, box);
    box.assigned = assignment_for(world_, name, kPolicy);
  }
}

void SmallRig::work(const std::string&, Box& box, Mood mood) {
  serve(box, mood);
  bench(box, mood);
}

void SmallRig::serve(Box& box, Mood mood) {
  const auto& wanted = box.assigned.servers;
  for (auto at = box.processes.begin(); at != box.processes.end();) {
    auto& [uid, process] = *at;
    const bool stays = std::any_of(wanted.begin(), wanted.end(), [&](const auto& s) {
      return s.uid == at->first && s.epoch == at->second.epoch;
    });
    if (stays && process.phase != api::ServerPhase::stopping) {
      if (process.phase == api::ServerPhase::starting)
        process.phase = api::ServerPhase::hot;
      else if (mood == Mood::storm && dice_.one_in(30))
        process.phase = api::ServerPhase::starting;
      ++at;
    } else if (process.phase != api::ServerPhase::stopping) {
      process.phase = api::ServerPhase::stopping;
      ++at;
    } else {
      at = box.processes.erase(at);
    }
  }
  for (const auto& s : wanted)
    if (box.processes.empty()) box.processes[s.uid] = {s.name, s.epoch};
}

void SmallRig::bench(Box& box, Mood mood) {
  const auto& wanted = box.assigned.runs;
  std::erase_if(box.attempts, [&](const auto& entry) {
    return std::none_of(wanted.begin(), wanted.end(), [&](const auto& r) {
      return r.uid == entry.first && r.attempt == entry.second.attempt;
    });
  });
  for (const auto& r : wanted) {
    auto [at, fresh] = box.attempts.try_emplace(r.uid, Attempt{r.name, r.attempt});
    auto& attempt = at->second;
    if (fresh || attempt.phase == api::RunPhase::finished || box.link != Box::Link::up) continue;
    if (attempt.phase == api::RunPhase::preparing || (mood == Mood::storm && dice_.one_in(2))) {
      attempt.phase = api::RunPhase::running;
      continue;
    }
    attempt.phase = api::RunPhase::finished;
    auto& tally = world_.tallies[r.uid];
    const auto left = 4 - tally.scored();
    const bool errors = mood == Mood::storm && dice_.one_in(3);
    if (mood == Mood::storm && dice_.one_in(4)) {
      attempt.exit_code = 1;  // broken: nothing new
      continue;
    }
    tally.passed += errors ? 0 : left;
    tally.errored = errors ? left : 0;
    tally.attempt = r.attempt;
    tally.attempt_errors = tally.errored;
  }
}

void SmallRig::report(const std::string& name, const Box& box) {
  if (!world_.machines.contains(name)) {
    story_.push_back("proposed " + name);
    auto fresh = support::machine(name);
    fresh.metadata.uid += std::to_string(names_++);
    put(&World::machines, std::move(fresh));
  }
  api::Report out;
  out.machine = name;
  out.term = box.assigned.term;
  out.revision = box.assigned.revision;
  for (const auto& [uid, p] : box.processes) {
    api::ProcessSeen seen;
    seen.deployment = p.deployment;
    seen.uid = uid;
    seen.epoch = p.epoch;
    seen.phase = p.phase;
    if (p.phase == api::ServerPhase::hot) seen.endpoint = "http://" + name + "/v1";
    out.processes.push_back(std::move(seen));
  }
  for (const auto& [uid, r] : box.attempts) {
    api::RunSeen seen;
    seen.run = r.run;
    seen.uid = uid;
    seen.attempt = r.attempt;
    seen.phase = r.phase;
    if (r.phase == api::RunPhase::finished) seen.exit_code = r.exit_code;
    out.runs.push_back(std::move(seen));
  }
  world_.contacts[name] = {now_.steady, std::move(out)};
}

// ---- decisions

void SmallRig::storm_step() {
  people();
  network();
  agents(Mood::storm);
  (void)decide();
  now_ = {now_.steady + kStep, now_.wall + kStep};
}

bool SmallRig::calm_step() {
  agents(Mood::calm);
  const bool changed = decide();
  const auto step = changed ? kStep : kQuietStep;
  now_ = {now_.steady + step, now_.wall + step};
  return changed;
}

bool SmallRig::decide() {
  bool any = false;
  const auto done = [&](const Plan& plan) {
    apply(plan);
    any = any || !plan.changes.empty();
  };
  done(plan_placement(world_, kPolicy, now_));
  for (const auto& [name, object] : base::Table<api::Machine>(world_.machines))
    done(reconcile_machine(world_, name, kPolicy, now_));
  for (const auto& [name, object] : base::Table<api::ModelDeployment>(world_.deployments))
    done(reconcile_model_deployment(world_, name, kPolicy, now_));
  for (const auto& [name, object] : base::Table<api::BenchRun>(world_.runs))
    done(reconcile_bench_run(world_, name, kPolicy, now_));
  return any;
}

void SmallRig::apply(const Plan& plan) {
  if (const auto told = support::told(plan); !told.empty() && !told.starts_with("status"))
    story_.push_back("  " + told);
  for (const auto& change : plan.changes)
    std::visit([this](const auto& c) { apply(c); }, change);
}

bool SmallRig::speaks(const std::string& machine) const {
  return liveness_of(world_, machine, kPolicy, now_) == Liveness::alive;
}

void SmallRig::apply(const TakeClaim& c) {
  expect(!world_.claims.contains(c.machine), "S1: " + c.machine + " has a claim already");
  const auto* d = world_.deployments.find(c.deployment);
  const auto* m = world_.machines.find(c.machine);
  if (d == nullptr || m == nullptr) return expect(false, "a claim of nobody or nothing");
  expect(claim_of(world_, *d) == nullptr, "two claims for " + c.deployment);
  expect(naive_fit(d, nullptr, *m), "S4: " + c.deployment + " does not fit " + c.machine);
  for (const auto& [uid, process] : boxes_.at(c.machine).processes)
    expect(uid == c.uid, "a server of " + process.deployment + " still runs on " + c.machine);
  auto claim = support::claim(c.machine, c.deployment);
  claim.spec.uid = c.uid;
  claim.spec.epoch = {world_.term, world_.revision + 1};
  auto& highest = highest_[c.machine];
  expect(claim.spec.epoch > highest, "S1: the epoch on " + c.machine + " does not rise");
  highest = claim.spec.epoch;
  put(&World::claims, std::move(claim));
}

void SmallRig::apply(const SetClaim& c) {
  const auto* claim = world_.claims.find(c.machine);
  if (claim == nullptr) return expect(false, "a claim that is not there is set");
  expect(claim->revision == c.revision, "one claim is set twice by one plan");
  const auto* d = world_.deployments.find(claim->spec.deployment);
  if (c.spec.released && !claim->spec.released && !claim->spec.abandoned && d != nullptr)
    expect(!is_asked_hot(*d) || !is_inside_run(world_, claim->spec.uid),
           "S21: " + d->name() + " leaves inside a run");
  if (!c.spec.abandoned && !c.spec.released && d != nullptr)
    expect(claim_of(world_, *d) == nullptr, "two claims for " + d->name());
  auto next = *claim;
  next.spec = c.spec;
  put(&World::claims, std::move(next));
}

void SmallRig::apply(const DropClaim& c) {
  const auto* claim = world_.claims.find(c.machine);
  if (claim == nullptr) return expect(false, "a claim that is not there is dropped");
  expect(!boxes_.at(c.machine).processes.contains(claim->spec.uid),
         "the claim of " + claim->spec.deployment + " is dropped while its server runs");
  world_.claims.erase(c.machine);
  ++world_.revision;
}

void SmallRig::apply(const CreateDeployment& c) {
  if (world_.deployments.contains(c.name)) return;
  auto d = support::made_by_queue(c.name, c.spec.model);
  d.metadata.uid += "-" + std::to_string(names_++);
  d.metadata.created = {now_.wall};
  d.spec = c.spec;
  put(&World::deployments, std::move(d));
}

void SmallRig::apply(const AskDelete& c) {
  const auto* d = world_.deployments.find(c.name);
  if (d == nullptr) return expect(false, "nothing is deleted");
  expect(is_from_queue(*d), "what people wrote is deleted: " + c.name);
  expect(!is_inside_run(world_, d->metadata.uid), "S21: " + c.name + " is deleted inside a run");
  auto next = *d;
  next.metadata.deleted = {now_.wall};
  put(&World::deployments, std::move(next));
}

void SmallRig::apply(const LetGo& c) {
  const auto gone = [&](auto& table) {
    const auto* object = table.find(c.name);
    expect(object != nullptr && object->deleting(), c.kind + " " + c.name + " goes unasked");
    table.erase(c.name);
    ++world_.revision;
  };
  if (c.kind == "Machine")
    expect(!world_.claims.contains(c.name) || !speaks(c.name), c.name + " goes with a claim");
  if (c.kind == "Machine") gone(world_.machines);
  if (c.kind == "ModelDeployment") gone(world_.deployments);
  if (c.kind == "BenchRun") gone(world_.runs);
}

void SmallRig::apply(const BindRun& c) {
  const auto* run = world_.runs.find(c.run);
  const auto* machine = world_.machines.find(c.machine);
  if (run == nullptr || machine == nullptr) return expect(false, "nothing is bound");
  expect(is_open(*run) && !api::is_bound(run->status.phase), c.run + " is bound unasked");
  expect(run->status.attempt == 0 || run->status.machine == c.machine, c.run + " changes its host");
  std::int64_t used = 0;
  for (const auto& [name, other] : world_.runs)
    used += api::is_bound(other->status.phase) && other->status.machine == c.machine ? 1 : 0;
  expect(used < machine->spec.bench_slots, "too many runs on " + c.machine);
  expect(naive_fit(nullptr, run, *machine), "S4: " + c.run + " does not fit " + c.machine);
  const auto* claim = world_.claims.find(c.machine);
  expect(claim != nullptr && claim->spec.uid == c.uid && !claim->spec.released &&
             !claim->spec.abandoned,
         c.run + " is bound to a deployment that does not hold " + c.machine);
  auto next = *run;
  next.status.phase = api::RunState::scheduled;
  ++next.status.attempt;
  next.status.machine = c.machine;
  next.status.deployment = c.deployment;
  next.status.deployment_uid = c.uid;
  next.status.next_retry = {};
  put(&World::runs, std::move(next));
}

void SmallRig::apply(const SetMachineStatus& c) {
  auto next = *world_.machines.find(c.name);
  next.status = c.status;
  put(&World::machines, std::move(next));
}

void SmallRig::apply(const SetDeploymentStatus& c) {
  auto next = *world_.deployments.find(c.name);
  next.status = c.status;
  put(&World::deployments, std::move(next));
}

void SmallRig::apply(const SetRunStatus& c) {
  auto next = *world_.runs.find(c.name);
  expect(!api::is_finished(next.status.phase), "S20: " + c.name + " is finished and changes");
  expect(next.status.attempt == c.status.attempt, "S16: a status changes the attempt");
  expect(next.status.progress.done <= c.status.progress.done, "S13: scored tasks are lost");
  next.status = c.status;
  put(&World::runs, std::move(next));
}

// ---- the goal, said a second time and naively

bool SmallRig::naive_fit(const api::ModelDeployment* d, const api::BenchRun* r,
                         const api::Machine& m) const {
  const auto& spec = m.spec;
  const bool held = spec.hold && spec.hold->until.at > now_.wall;
  if (!speaks(m.name()) || spec.unschedulable || spec.drain || held || m.deleting()) return false;
  const auto& model = d != nullptr ? d->spec.model : r->spec.model;
  const std::int64_t gigabytes = model == "m3" ? 50 : 8;
  if (spec.memory.value() < gigabytes * 1'000'000'000) return false;
  const bool hosts = spec.roles.size() == 2 && spec.bench_slots > 0;
  if (r != nullptr) {
    const auto asked = r->status.attempt > 0 ? r->status.machine
                       : r->spec.placement   ? r->spec.placement->machine
                                             : "";
    return hosts && (asked.empty() || asked == m.name()) && r->spec.bench == "b";
  }
  if (is_from_queue(*d) && !hosts) return false;
  if (!d->spec.machine.empty() && d->spec.machine != m.name()) return false;
  return !d->spec.selector || m.metadata.labels.contains("rig");
}

void SmallRig::unmet_deployments(std::vector<std::string>& out) const {
  for (const auto& [name, d] : world_.deployments) {
    if (d->deleting()) out.push_back("deployment " + name + " is deleted and still there");
    if (!is_wanted(*d)) continue;
    const auto* mine = claim_of(world_, *d);
    if (mine != nullptr) {
      const auto* m = world_.machines.find(mine->name());
      const bool serves = m != nullptr && speaks(mine->name());
      if (serves && d->status.phase != api::DeploymentPhase::hot)
        out.push_back("deployment " + name + " holds " + mine->name() + " and is not hot");
      continue;
    }
    if (is_from_queue(*d)) continue;  // what its runs miss is said there
    for (const auto& [machine, m] : world_.machines) {
      if (!naive_fit(d, nullptr, *m)) continue;
      const auto* claim = world_.claims.find(machine);
      if (claim == nullptr) {
        out.push_back("deployment " + name + " waits and " + machine + " is free");
        continue;
      }
      const auto* holder = world_.deployments.find(claim->spec.deployment);
      if (holder != nullptr && !is_from_queue(*holder) && holder->spec.priority >= d->spec.priority)
        continue;
      const bool asked = std::any_of(world_.runs.begin(), world_.runs.end(), [&](const auto& r) {
        return is_open(*r.second) && holder != nullptr &&
               r.second->spec.model == holder->spec.model;
      });
      if (!asked) out.push_back("deployment " + name + " waits and " + machine + " could be had");
    }
  }
}

void SmallRig::unmet_runs(std::vector<std::string>& out) const {
  for (const auto& [name, r] : world_.runs) {
    if (r->deleting()) out.push_back("run " + name + " is deleted and still there");
    if (r->spec.cancel && !api::is_finished(r->status.phase))
      out.push_back("run " + name + " is cancelled and goes on");
    if (!is_open(*r)) continue;
    if (api::is_bound(r->status.phase)) out.push_back("run " + name + " never ends");
    for (const auto& [machine, m] : world_.machines) {
      if (!naive_fit(nullptr, r, *m)) continue;
      const auto* claim = world_.claims.find(machine);
      const auto* holder =
          claim == nullptr ? nullptr : world_.deployments.find(claim->spec.deployment);
      if (holder == nullptr)
        out.push_back("run " + name + " waits and " + machine + " is free");
      else if (holder->spec.model == r->spec.model && is_wanted(*holder))
        out.push_back("run " + name + " waits for its model, hot on " + machine);
      else if (is_from_queue(*holder) || holder->spec.priority < r->spec.priority)
        out.push_back("run " + name + " waits and " + machine + " could be had");
    }
  }
}

std::vector<std::string> SmallRig::unmet() const {
  std::vector<std::string> out;
  unmet_deployments(out);
  unmet_runs(out);
  for (const auto& [name, m] : world_.machines)
    if (m->deleting()) out.push_back("machine " + name + " is deleted and still there");
  for (const auto& [name, claim] : world_.claims) {
    const auto* d = world_.deployments.find(claim->spec.deployment);
    const bool lives = d != nullptr && d->metadata.uid == claim->spec.uid && is_wanted(*d);
    if (!lives && speaks(name)) out.push_back("the claim on " + name + " is nobody's");
  }
  for (const auto& [name, box] : boxes_)
    for (const auto& [uid, process] : box.processes) {
      const auto* claim = world_.claims.find(name);
      const bool claimed = claim != nullptr && claim->spec.uid == uid;
      if (!claimed && speaks(name)) out.push_back("a server nobody claims runs on " + name);
    }
  return out;
}

}  // namespace reconcilers
