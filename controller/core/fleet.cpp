// SPDX-License-Identifier: Apache-2.0
#include "controller/core/fleet.hpp"

#include "api/codec/check.hpp"
#include "base/hooks.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace controller {
namespace {

Rejection refuse(int code, std::string reason, std::string message) {
  return {code, std::move(reason), std::move(message), {}};
}

const api::BenchRun* run_by_uid(const reconcilers::World& world, const std::string& uid) {
  for (const auto& [name, run] : world.runs)
    if (run->metadata.uid == uid) return run;
  return nullptr;
}

std::optional<Rejection> judge_run(const reconcilers::World& world, const std::string& machine,
                                   const api::RunSeen& seen) {
  const auto* run = run_by_uid(world, seen.uid);
  if (run == nullptr) return std::nullopt;  // deleted meanwhile: its leftovers may be told
  // A restored store has forgotten what it gave out; a report is not refused for knowing it.
  if (world.term.incarnation > 1) return std::nullopt;
  if (run->status.machine != machine) {
    ORCH_MARK("report.of-a-run-elsewhere");
    return refuse(403, "Forbidden",
                  "benchrun \"" + run->name() + "\" is bound to machine \"" + run->status.machine +
                      "\", not to \"" + machine + "\"");
  }
  if (seen.attempt > run->status.attempt)
    return refuse(409, "Conflict",
                  "attempt " + std::to_string(seen.attempt) + " of benchrun \"" + run->name() +
                      "\" was never given out (the latest is " +
                      std::to_string(run->status.attempt) + ")");
  return std::nullopt;
}

/// A fence that nobody has given out yet would be above every later one.
std::optional<Rejection> judge_claim(const reconcilers::World& world,
                                     const api::ProcessSeen& seen) {
  if (seen.epoch <= api::Epoch{world.term, world.revision}) return std::nullopt;
  return refuse(409, "Conflict",
                "the claim (" + std::to_string(seen.epoch.term.incarnation) + "." +
                    std::to_string(seen.epoch.term.start) + "." +
                    std::to_string(seen.epoch.revision) + ") under which modeldeployment \"" +
                    seen.deployment + "\" runs was never given out");
}

std::string class_from(const api::Facts& facts) {
  for (const auto& gpu : facts.gpus) {
    if (gpu.name.find("RTX PRO 6000") != std::string::npos) return "pro6000";
    if (gpu.name.find("GB10") != std::string::npos) return "dgx-spark";
  }
  return facts.os == "darwin" ? "mac-mlx" : "";
}

/// VRAM where there is any, else 80 % of main memory, in whole MiB.
std::string memory_from(const api::Facts& facts) {
  std::int64_t bytes = 0;
  for (const auto& gpu : facts.gpus)
    bytes += gpu.memory_bytes;
  if (bytes == 0) bytes = facts.memory_bytes / 5 * 4;
  return std::to_string(bytes >> 20) + "Mi";
}

std::set<std::string> known_tasks(const reconcilers::World& world, const api::BenchRun& run) {
  if (!run.spec.tasks.empty()) return {run.spec.tasks.begin(), run.spec.tasks.end()};
  const auto* bench = world.benches.find(run.spec.bench);
  if (bench == nullptr) return {};
  return {bench->spec.tasks.list.begin(), bench->spec.tasks.list.end()};
}

/// A figure that is no number would be in every sum after it.
bool is_sane(const api::Sample& s) {
  const auto fine = [](const std::optional<double>& v) {
    return !v || (std::isfinite(*v) && *v >= 0);
  };
  const auto counts = [](const std::optional<std::int64_t>& v) { return !v || *v >= 0; };
  return std::isfinite(s.score) && s.score >= 0 && s.score <= 1 && fine(s.wall_seconds) &&
         fine(s.ttft_ms) && counts(s.tokens_in) && counts(s.tokens_out) && counts(s.turns) &&
         counts(s.tool_calls);
}

}  // namespace

ReportVerdict judge_report(const reconcilers::World& world, const std::string& machine,
                           const api::Report& report) {
  if (report.machine != machine)
    return {refuse(403, "Forbidden",
                   "the report is of machine \"" + report.machine + "\", the certificate of \"" +
                       machine + "\""),
            {}};
  if (report.term > world.term)
    return {refuse(409, "Conflict",
                   "the report obeys a later term (" + std::to_string(report.term.incarnation) +
                       "." + std::to_string(report.term.start) +
                       ") than this controller's: an older copy of the store is running"),
            {}};
  const auto contact = world.contacts.find(machine);
  if (contact != world.contacts.end() && contact->second.report) {
    const auto& last = *contact->second.report;
    // A later life is a restart of the agent, after which nobody speaks for an earlier one: who
    // still does has a copy of its data directory.
    if (report.life <= last.life && report.agent_id != last.agent_id)
      return {refuse(409, "Conflict",
                     "a second agent with the identity of machine \"" + machine +
                         "\" reports: stop one of them, and give it an identity of its own"),
              {}};
    if (std::pair(report.life, report.sequence) <= std::pair(last.life, last.sequence))
      return {std::nullopt, ReportVerdict::Order::stale};
  }
  for (const auto& seen : report.processes)
    if (auto wrong = judge_claim(world, seen)) return {wrong, {}};
  for (const auto& seen : report.runs)
    if (auto wrong = judge_run(world, machine, seen)) return {wrong, {}};
  return {};
}

