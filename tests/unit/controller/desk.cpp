// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/controller/desk.hpp"

#include "api/codec/patch.hpp"
#include "base/check.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace controller {
namespace {

constexpr int kRoundsAtOnce = 200;  // more in one moment is a loop that never ends

api::Json manifest(std::string_view kind, const std::string& name, std::string_view base_spec,
                   const std::string& spec) {
  auto object = api::Json::object({{"apiVersion", "orch/v1"}, {"kind", kind}});
  object["metadata"].set("name", name);
  object.set("spec", api::merge_patched(parsed(base_spec), parsed(spec)));
  return object;
}

WriteOp op_of(WriteOp::Verb verb, api::Json body) {
  WriteOp op;
  op.verb = verb;
  op.kind = body.text_at("kind");
  if (verb == WriteOp::Verb::replace) op.name = body.at({"metadata", "name"})->string();
  op.body = std::move(body);
  return op;
}

}  // namespace

api::Json parsed(std::string_view text) {
  auto json = api::parse_json(text);
  CHECK(json);
  return std::move(*json);
}

api::Json machine_json(const std::string& name, const std::string& spec) {
  return manifest("Machine", name, R"({"memory":"96G","roles":["model-server","bench-host"]})",
                  spec);
}
api::Json model_json(const std::string& name, const std::string& spec) {
  return manifest("Model", name,
                  R"({"source":{"file":"/m.gguf"},"minMemory":"8G","runtimes":[{"runtime":"rt"}]})",
                  spec);
}
api::Json runtime_json(const std::string& name) {
  return manifest("Runtime", name,
                  R"~({"engine":"custom","driver":"process","command":["serve","$(port)"]})~",
                  "{}");
}
api::Json bench_json(const std::string& name, const std::string& spec) {
  return manifest("Bench", name,
                  R"({"command":["harness"],"parser":{"builtin":"jsonl"},
                      "tasks":{"list":["t1","t2","t3","t4"]}})",
                  spec);
}
api::Json deployment_json(const std::string& name, const std::string& model,
                          const std::string& spec) {
  auto object = manifest("ModelDeployment", name, "{}", spec);
  object["spec"].set("model", model);
  return object;
}
api::Json run_json(const std::string& name, const std::string& model, const std::string& spec) {
  auto object = manifest("BenchRun", name, R"({"bench":"b"})", spec);
  object["spec"].set("model", model);
  return object;
}

WriteOp create(api::Json body) {
  return op_of(WriteOp::Verb::create, std::move(body));
}
WriteOp apply(api::Json body) {
  return op_of(WriteOp::Verb::apply, std::move(body));
}
WriteOp replace(api::Json body) {
  return op_of(WriteOp::Verb::replace, std::move(body));
}
WriteOp merge(const std::string& kind, const std::string& name, std::string_view patch) {
  WriteOp op;
  op.verb = WriteOp::Verb::merge_patch;
  op.kind = kind;
  op.name = name;
  op.body = parsed(patch);
  return op;
}
WriteOp merge_status(const std::string& kind, const std::string& name, std::string_view patch) {
  auto op = merge(kind, name, patch);
  op.part = WriteOp::Part::status;
  return op;
}
WriteOp remove(const std::string& kind, const std::string& name) {
  WriteOp op;
  op.verb = WriteOp::Verb::remove;
  op.kind = kind;
  op.name = name;
  return op;
}

std::string said(const Admission& admission) {
  if (const auto* no = std::get_if<Rejection>(&admission))
    return std::to_string(no->code) + " " + no->reason;
  static constexpr const char* words[] = {"created", "configured", "unchanged", "removed",
                                          "marked"};
  return words[static_cast<std::size_t>(std::get<Admitted>(admission).what)];
}
std::string said(const WriteOutcome& outcome) {
  std::string out;
  for (const auto& admission : outcome.admissions)
    out += (out.empty() ? "" : ", ") + said(admission);
  return out;
}
const Rejection& rejection_of(const Admission& admission) {
  return std::get<Rejection>(admission);
}
const api::Json& object_of(const Admission& admission) {
  return std::get<Admitted>(admission).object;
}

Desk::Desk(reconcilers::Policy policy) : policy_(policy) {
  restart();
}

