// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/seat.hpp"

#include "api/codec/check.hpp"

#include <algorithm>

/// What the operator was promised, stated without looking at how it is decided.
namespace sim {
namespace {

std::string label(const Process& p, const std::string& key) {
  const auto found = p.launch.labels.find(key);
  return found == p.launch.labels.end() ? "" : found->second;
}

}  // namespace

/// S1: a machine has one holder at a time, and every new holder comes under a later epoch. S5: a
/// claim is given up only when nothing of its server is left on the machine.
void Lab::check_claims() {
  std::map<std::string, std::string> now;
  for (const auto& [machine, claim] : core_->durable().world.claims)
    now[machine] = claim->spec.uid;
  for (const auto& [machine, uid] : claimed_) {
    if (now.contains(machine) && now[machine] == uid) continue;
    for (const auto& seat : seats_) {
      if (seat->host.name() != machine) continue;
      for (const auto& [pid, p] : seat->host.processes())
        if (label(p, "uid") == uid && label(p, "kind") == "server")
          break_promise("S5", "the claim on " + machine + " was dropped while " + p.id + " runs");
    }
  }
  claimed_ = now;
  for (const auto& [machine, claim] : core_->durable().world.claims) {
    const auto& epoch = claim->spec.epoch;
    auto& last = last_epoch_[machine];
    auto& holder = last_holder_[machine];
    if (epoch.revision < last) break_promise("S1", "the epoch of " + machine + " went back");
    if (epoch.revision == last && holder != claim->spec.uid)
      break_promise("S1", "two holders of " + machine + " under one epoch");
    last = epoch.revision;
    holder = claim->spec.uid;
  }
}

/// S16, S20: attempts only rise; a finished run never changes.
void Lab::check_runs() {
  for (const auto& [name, run] : core_->durable().world.runs) {
    auto& last = last_attempt_[run->metadata.uid];
    if (run->status.attempt < last) break_promise("S16", name + " went back to an earlier attempt");
    last = run->status.attempt;
    if (!api::is_finished(run->status.phase)) continue;
    const auto text = api::write_json(api::to_json(run->status));
    const auto [known, fresh] = final_.emplace(run->metadata.uid, text);
    if (!fresh && known->second != text)
      break_promise("S20", "the result of " + name + " changed after it was final");
  }
}

/// S5, S6, S14: found by the hosts at the moment they happened. S13: a task whose sample was
/// acknowledged is never done again.
void Lab::check_ghosts() {
  if (!ghost_.violations.empty()) {
    const auto& v = ghost_.violations.front();
    const auto space = v.find(' ');
    return break_promise(v.substr(0, space), v.substr(space + 1));
  }
  for (const auto& e : ghost_.executions)
    if (e.after_ack)
      return break_promise("S13", "task " + e.task + " of run " + e.uid +
                                      " was done again after its sample was acknowledged");
}

/// S13: every acknowledged sample is in the store, once.
void Lab::check_samples() {
  if (!store_ || broken_) return;
  const auto rows = store_->samples("");
  if (!rows) return break_promise("S13", "the samples can't be read");
  std::map<std::string, std::map<std::string, int>> stored;
  std::set<std::pair<std::string, std::string>> done;
  for (const auto& e : ghost_.executions)
    done.insert({e.uid, e.task});
  for (const auto& row : *rows) {
    if (!row.scored) continue;
    ++stored[row.run][row.task];
    if (!done.contains({row.run, row.task}))
      return break_promise("score",
                           "task " + row.task + " is scored and no model ever answered it");
  }
  for (const auto& [uid, tasks] : ghost_.acked)
    for (const auto& task : tasks)
      if (!stored[uid].contains(task))
        return break_promise("S13", "the acknowledged sample of task " + task + " is lost");
  for (const auto& [name, run] : core_->durable().world.runs) {
    const auto& p = run->status.progress;
    std::int64_t scored = 0;
    if (const auto found = stored.find(run->metadata.uid); found != stored.end())
      scored = static_cast<std::int64_t>(found->second.size());
    if (run->status.phase == api::RunState::succeeded && p.done != scored)
      return break_promise("S13", name + " counts " + std::to_string(p.done) + " scored tasks, " +
                                      std::to_string(scored) + " are stored");
  }
}

/// S10: what the operator was told is done survives every crash.
void Lab::check_acked() {
  if (!core_) return;
  for (const auto& [key, uid] : acked_) {
    const auto slash = key.find('/');
    const auto* record = core_->durable().find(key.substr(0, slash), key.substr(slash + 1));
    if (record == nullptr || record->uid != uid)
      return break_promise("S10", key + " was acknowledged and is lost");
  }
}

/// S29: a status never says more than is known. A silent machine is not called ready, and what
/// nothing serves is not called hot for longer than it takes to notice.
void Lab::check_status() {
  constexpr base::Duration kNotice{20'000}, kHotLie{200'000};
  if (stage_.now() < asleep_until_) {  // it cannot change what it says now
    booted_ = asleep_until_;
    hot_lie_since_.clear();
    return;
  }
  const auto& world = core_->durable().world;
  const auto up = stage_.now() - booted_;
  for (const auto& [name, machine] : world.machines) {
    const auto* ready = api::find_condition(machine->status.conditions, "Ready");
    if (ready == nullptr || ready->status != "True") continue;
    const auto silence = std::min(stage_.now() - heard_[name], up);
    if (silence > core_->policy().stale_after + kNotice)
      return break_promise("S29", "machine " + name + " is called ready and silent for " +
                                      std::to_string(silence.count()) + " ms");
  }
  for (const auto& [name, d] : world.deployments) {
    if (d->status.phase != api::DeploymentPhase::hot || serves(d->metadata.uid)) {
      hot_lie_since_.erase(name);
      continue;
    }
    const auto since = hot_lie_since_.emplace(name, stage_.now()).first->second;
    if (stage_.now() - since > kHotLie)
      return break_promise("S29", "modeldeployment/" + name + " is called hot and nothing serves");
  }
}

bool Lab::serves(const std::string& uid) const {
  for (const auto& seat : seats_)
    for (const auto& [pid, p] : seat->host.processes())
      if (label(p, "uid") == uid && label(p, "kind") == "server" && !p.wrong_model) return true;
  return false;
}

/// S26: no clock of the wall ends anything. No harness here takes half a day, and none that tells
/// its tasks five minutes.
void Lab::check_reported(const api::Report& report) {
  for (const auto& run : report.runs)
    if (run.reason == "Timeout" || (run.reason == "TaskList" && storm_.port_fails == 0))
      break_promise("S26", "an attempt of " + run.run + " was ended for its time: " + run.message);
}

/// S25: what is kept is bounded.
void Lab::check_bounds() {
  if (!store_ || !core_ || broken_) return;
  const auto rows = store_->changes(store_->changes_floor(), 1'000'000);
  if (!rows) return break_promise("S25", "the change log can't be read");
  if (static_cast<std::int64_t>(rows->size()) > kChangesMax + 200)
    break_promise("S25", "the change log has " + std::to_string(rows->size()) + " lines, " +
                             std::to_string(kChangesMax) + " may be");
  if (waiting_.size() > 200)
    break_promise("S25", std::to_string(waiting_.size()) + " requests wait for ever");
}

/// S11: what a watcher hears is in order, once, whole revisions, and adds up to what a list shows.
void Lab::watch(Watcher& w) {
  const auto& picture = core_->durable();
  if (w.revision < 0) {
    w.held.clear();
    for (const auto& [kind, table] : picture.records)
      for (const auto& [name, record] : table)
        w.held[kind + "/" + name] = record->bytes;
    w.revision = picture.revision;
    return;
  }
  const auto events =
      core_->events_after(w.revision, 1 + static_cast<std::size_t>(watch_dice_.upto(60)));
  if (!events) return void(w.revision = -1);  // 410: it lists anew
  for (const auto& e : *events) {
    const auto key = e.kind + "/" + e.name;
    if (e.revision < w.revision) return break_promise("S11", "a watch went back at " + key);
    w.revision = e.revision;
    if (e.type == controller::WatchEvent::Type::deleted)
      w.held.erase(key);
    else
      w.held[key] = e.after;
  }
  const auto rest = core_->events_after(w.revision, 1);
  if (!rest || !rest->empty()) return;
  std::size_t there = 0;
  for (const auto& [kind, table] : picture.records)
    for (const auto& [name, record] : table) {
      ++there;
      const auto found = w.held.find(kind + "/" + name);
      if (found == w.held.end() || *found->second != *record->bytes)
        return break_promise("S11", "a watcher missed the last change of " + kind + "/" + name);
    }
  if (there != w.held.size()) break_promise("S11", "a watcher missed a removal");
}

/// Every so often, whatever happens.
void Lab::look_around() {
  if (core_ && !broken_) {
    check_status();
    for (auto& watcher : watchers_)
      if (watch_dice_.one_in(3)) watch(watcher);
  }
  stage_.in(base::seconds(7), [this] { look_around(); });
}

bool Lab::converged() {
  if (!core_ || core_->is_committing()) return false;
  for (const auto& seat : seats_)
    if (!seat->agent) return false;
  const auto& world = core_->durable().world;
  for (const auto& name : asked_.runs) {
    const auto* run = world.runs.find(name);
    if (run == nullptr || !api::is_finished(run->status.phase)) return false;
  }
  for (const auto& name : asked_.cancelled) {
    const auto* run = world.runs.find(name);
    if (run != nullptr && !api::is_finished(run->status.phase)) return false;
  }
  for (const auto& name : asked_.hot) {
    const auto* d = world.deployments.find(name);
    if (d == nullptr || d->status.phase != api::DeploymentPhase::hot) return false;
  }
  for (const auto& key : asked_.deleted) {
    const auto slash = key.find('/');
    if (core_->durable().find(key.substr(0, slash), key.substr(slash + 1)) != nullptr) return false;
  }
  return true;
}

/// What the operator asked for is true, on the machines themselves and not only in the books.
void Lab::check_goal() {
  if (broken_ || !core_) return;
  const auto& world = core_->durable().world;
  for (const auto& name : asked_.hot) {
    const auto* d = world.deployments.find(name);
    if (d == nullptr || d->status.phase != api::DeploymentPhase::hot)
      return break_promise("goal", "modeldeployment/" + name + " was asked hot and is not");
    bool serves = false;
    for (const auto& seat : seats_)
      for (const auto& [pid, p] : seat->host.processes())
        if (label(p, "uid") == d->metadata.uid && !p.wrong_model &&
            d->status.endpoint.find(":" + std::to_string(p.port) + "/") != std::string::npos)
          serves = true;
    if (!serves)
      return break_promise("goal", "modeldeployment/" + name + " is called hot and nothing serves");
  }
  for (const auto& name : asked_.runs) {
    const auto* run = world.runs.find(name);
    if (run == nullptr || run->status.phase != api::RunState::succeeded)
      return break_promise(
          "goal",
          "benchrun/" + name + " was asked for and is " +
              (run == nullptr
                   ? "gone"
                   : std::string(api::kRunStates[static_cast<std::size_t>(run->status.phase)])));
    const auto& p = run->status.progress;
    if (p.done != p.total || p.errored != 0)
      return break_promise("goal", "benchrun/" + name + " succeeded with " +
                                       std::to_string(p.done) + " of " + std::to_string(p.total) +
                                       " tasks scored, " + std::to_string(p.errored) + " broken");
  }
  for (const auto& key : asked_.deleted) {
    const auto slash = key.find('/');
    if (core_->durable().find(key.substr(0, slash), key.substr(slash + 1)) != nullptr)
      return break_promise("goal", key + " was deleted and is still there");
  }
  // Nobody's server runs on.
  for (const auto& seat : seats_)
    for (const auto& [pid, p] : seat->host.processes()) {
      if (label(p, "kind") != "server") continue;
      const auto* claim = world.claims.find(seat->host.name());
      if (claim == nullptr || claim->spec.uid != label(p, "uid"))
        return break_promise("goal", p.id + " runs on " + seat->host.name() + " for nobody");
    }
}

std::string Lab::summary() const {
  return std::to_string(stage_.count()) + " events, " + std::to_string(writes_) + " writes, " +
         std::to_string(ghost_.executions.size()) + " tasks done, " + std::to_string(runs_made_) +
         " runs, trace " + std::to_string(stage_.hash());
}

}  // namespace sim
