// SPDX-License-Identifier: Apache-2.0
#include "reconcilers/bench_run.hpp"

#include "base/hooks.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "reconcilers/model_deployment.hpp"

#include <algorithm>
#include <cmath>

namespace reconcilers {
namespace {

using api::RunState;

void set(api::BenchRunStatus& status, const api::BenchRun& run, base::Moment now,
         std::string_view type, std::string_view value, std::string_view reason,
         std::string message) {
  api::set_condition(status.conditions,
                     {std::string(type),
                      std::string(value),
                      std::string(reason),
                      std::move(message),
                      {},
                      run.metadata.generation},
                     now.wall);
}

const Tally& tally_of(const World& world, const api::BenchRun& run) {
  static const Tally none;
  const auto found = world.tallies.find(run.metadata.uid);
  return found == world.tallies.end() ? none : found->second;
}

void count(const World& world, const api::BenchRun& run, const api::RunSeen* seen,
           api::BenchRunStatus& status) {
  const auto& tally = tally_of(world, run);
  auto& p = status.progress;
  const auto known = task_count(world, run);
  p.total = known > 0 ? known : std::max(p.total, seen != nullptr ? seen->total : 0);
  p.passed = tally.passed;
  p.failed = tally.failed;
  p.done = tally.scored();
  p.errored = tally.errored;
  status.failures = tally.failures;
  if (!api::is_bound(status.phase)) {
    p.answered = 0;
    return;
  }
  const auto contact = world.contacts.find(run.status.machine);
  if (contact == world.contacts.end() || !contact->second.report) return;  // the last word stands
  p.answered = 0;
  for (const auto& live : contact->second.report->live)
    if (live.uid == run.metadata.uid) p.answered = live.answered;
}

void conclude(const World& world, const api::BenchRun& run, RunState state, std::string_view reason,
              const std::string& message, api::BenchRunStatus& status, base::Moment now) {
  const auto& tally = tally_of(world, run);
  status.phase = state;
  status.finished = {now.wall};
  status.next_retry = {};
  status.reasons.clear();
  status.progress.answered = 0;
  set(status, run, now, "Complete", state == RunState::succeeded ? "True" : "False", reason,
      message);
  if (tally.scored() == 0) return;
  api::RunResult result;
  const auto n = static_cast<double>(tally.scored());
  result.score = static_cast<double>(tally.passed) / n;
  result.std_error = std::sqrt(result.score * (1 - result.score) / n);
  const auto [low, high] = wilson(tally.passed, tally.scored());
  result.ci95 = {low, high};
  result.tokens_in = tally.tokens_in;
  result.tokens_out = tally.tokens_out;
  result.wall_seconds = tally.wall_seconds;
  if (tally.score_sum != static_cast<double>(tally.passed))
    result.partial_credit = tally.score_sum / n;
  if (const auto* seen = attempt_of(world, run)) result.metrics = seen->metrics;
  status.result = result;
}

void retry(const api::BenchRun& run, std::string_view reason, const std::string& message,
           base::Duration wait, api::BenchRunStatus& status, base::Moment now) {
  status.phase = RunState::needs_retry;
  status.next_retry = {now.wall + wait};
  status.progress.answered = 0;
  set(status, run, now, "Complete", "False", reason, message);
}

/// What the run was made with; the agent's own findings win.
void take_fingerprint(const World& world, const api::BenchRun& run, const api::RunSeen& seen,
                      api::BenchRunStatus& status) {
  auto& f = status.fingerprint;
  if (const auto* model = world.models.find(run.spec.model)) {
    const auto& source = model->spec.source;
    f["weights"] = source.text() + (source.revision.empty() ? "" : "@" + source.revision);
    if (model->spec.parsers) f["parsers"] = model->spec.parsers->tool;
    if (const auto* machine = world.machines.find(run.status.machine)) {
      f["machineClass"] = machine->spec.machine_class;
      f["driver"] = machine->status.facts.driver;
      if (const auto* entry = runtime_for(*model, *machine)) {
        f["args"] = base::join(entry->args, " ");
        if (const auto* runtime = world.runtimes.find(entry->runtime)) {
          f["engine"] = api::kEngines[static_cast<std::size_t>(runtime->spec.engine)];
          f["image"] = runtime->spec.image;
          f["runtime"] = base::join(runtime->spec.command, " ");
        }
      }
    }
  }
  if (const auto* server = process_of(world, run.status.machine, run.status.deployment_uid))
    for (const auto& [key, value] : server->identity)
      f["server." + key] = value;
  for (const auto& [key, value] : seen.fingerprint)
    f[key] = value;
  std::erase_if(f, [](const auto& entry) { return entry.second.empty(); });
}

std::string ended_how(const api::RunSeen& seen) {
  if (!seen.reason.empty()) return seen.reason + (seen.message.empty() ? "" : ": " + seen.message);
  if (!seen.exit_code) return "nobody saw how the harness ended";
  return "the harness ended with " + std::to_string(*seen.exit_code);
}

/// The attempt is over: everything scored, errors of infrastructure left, or a broken harness.
void judge_finished(const World& world, const api::BenchRun& run, const api::RunSeen& seen,
                    api::BenchRunStatus& status, base::Moment now) {
  const auto& tally = tally_of(world, run);
  const auto* bench = world.benches.find(run.spec.bench);
  const auto retries = bench != nullptr ? bench->spec.retries : 0;
  const auto infra_retries = bench != nullptr ? bench->spec.infra_retries : 0;
  take_fingerprint(world, run, seen, status);
  const auto& p = status.progress;
  const bool whole = tally.errored == 0 && p.done > 0 && (p.total == 0 || p.done >= p.total);
  const bool counted = p.total > 0 || (seen.exit_code && *seen.exit_code == 0);
  if (whole && counted)
    return conclude(world, run, RunState::succeeded, "Scored", "every task is scored", status, now);
  const auto left = std::max<std::int64_t>(p.total - p.done, tally.errored);
  if (tally.attempt == run.status.attempt && tally.attempt_errors > 0) {
    ++status.infra;
    if (status.infra > infra_retries)
      return conclude(world, run, RunState::failed, "Unscored",
                      std::to_string(left) + " tasks are not scored after " +
                          std::to_string(status.infra) + " attempts that infrastructure broke",
                      status, now);
    return retry(run, "Infrastructure",
                 std::to_string(left) + " tasks were broken by infrastructure and run again",
                 retry_delay(status.infra), status, now);
  }
  ++status.broken;
  if (status.broken > retries)
    return conclude(world, run, RunState::failed, "HarnessFailed", ended_how(seen), status, now);
  const auto tasks = left > 0 ? "; " + std::to_string(left) + " tasks are left" : "";
  retry(run, "HarnessFailed", ended_how(seen) + tasks, retry_delay(status.broken), status, now);
}

void judge_bound(const World& world, const api::BenchRun& run, const Policy& policy,
                 api::BenchRunStatus& status, base::Moment now) {
  if (is_lost(world, run.status.machine, policy, now)) {
    ORCH_MARK("run.machine-lost");
    return retry(run, "MachineLost", "machine \"" + run.status.machine + "\" is silent", {}, status,
                 now);
  }
  const auto* deployment = world.deployments.find(run.status.deployment);
  const auto* seen = attempt_of(world, run);
  if (seen != nullptr && seen->phase == api::RunPhase::stuck)
    return conclude(world, run, RunState::failed, "Stuck", seen->message, status, now);
  if (seen != nullptr && seen->phase == api::RunPhase::finished)
    return judge_finished(world, run, *seen, status, now);
  if (deployment == nullptr || deployment->metadata.uid != run.status.deployment_uid ||
      !is_asked_hot(*deployment)) {  // over its maxHot, it still serves until this run ends
    ORCH_MARK("run.model-lost");
    return retry(run, "ModelLost", "its model is not kept hot any more", {}, status, now);
  }
  if (seen == nullptr) return;
  status.phase = RunState::running;
  status.dir = seen->dir;
  if (!status.started.set()) status.started = {now.wall};
  const auto where = (seen->step.empty() ? "attempt " : "step " + seen->step + ", attempt ") +
                     std::to_string(seen->attempt);
  // A reason of an attempt that is not over: what its agent waits for.
  if (seen->reason.empty()) return set(status, run, now, "Complete", "False", "Running", where);
  set(status, run, now, "Complete", "False", seen->reason,
      where + (seen->message.empty() ? "" : ": " + seen->message));
}

/// Nothing is left to run: the tasks are known and each of them is scored.
bool is_whole(const api::Progress& p) {
  return p.total > 0 && p.done >= p.total;
}

std::int64_t bound_on(const World& world, const std::string& machine, std::string& example) {
  std::int64_t n = 0;
  for (const auto& [name, other] : world.runs) {
    if (other->status.machine != machine || !api::is_bound(other->status.phase)) continue;
    ++n;
    example = name;
  }
  return n;
}

/// The reasons of a run whose model is nowhere and on its way to nowhere.
std::string why_unplaced(const World& world, const api::BenchRun& run, const Policy& policy,
                         api::BenchRunStatus& status, base::Moment now) {
  status.reasons = reasons_for(world, demand_of(run), policy, now);
  for (const auto& [name, machine] : world.machines) {
    const auto* claim = world.claims.find(name);
    if (claim != nullptr && against(world, demand_of(run), *machine, policy, now).empty())
      status.reasons.push_back({name, "held by modeldeployment/" + claim->spec.deployment});
  }
  return status.reasons.empty() ? "its model is placed next" : "no machine is free for its model";
}

/// The reason of a run whose model is hot: what keeps it from being bound to that machine.
std::string why_unbound(const World& world, const api::BenchRun& run, const std::string& name,
                        const Policy& policy, base::Moment now) {
  const auto* machine = world.machines.find(name);
  if (machine == nullptr) return "machine \"" + name + "\" does not exist";
  const auto reasons = against(world, demand_of(run), *machine, policy, now);
  if (!reasons.empty()) return base::join(reasons, "; ");
  std::string other;
  if (bound_on(world, name, other) >= machine->spec.bench_slots)
    return "the bench slots are taken (benchrun/" + other + ")";
  return "it is bound next";
}

/// Why an unbound run waits, machine by machine.
void judge_waiting(const World& world, const api::BenchRun& run, const Policy& policy,
                   api::BenchRunStatus& status, base::Moment now) {
  const auto* deployment = deployment_for(world, run, policy, now);
  status.reasons.clear();
  bool placed = false;
  std::string why;
  if (!world.benches.contains(run.spec.bench)) {
    why = "bench \"" + run.spec.bench + "\" does not exist";
    status.reasons.push_back({"", why});
  } else if (deployment == nullptr) {
    why = why_unplaced(world, run, policy, status, now);
  } else {
    const auto* claim = claim_of(world, *deployment);
    const auto where = claim != nullptr ? claim->name() : "";
    const bool hot = deployment->status.phase == api::DeploymentPhase::hot;
    placed = claim != nullptr && !hot;
    why = hot ? why_unbound(world, run, where, policy, now)
              : "modeldeployment/" + deployment->name() + " is " +
                    std::string(
                        api::kDeploymentPhases[static_cast<std::size_t>(deployment->status.phase)]);
    status.reasons.push_back({where, why});
  }
  if (status.phase == RunState::needs_retry) return;  // it says itself why it runs again
  status.phase = placed ? RunState::waiting_for_model : RunState::queued;
  set(status, run, now, "Complete", "False", placed ? "WaitingForModel" : "Queued", why);
}

/// A cancelled or deleted run ends once nothing of it is left on its bench host. A silent host's
/// leftovers are fenced by the attempt and stopped when it is back, so nobody waits for them.
bool has_stopped(const World& world, const api::BenchRun& run, const Policy& policy,
                 base::Moment now) {
  if (!api::is_bound(run.status.phase)) return true;
  if (is_lost(world, run.status.machine, policy, now)) return true;
  return has_caught_up(world, run.status.machine, run.revision) &&
         attempt_of(world, run) == nullptr;
}

void tell(const api::BenchRun& run, const api::BenchRunStatus& status, Plan& plan) {
  const auto* why = api::find_condition(status.conditions, "Complete");
  plan.because = why != nullptr ? Because{why->reason, why->message} : Because{};
  if (status.phase == run.status.phase) return;
  const bool bad = status.phase == RunState::failed || status.phase == RunState::needs_retry;
  plan.changes.push_back(RecordEvent{
      "BenchRun", run.name(), run.metadata.uid, bad ? "Warning" : "Normal",
      std::string(api::kRunStates[static_cast<std::size_t>(status.phase)]), plan.because.message});
}

}  // namespace

Demand demand_of(const api::BenchRun& run) {
  Demand demand{run.spec.model, {}, {}, {}, Demand::For::benching};
  if (run.spec.placement) {
    demand.machine = run.spec.placement->machine;
    demand.machine_group = run.spec.placement->machine_group;
    demand.selector = run.spec.placement->selector;
  }
  if (run.status.attempt > 0)
    demand.machine = run.status.machine;  // it resumes there and nowhere else
  return demand;
}

std::vector<const api::ModelDeployment*> deployments_for(const World& world,
                                                         const api::BenchRun& run,
                                                         const Policy& policy, base::Moment now) {
  const auto demand = demand_of(run);
  const auto rank = [&](const api::ModelDeployment& d) {
    if (d.spec.model != run.spec.model || !is_wanted(d)) return 0;
    if (const auto* claim = claim_of(world, d)) {
      const auto* machine = world.machines.find(claim->name());
      if (machine == nullptr || !is_asked_for(world, demand, *machine)) return 0;
      if (!is_allowed(demand, *machine, now)) return 0;
      return d.status.phase == api::DeploymentPhase::hot ? 4 : 3;
    }
    // One that can go nowhere the run may go must not keep the run from finding another way.
    for (const auto& [name, machine] : world.machines)
      if (could_run(world, demand, *machine, policy, now) &&
          could_run(world, demand_of(d), *machine, policy, now))
        return is_from_queue(d) ? 2 : 1;
    return 0;
  };
  std::vector<std::pair<int, const api::ModelDeployment*>> ranked;
  for (const auto& [name, deployment] : world.deployments)
    if (const int r = rank(*deployment); r > 0) ranked.emplace_back(-r, deployment);
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<const api::ModelDeployment*> out;
  for (const auto& [r, deployment] : ranked)
    out.push_back(deployment);
  return out;
}

const api::ModelDeployment* deployment_for(const World& world, const api::BenchRun& run,
                                           const Policy& policy, base::Moment now) {
  const auto all = deployments_for(world, run, policy, now);
  return all.empty() ? nullptr : all.front();
}

std::pair<double, double> wilson(std::int64_t passed, std::int64_t scored) {
  if (scored <= 0) return {0, 1};
  constexpr double z = 1.959963984540054;  // the normal distribution's 97.5 % point
  const auto n = static_cast<double>(scored);
  const double p = static_cast<double>(passed) / n;
  const double middle = p + z * z / (2 * n);
  const double half = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  const double scale = 1 + z * z / n;
  return {std::max(0.0, (middle - half) / scale), std::min(1.0, (middle + half) / scale)};
}

base::Duration retry_delay(std::int64_t nth) {
  if (nth <= 1) return {};
  const auto doublings = std::min<std::int64_t>(nth - 2, 10);
  return std::min(base::seconds(1) * (std::int64_t{1} << doublings), base::minutes(5));
}

Plan reconcile_bench_run(const World& world, const std::string& name, const Policy& policy,
                         base::Moment now) {
  Plan plan;
  const auto* run = world.runs.find(name);
  if (run == nullptr) return plan;
  if (run->deleting() &&
      (api::is_finished(run->status.phase) || has_stopped(world, *run, policy, now))) {
    plan.changes.push_back(LetGo{"BenchRun", name, run->revision});
    plan.because = {"Deleted", "nothing of it runs any more"};
    return plan;
  }
  if (api::is_finished(run->status.phase) && !ORCH_MUTANT("finished-run-reopened"))
    return plan;  // results are final

  api::BenchRunStatus status = run->status;
  status.observed_generation = run->metadata.generation;
  count(world, *run, attempt_of(world, *run), status);
  if (run->spec.cancel || run->deleting()) {
    if (!has_stopped(world, *run, policy, now)) {
      set(status, *run, now, "Complete", "False", "Cancelling", "its harness is being stopped");
    } else {
      conclude(world, *run, RunState::cancelled, "Cancelled", "cancelled by its spec", status, now);
    }
  } else if (api::is_bound(status.phase)) {
    judge_bound(world, *run, policy, status, now);
    plan.look_again = silent_in(world, run->status.machine, policy, now);
  } else if (run->status.attempt > 0 && is_whole(status.progress)) {
    ORCH_MARK("run.scored-after-its-attempt");
    // The last samples came after its attempt was given up: nothing is launched for nothing.
    conclude(world, *run, RunState::succeeded, "Scored", "every task is scored", status, now);
  } else {
    judge_waiting(world, *run, policy, status, now);
  }
  if (status == run->status) return plan;
  plan.changes.push_back(SetRunStatus{name, run->revision, status});
  tell(*run, status, plan);
  return plan;
}

}  // namespace reconcilers