bool tells_news(const reconcilers::Contact* before, const api::Report& report) {
  if (before == nullptr || !before->report) return true;
  const auto& last = *before->report;
  return last.revision != report.revision || last.term != report.term ||
         last.boot_id != report.boot_id || last.agent_version != report.agent_version ||
         last.processes != report.processes || last.runs != report.runs ||
         last.facts != report.facts;
}

void propose_machine(Draft& draft, const std::string& machine, const api::Facts& facts,
                     const std::map<std::string, std::string>& labels, Uids& uids,
                     base::Instant wall) {
  if (draft.picture().find("Machine", machine) != nullptr) return;
  api::MachineSpec spec;
  spec.machine_class = class_from(facts);
  spec.memory.text = memory_from(facts);
  spec.roles = {api::Role::model_server, api::Role::bench_host};
  WriteOp op;
  op.kind = "Machine";
  op.body = api::Json::object({{"apiVersion", api::kApiVersion}, {"kind", "Machine"}});
  op.body["metadata"].set("name", machine);
  for (const auto& [key, value] : labels)
    op.body["metadata"]["labels"].set(key, value);
  op.body.set("spec", api::to_json(spec));
  WriteRequest request;
  request.asker = {"agent", api::Writer::system};
  request.ops.push_back(std::move(op));
  (void)apply_writes(draft, request, uids, wall);
}

std::optional<Rejection> judge_samples(const reconcilers::World& world, const SampleBook& book,
                                       const std::string& machine, const std::string& uid,
                                       const std::vector<api::Sample>& samples,
                                       std::vector<SampleRow>& fresh) {
  const auto* run = run_by_uid(world, uid);
  if (run == nullptr) return refuse(404, "NotFound", "no benchrun with uid \"" + uid + "\"");
  if (run->status.machine != machine) {
    ORCH_MARK("samples.of-a-run-elsewhere");
    return refuse(403, "Forbidden",
                  "benchrun \"" + run->name() + "\" is not bound to machine \"" + machine + "\"");
  }
  const auto known = known_tasks(world, *run);
  for (const auto& s : samples) {
    if (s.run != uid) return refuse(422, "Invalid", "a sample of another run (\"" + s.run + "\")");
    if (s.attempt < 1 || s.attempt > run->status.attempt)
      return refuse(409, "Conflict",
                    "a sample of attempt " + std::to_string(s.attempt) + "; benchrun \"" +
                        run->name() + "\" has had " + std::to_string(run->status.attempt));
    if (s.task.size() > base::limits::kTaskIdBytes || (!known.empty() && !known.contains(s.task)))
      return refuse(422, "Invalid",
                    "benchrun \"" + run->name() + "\" has no task " +
                        base::quoted(base::clipped(s.task, base::limits::kTaskIdBytes)));
    if (!is_sane(s))
      return refuse(422, "Invalid",
                    "the sample of task " +
                        base::quoted(base::clipped(s.task, base::limits::kTaskIdBytes)) +
                        " has a figure that is none (a score is from 0 to 1)");
    const bool scored = api::is_scored(s.outcome) || ORCH_MUTANT("error-counts-as-scored");
    SampleRow row{uid, s.task, s.attempt, scored, {}};
    if (book.look(row) == SampleBook::Verdict::repeated) {
      ORCH_MARK("samples.repeated");
      continue;
    }
    // Results are final. To say "stored" of what is not stored would be a lie.
    if (api::is_finished(run->status.phase)) {
      ORCH_MARK("samples.too-late");
      return refuse(409, "Conflict",
                    "benchrun \"" + run->name() + "\" is over, its result is final: task " +
                        base::quoted(base::clipped(s.task, base::limits::kTaskIdBytes)) +
                        " came too late");
    }
    auto kept = s;
    kept.message = base::clipped(base::clean_utf8(s.message), base::limits::kMessageBytes);
    row.bytes = api::write_json(api::to_json(kept));
    fresh.push_back(std::move(row));
  }
  return std::nullopt;
}

}  // namespace controller
