// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/lab.hpp"

#include "api/codec/yaml.hpp"
#include "base/check.hpp"
#include "tests/fuzz/target.hpp"

#include <algorithm>
#include <set>

namespace fuzz {
namespace {

using controller::Core;
using controller::WriteOp;

constexpr int kRoundsAtOnce = 200;  // more in one moment is a loop that never ends
constexpr std::string_view kManifests = R"~(
{apiVersion: orch/v1, kind: Runtime, metadata: {name: rt},
 spec: {engine: custom, driver: process, command: [serve, "$(port)"]}}
---
{apiVersion: orch/v1, kind: Model, metadata: {name: m},
 spec: {source: {file: /m.gguf}, minMemory: 8G, runtimes: [{runtime: rt}]}}
---
{apiVersion: orch/v1, kind: Bench, metadata: {name: b},
 spec: {command: [harness], parser: {builtin: jsonl}, tasks: {list: [t1, t2, t3]}}}
---
{apiVersion: orch/v1, kind: ModelDeployment, metadata: {name: d}, spec: {model: m}}
---
{apiVersion: orch/v1, kind: BenchRun, metadata: {name: r1}, spec: {bench: b, model: m}}
---
{apiVersion: orch/v1, kind: BenchRun, metadata: {name: r2}, spec: {bench: b, model: m}}
)~";

/// A run's results as they are told, apart from how far its attempts are.
bool is_final(const api::BenchRun& run) {
  return api::is_finished(run.status.phase);
}

}  // namespace

Lab::Lab(Ledger ledger) : ledger_(std::move(ledger)), now_(ledger_.now) {
  start();
}

Lab Lab::ready() {
  static const Ledger first = [] {
    Lab lab{Ledger{}};
    lab.set_up();
    lab.ledger_.now = lab.now_;
    return lab.ledger_;
  }();
  Lab lab{first};
  for (const auto* machine : {"a", "b"})
    (void)lab.report(machine, lab.honest(machine));
  (void)lab.settle();
  return lab;
}

