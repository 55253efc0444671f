// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/core/core.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace controller {

/// uid-1, uid-2, ...
class CountedUids final : public Uids {
 public:
  std::string next() override { return "uid-" + std::to_string(++count_); }

 private:
  int count_ = 0;
};

/// `parsed(R"({"kind": "Model"})")`; a text that is no JSON ends the test.
api::Json parsed(std::string_view text);
/// The same manifests that every test needs, with what differs merged over `spec`.
api::Json machine_json(const std::string& name, const std::string& spec = "{}");
api::Json model_json(const std::string& name, const std::string& spec = "{}");
api::Json runtime_json(const std::string& name = "rt");
api::Json bench_json(const std::string& name = "b", const std::string& spec = "{}");
api::Json deployment_json(const std::string& name, const std::string& model,
                          const std::string& spec = "{}");
api::Json run_json(const std::string& name, const std::string& model,
                   const std::string& spec = "{}");

WriteOp create(api::Json body);
WriteOp apply(api::Json body);
WriteOp replace(api::Json body);
WriteOp merge(const std::string& kind, const std::string& name, std::string_view patch);
WriteOp merge_status(const std::string& kind, const std::string& name, std::string_view patch);
WriteOp remove(const std::string& kind, const std::string& name);

/// "created", "configured", "unchanged", "removed", "marked", or "422 Invalid".
std::string said(const Admission& admission);
std::string said(const WriteOutcome& outcome);
const Rejection& rejection_of(const Admission& admission);
const api::Json& object_of(const Admission& admission);

/// A core at its own time, with a ledger of what was made durable: the loop of the program without
/// its threads. Rounds are committed at once unless a test holds them.
class Desk {
 public:
  explicit Desk(reconcilers::Policy policy = {});

  Core& core() { return *core_; }
  const Core& core() const { return *core_; }
  const Picture& durable() const { return core_->durable(); }
  const reconcilers::World& world() const { return durable().world; }
  base::Moment now() const { return now_; }
  std::int64_t revision() const { return durable().revision; }

  /// The stored object; null when there is none.
  api::Json object(const std::string& kind, const std::string& name) const;
  /// `status.phase`, or any text below `status`.
  std::string status(const std::string& kind, const std::string& name,
                     std::string_view field = "phase") const;

  /// Asks, works until nothing is left to do now, and gives the answer.
  WriteOutcome write(std::vector<WriteOp> ops, WriteRequest::Run run = WriteRequest::Run::real);
  WriteOutcome write(WriteOp op) { return write(std::vector<WriteOp>{std::move(op)}); }
  ReportAnswer report(api::Report report, std::map<std::string, std::string> labels = {});
  SamplesAnswer samples(const std::string& machine, const std::string& uid,
                        std::vector<api::Sample> samples);

  /// The same for agents, who live with a controller that fails: nothing when no answer came.
  std::optional<ReportAnswer> try_report(api::Report report);
  std::optional<SamplesAnswer> try_samples(const std::string& machine, const std::string& uid,
                                           std::vector<api::Sample> samples);

  /// What becomes of the nth round (from 1); all are committed unless a test says otherwise.
  enum class Fate : std::uint8_t {
    commit,
    fail,          // the disk is full
    crash_before,  // the controller dies with the round
    crash_after,   // it dies when the round is durable, and nobody is answered
  };
  std::function<Fate(std::size_t)> fate;
  std::size_t rounds_begun() const { return begun_; }

  Ticket ask(std::vector<WriteOp> ops, WriteRequest::Run run = WriteRequest::Run::real);
  /// Rounds until nothing is to be done at this moment.
  void settle();
  /// Time goes on in the steps of what is due; `each` is called after every step.
  void pass(base::Duration time, const std::function<void()>& each = {});
  /// Only the clocks.
  void skip(base::Duration time) { now_ = {now_.steady + time, now_.wall + time}; }
  /// One round, not committed: it is on its way.
  std::optional<Round> begin() { return core_->begin(now_); }
  void commit(const Round& round);
  void fail(bool fatal = false);
  std::vector<Answer> take_answers() { return core_->take_answers(); }

  /// The controller starts again from what is durable.
  void restart();
  const std::vector<Round>& rounds() const { return rounds_; }

 private:
  Answer wait(Ticket ticket);
  std::optional<Answer> try_wait(Ticket ticket);
  void meet(Fate what, const Round& round);

  reconcilers::Policy policy_;
  CountedUids uids_;
  base::Moment now_{{10'000'000}, {1'800'000'000'000}};
  api::Term term_{1, 1};
  std::map<std::pair<std::string, std::string>, Row> rows_;
  std::vector<SampleRow> samples_;
  std::int64_t durable_revision_ = 0;
  std::vector<Round> rounds_;
  std::size_t begun_ = 0;
  Ticket last_ticket_ = 0;
  std::map<Ticket, Answer> answers_;
  std::unique_ptr<Core> core_;
};

}  // namespace controller
