// SPDX-License-Identifier: Apache-2.0
#include "controller/core/picture.hpp"

#include "api/codec/check.hpp"
#include "base/check.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace controller {
namespace {

template <class T>
T decode_object(const api::Json& json, std::int64_t revision) {
  T object;
  if (const auto* m = json.find("metadata")) object.metadata = api::from_json<api::Meta>(*m);
  if (const auto* s = json.find("spec")) object.spec = api::from_json<typename T::Spec>(*s);
  if (const auto* s = json.find("status")) object.status = api::from_json<typename T::Status>(*s);
  object.revision = revision;
  return object;
}

template <class T>
void put_in(base::Table<T>& table, const Row& row, const api::Json& json) {
  table.set(row.name, decode_object<T>(json, row.revision));
}

void put_decoded(reconcilers::World& w, const Row& row, const api::Json& json) {
  if (row.kind == "Machine") return put_in(w.machines, row, json);
  if (row.kind == "MachineGroup") return put_in(w.groups, row, json);
  if (row.kind == "Runtime") return put_in(w.runtimes, row, json);
  if (row.kind == "Model") return put_in(w.models, row, json);
  if (row.kind == "ModelDeployment") return put_in(w.deployments, row, json);
  if (row.kind == "Bench") return put_in(w.benches, row, json);
  if (row.kind == "BenchRun") return put_in(w.runs, row, json);
  if (row.kind == "Claim") return put_in(w.claims, row, json);
}

void erase_decoded(reconcilers::World& w, const std::string& kind, const std::string& name) {
  if (kind == "Machine") w.machines.erase(name);
  if (kind == "MachineGroup") w.groups.erase(name);
  if (kind == "Runtime") w.runtimes.erase(name);
  if (kind == "Model") w.models.erase(name);
  if (kind == "ModelDeployment") w.deployments.erase(name);
  if (kind == "Bench") w.benches.erase(name);
  if (kind == "BenchRun") w.runs.erase(name);
  if (kind == "Claim") w.claims.erase(name);
}

}  // namespace

const Record* Picture::find(std::string_view kind, std::string_view name) const {
  const auto table = records.find(std::string(kind));
  return table == records.end() ? nullptr : table->second.find(name);
}

api::Json Picture::object(std::string_view kind, std::string_view name) const {
  const auto* record = find(kind, name);
  if (record == nullptr) return {};
  auto json = api::parse_json(*record->bytes);
  CHECK(json);  // it was written by write_json
  return std::move(*json);
}

void Picture::put(const Row& row) {
  const auto json = api::parse_json(row.bytes);
  CHECK(json);
  put(row, *json);
}

void Picture::put(const Row& row, const api::Json& object) {
  records[row.kind].set(row.name, Record{row.kind, row.name, row.uid, row.revision,
                                         std::make_shared<const std::string>(row.bytes)});
  put_decoded(world, row, object);
  move_to(std::max(revision, row.revision));
}

void Picture::remove(const std::string& kind, const std::string& name) {
  records[kind].erase(name);
  erase_decoded(world, kind, name);
}

void Picture::move_to(std::int64_t at) {
  revision = at;
  world.revision = at;
}

SampleBook::Verdict SampleBook::look(const SampleRow& row) const {
  const auto run = tasks_.find(row.run);
  if (run == tasks_.end()) return Verdict::fresh;
  const auto task = run->second.find(row.task);
  if (task == run->second.end()) return Verdict::fresh;
  return task->second.rows.contains({row.attempt, row.scored}) ? Verdict::repeated : Verdict::fresh;
}

void SampleBook::add(const SampleRow& row, const api::Json& body, reconcilers::World& world) {
  auto& task = tasks_[row.run][row.task];
  if (!task.rows.insert({row.attempt, row.scored}).second) return;
  auto& tally = world.tallies[row.run];
  if (!row.scored) {
    const bool first_error = task.rows.size() == 1;
    if (!task.scored && first_error) ++tally.errored;
    if (row.attempt > tally.attempt) {
      tally.attempt = row.attempt;
      tally.attempt_errors = 0;
    }
    if (row.attempt == tally.attempt && !task.scored) ++tally.attempt_errors;
    return;
  }
  if (task.scored) return;  // the first scored outcome counts, whatever comes later
  const bool was_errored = task.rows.size() > 1;
  if (was_errored) --tally.errored;
  if (task.rows.contains({tally.attempt, false})) --tally.attempt_errors;
  task.scored = true;
  task.passed = body.text_at("outcome") == "pass";
  ++(task.passed ? tally.passed : tally.failed);
  tally.tokens_in += body.integer_at("tokensIn");
  tally.tokens_out += body.integer_at("tokensOut");
  if (const auto* wall = body.find("wallSeconds"); wall != nullptr && wall->is_number())
    tally.wall_seconds += wall->number();
  if (const auto* score = body.find("score"); score != nullptr && score->is_number())
    tally.score_sum += score->number();
  if (const auto failure = body.text_at("failure"); !task.passed && !failure.empty())
    ++tally.failures[failure];
  auto& scored = world.scored[row.run];
  scored.insert(std::lower_bound(scored.begin(), scored.end(), row.task), row.task);
}

}  // namespace controller