void Lab::set_up() {
  for (auto& document : api::read_yaml(kManifests).documents) {
    WriteOp op;
    op.kind = document.value.text_at("kind");
    op.body = std::move(document.value);
    CHECK(!write(std::move(op)).refused());
  }
  // Claimed, hot, bound, begun: each comes of what the agents say.
  for (int beat = 0; beat < 6; ++beat) {
    for (const auto* machine : {"a", "b"})
      CHECK(!report(machine, honest(machine)).rejection);
    pass(base::Duration{2'000});
  }
  const auto& runs = durable().world.runs;
  CHECK(std::any_of(runs.begin(), runs.end(),
                    [](const auto& run) { return api::is_bound(run.second->status.phase); }));
}

void Lab::start() {
  controller::Loaded loaded{"lab", ledger_.term, ledger_.revision, {}};
  for (const auto& [key, row] : ledger_.rows)
    loaded.rows.push_back(row);
  core_ =
      std::make_unique<Core>(loaded, ledger_.samples, reconcilers::Policy{}, ledger_.uids, now_);
  ++ledger_.term.start;
}

void Lab::restart() {
  const auto before = durable();
  start();
  const auto& after = durable();
  promise(before.revision == after.revision, "a restart keeps the revision");
  for (const auto& [kind, table] : before.records)
    for (const auto& [name, record] : table) {
      const auto* again = after.find(kind, name);
      promise(again != nullptr && *again->bytes == *record->bytes, "a restart keeps every object");
    }
  promise(before.world.tallies == after.world.tallies && before.world.scored == after.world.scored,
          "a restart counts every sample the same");
}

void Lab::check_round(const controller::Round& round) const {
  const auto& world = durable().world;
  promise(!round.empty(), "no round is stored for nothing");
  promise(round.revision >= ledger_.revision, "the revision never falls");
  promise(round.revision > ledger_.revision || (round.puts.empty() && round.removals.empty()),
          "what changes has a revision of its own");
  for (const auto& row : round.puts) {
    const auto found = ledger_.rows.find({row.kind, row.name});
    promise(found == ledger_.rows.end() || row.revision > found->second.revision,
            "an object that is stored is a later one");
    const auto json = api::parse_json(row.bytes);
    promise(json && api::write_json(*json) == row.bytes, "stored bytes are canonical JSON");
  }
  std::set<std::tuple<std::string, std::string, std::int64_t, bool>> keys;
  for (const auto& s : ledger_.samples)
    keys.emplace(s.run, s.task, s.attempt, s.scored);
  for (const auto& s : round.samples) {
    promise(keys.emplace(s.run, s.task, s.attempt, s.scored).second, "a sample is stored once");
    const auto run = std::find_if(world.runs.begin(), world.runs.end(), [&](const auto& entry) {
      return entry.second->metadata.uid == s.run;
    });
    promise(run != world.runs.end(), "a sample is of a run that is known");
    promise(!is_final(*(*run).second), "a result that is final stays");
  }
}

void Lab::keep(const controller::Round& round) {
  for (const auto& row : round.puts)
    ledger_.rows[{row.kind, row.name}] = row;
  for (const auto& key : round.removals)
    ledger_.rows.erase(key);
  ledger_.samples.insert(ledger_.samples.end(), round.samples.begin(), round.samples.end());
  ledger_.revision = round.revision;
}

std::vector<controller::Answer> Lab::settle() {
  for (int rounds = 0; core_->has_work(now_); ++rounds) {
    promise(rounds < kRoundsAtOnce, "the core comes to rest");
    const auto before = durable().revision;
    const auto round = core_->begin(now_);
    if (!round) {
      promise(durable().revision == before, "without a round the revision stays");
      continue;
    }
    check_round(*round);
    keep(*round);
    core_->committed(std::nullopt, now_);
    promise(durable().revision == round->revision, "the picture is that of the round");
  }
  return core_->take_answers();
}

void Lab::pass(base::Duration time) {
  const auto end = now_.steady + time;
  (void)settle();
  while (now_.steady < end) {
    const auto due = core_->next_due();
    const auto next = due && *due > now_.steady ? std::min(*due, end) : end;
    const auto step = next - now_.steady;
    now_ = {now_.steady + step, now_.wall + step};
    (void)settle();
  }
}

controller::Answer Lab::answer_of(controller::Ticket ticket) {
  for (auto& answer : settle())
    if (answer.ticket == ticket) return std::move(answer);
  throw Broken{"everybody who asks is answered"};
}

controller::WriteOutcome Lab::write(WriteOp op) {
  core_->write(++last_, {{std::move(op)}, {"alice", api::Writer::person}});
  return std::get<controller::WriteOutcome>(answer_of(last_).what);
}

controller::ReportAnswer Lab::report(const std::string& machine, api::Report report) {
  core_->report(++last_, machine, std::move(report), {});
  return std::get<controller::ReportAnswer>(answer_of(last_).what);
}

controller::SamplesAnswer Lab::samples(const std::string& machine, const std::string& uid,
                                       std::vector<api::Sample> samples) {
  core_->samples(++last_, machine, uid, std::move(samples));
  return std::get<controller::SamplesAnswer>(answer_of(last_).what);
}

api::Report Lab::honest(const std::string& machine) {
  const auto wanted = core_->assignment(machine);
  api::Report report;
  report.machine = machine;
  report.boot_id = report.agent_id = "1";
  report.life = 1;
  report.sequence = ++ledger_.sequences[machine];
  report.term = wanted.term;
  report.revision = wanted.revision;
  report.facts.memory_bytes = 10LL << 30;
  for (const auto& server : wanted.servers) {
    api::ProcessSeen seen;
    seen.deployment = server.name;
    seen.uid = server.uid;
    seen.epoch = server.epoch;
    seen.phase = api::ServerPhase::hot;
    seen.digest = server.digest;
    seen.endpoint = "http://127.0.0.1:8000/v1";
    report.processes.push_back(std::move(seen));
  }
  for (const auto& run : wanted.runs) {
    api::RunSeen seen;
    seen.run = run.name;
    seen.uid = run.uid;
    seen.attempt = run.attempt;
    seen.phase = api::RunPhase::running;
    report.runs.push_back(std::move(seen));
  }
  return report;
}

}  // namespace fuzz
