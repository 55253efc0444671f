// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/assignment.hpp"
#include "api/report.hpp"
#include "api/sample.hpp"
#include "controller/core/draft.hpp"
#include "controller/core/fleet.hpp"
#include "controller/core/work_queue.hpp"
#include "controller/core/writes.hpp"
#include "reconcilers/plan.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace controller {

/// Names a request until its answer; the caller chooses.
using Ticket = std::uint64_t;

struct ReportAnswer {
  std::optional<Rejection> rejection;
  std::int64_t revision = 0;  // of the assignment as it stands now
};
struct SamplesAnswer {
  std::optional<Rejection> rejection;
};
/// The round could not be stored: nothing of the request was done.
struct NotStored {
  Rejection rejection;
};
struct Answer {
  Ticket ticket = 0;
  std::variant<WriteOutcome, ReportAnswer, SamplesAnswer, NotStored> what;
};

/// The thread that owns the truth, without the thread: it works in rounds. `begin` takes all that
/// waits, decides, and gives the one transaction of it; `committed` says how that went, and only
/// then answers, watch events and assignments of the round may leave. No I/O, no clock, no lock.
class Core {
 public:
  Core(const Loaded& loaded, const std::vector<SampleRow>& samples, reconcilers::Policy policy,
       Uids& uids, base::Moment now);

  void write(Ticket ticket, WriteRequest request);
  void report(Ticket ticket, const std::string& machine, api::Report report,
              std::map<std::string, std::string> labels);
  void samples(Ticket ticket, const std::string& machine, const std::string& uid,
               std::vector<api::Sample> samples);
  /// The machine's identity is new (it joined again): what an earlier agent said does not count.
  void joined(const std::string& machine);

  /// Nothing while a round is on its way, or when nothing is to be stored (answers may be ready
  /// then).
  std::optional<Round> begin(base::Moment now);
  void committed(const std::optional<CommitError>& error, base::Moment now);
  bool is_committing() const { return committing_; }
  /// Is anything waiting that `begin` would take now?
  bool has_work(base::Moment now) const;
  /// When it must be asked again if nothing happens (steady clock).
  std::optional<base::Instant> next_due() const { return queue_.next_due(); }

  std::vector<Answer> take_answers();

  /// The durable picture: all that anybody may be told.
  const Picture& durable() const { return durable_; }
  /// Durable events after `revision`, oldest first, at most `limit`; nothing when the ring does not
  /// reach back that far (the client must list anew).
  std::optional<std::vector<WatchEvent>> events_after(std::int64_t revision,
                                                      std::size_t limit) const;
  api::Assignment assignment(const std::string& machine) const;
  const reconcilers::Policy& policy() const { return policy_; }

  struct Counters {
    std::int64_t rounds = 0, rounds_failed = 0, reports = 0, reports_refused = 0, reports_stale = 0;
    std::int64_t samples = 0, samples_refused = 0, writes = 0, writes_refused = 0, decisions = 0;
  };
  const Counters& counters() const { return counters_; }

 private:
  struct PendingWrite {
    Ticket ticket;
    WriteRequest request;
  };
  struct PendingReport {
    Ticket ticket;
    std::string machine;
    api::Report report;
    std::map<std::string, std::string> labels;
  };
  struct PendingSamples {
    Ticket ticket;
    std::string machine, uid;
    std::vector<api::Sample> samples;
  };
  using Pending = std::variant<PendingWrite, PendingReport, PendingSamples>;

  void take(PendingWrite& p, base::Moment now);
  void take(PendingReport& p, base::Moment now);
  void take(PendingSamples& p, base::Moment now);
  void decide(base::Moment now);
  reconcilers::Plan plan_for(const std::string& key, base::Moment now) const;
  void wake_touched(base::Moment now);
  void wake_for(const std::string& kind, const std::string& name, base::Instant at);
  void wake_waiting(base::Instant at);
  void wake_machine(const std::string& machine, base::Instant at);
  void wake_runs(const std::string& machine, base::Instant at);
  void wake_scored(base::Moment now);
  void wake_placement(base::Instant at);
  bool took_or_left_slot(const std::string& name) const;
  const reconcilers::World& world_now() const;
  void remember(const std::vector<WatchEvent>& events);

  reconcilers::Policy policy_;
  Uids& uids_;
  Picture durable_;
  Draft draft_;
  SampleBook book_;
  std::map<std::string, reconcilers::Contact> contacts_;
  WorkQueue queue_;
  std::vector<Pending> pending_;
  std::vector<Answer> round_answers_, ready_answers_;
  bool committing_ = false;
  base::Instant last_begin_, last_placement_{-1'000'000};
  std::deque<WatchEvent> ring_;
  std::size_t ring_bytes_ = 0;
  std::int64_t ring_floor_ = 0;
  Counters counters_;
};

}  // namespace controller