void Desk::restart() {
  Loaded loaded{"lab", term_, durable_revision_, {}};
  for (const auto& [key, row] : rows_)
    loaded.rows.push_back(row);
  core_ = std::make_unique<Core>(loaded, samples_, policy_, uids_, now_);
  ++term_.start;
}

api::Json Desk::object(const std::string& kind, const std::string& name) const {
  return durable().object(kind, name);
}

std::string Desk::status(const std::string& kind, const std::string& name,
                         std::string_view field) const {
  const auto found = object(kind, name);
  const auto* status = found.find("status");
  return status == nullptr ? "" : status->text_at(field);
}

Ticket Desk::ask(std::vector<WriteOp> ops, WriteRequest::Run run) {
  core_->write(++last_ticket_, {std::move(ops), {"alice", api::Writer::person}, run});
  return last_ticket_;
}

WriteOutcome Desk::write(std::vector<WriteOp> ops, WriteRequest::Run run) {
  return std::get<WriteOutcome>(wait(ask(std::move(ops), run)).what);
}

ReportAnswer Desk::report(api::Report report, std::map<std::string, std::string> labels) {
  const auto machine = report.machine;
  core_->report(++last_ticket_, machine, std::move(report), std::move(labels));
  return std::get<ReportAnswer>(wait(last_ticket_).what);
}

SamplesAnswer Desk::samples(const std::string& machine, const std::string& uid,
                            std::vector<api::Sample> samples) {
  core_->samples(++last_ticket_, machine, uid, std::move(samples));
  return std::get<SamplesAnswer>(wait(last_ticket_).what);
}

Answer Desk::wait(Ticket ticket) {
  auto answer = try_wait(ticket);
  CHECK(answer);
  return std::move(*answer);
}

std::optional<Answer> Desk::try_wait(Ticket ticket) {
  settle();
  const auto found = answers_.find(ticket);
  if (found == answers_.end()) return std::nullopt;
  auto answer = std::move(found->second);
  answers_.erase(found);
  return answer;
}

std::optional<ReportAnswer> Desk::try_report(api::Report report) {
  const auto machine = report.machine;
  core_->report(++last_ticket_, machine, std::move(report), {});
  const auto answer = try_wait(last_ticket_);
  const auto* got = answer ? std::get_if<ReportAnswer>(&answer->what) : nullptr;
  return got != nullptr ? std::optional(*got) : std::nullopt;
}

std::optional<SamplesAnswer> Desk::try_samples(const std::string& machine, const std::string& uid,
                                               std::vector<api::Sample> samples) {
  core_->samples(++last_ticket_, machine, uid, std::move(samples));
  const auto answer = try_wait(last_ticket_);
  const auto* got = answer ? std::get_if<SamplesAnswer>(&answer->what) : nullptr;
  return got != nullptr ? std::optional(*got) : std::nullopt;
}

void Desk::settle() {
  for (int rounds = 0; core_->has_work(now_); ++rounds) {
    ASSERT_LT(rounds, kRoundsAtOnce) << "the loop spins in one moment";
    if (const auto round = begin()) meet(fate ? fate(++begun_) : Fate::commit, *round);
    for (auto& answer : take_answers())
      answers_[answer.ticket] = std::move(answer);
  }
}

void Desk::meet(Fate what, const Round& round) {
  if (what == Fate::fail) return fail();
  if (what != Fate::crash_before) commit(round);
  if (what == Fate::commit) return;
  (void)take_answers();
  restart();
}

void Desk::pass(base::Duration time, const std::function<void()>& each) {
  const auto end = now_.steady + time;
  settle();
  while (now_.steady < end) {
    const auto due = core_->next_due();
    const auto next = due && *due > now_.steady ? std::min(*due, end) : end;
    skip(next - now_.steady);
    settle();
    if (each) each();
  }
}

void Desk::commit(const Round& round) {
  for (const auto& row : round.puts)
    rows_[{row.kind, row.name}] = row;
  for (const auto& key : round.removals)
    rows_.erase(key);
  samples_.insert(samples_.end(), round.samples.begin(), round.samples.end());
  durable_revision_ = round.revision;
  rounds_.push_back(round);
  core_->committed(std::nullopt, now_);
}

void Desk::fail(bool fatal) {
  core_->committed(CommitError{base::unavailable("no space left"), fatal}, now_);
}

}  // namespace controller
