// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/run_slot.hpp"
#include "agentd/core/server_slot.hpp"
#include "agentd/core/settings.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace agentd {

/// A batch of samples for the controller; one is on its way at a time.
struct SampleBatch {
  std::string uid;
  std::vector<api::Sample> samples;
};

/// Where the output of a server or run lies, and under which stream the controller keeps it.
struct LogSource {
  std::string stream, uid, file;
};

/// The agent without its shell: it holds the last assignment, sees the machine through the ports,
/// and goes one step at a time. It converges by itself on what it holds; a controller that is away
/// changes nothing on the machine. No socket, no clock, no thread.
class Agent {
 public:
  /// Reads its notes and begins a new life in them; fails when they cannot be read or written (then
  /// nothing may be started: the intent could not be kept).
  static base::Result<Agent> open(Ports ports, Settings settings);

  /// Takes an assignment: `forbidden` for another cluster or machine, `conflict` for an older one
  /// than it has obeyed. Durable before it acts.
  base::Status assigned(const api::Assignment& assignment, base::Moment now);
  /// The controller answered something.
  void heard(base::Moment now) { heard_ = now.steady; }
  void probed(const std::string& ticket, const ProbeAnswer& answer, base::Moment now);
  void set_facts(api::Facts facts) { facts_ = std::move(facts); }

  /// Sees, decides, acts: whenever something happened, and at `wake`.
  void step(base::Moment now);
  /// When it must step again if nothing happens (steady clock).
  std::optional<base::Instant> wake() const { return wake_; }

  /// The whole observed state; each call is a new sequence number.
  /// Whole, or not at all: nothing until every child was seen since the start of this agent. What a
  /// report leaves out is taken for gone.
  std::optional<api::Report> report(base::Moment now);
  /// Does the next report tell anything but "still here"?
  bool has_news() const;

  /// The output of every server and run that is worked on.
  std::vector<LogSource> logs() const;
  std::optional<SampleBatch> batch(std::size_t limit) const;
  enum class Taken : std::uint8_t { stored, refused };
  void batch_done(const SampleBatch& batch, Taken taken);

  /// Stops everything on this machine, wanted or not, until `is_empty`.
  void go_down() { down_ = true; }
  /// Nothing of ours is left on the machine (known, not guessed).
  bool is_empty() const { return empty_; }

  base::Duration beat() const;
  const std::optional<api::Assignment>& assignment() const { return assignment_; }
  std::int64_t life() const { return life_; }

 private:
  Agent(Ports ports, Settings settings) : ports_(ports), settings_(std::move(settings)) {}
  base::Status save() const;
  void make_slots(const std::vector<Child>& children);
  void remember_named(const api::Assignment& assignment);
  std::string why_left_alone(const std::string& uid) const;
  void end_helpers(const std::vector<Child>& children);
  void step_servers(const std::vector<Child>& children, base::Moment now);
  void step_runs(const std::vector<Child>& children, base::Moment now);
  void sooner(std::optional<base::Instant> at);

  Ports ports_;
  Settings settings_;
  api::Facts facts_;
  std::int64_t life_ = 0, sequence_ = 0;
  api::Term term_;
  std::int64_t revision_ = 0;
  std::optional<api::Assignment> assignment_;
  // What assignments of this incarnation of the store have named, as far as anything is left of it;
  // nothing while no other incarnation was seen.
  std::optional<std::set<std::string>> named_;
  std::map<std::string, ServerSlot> servers_;  // by uid
  std::map<std::string, RunSlot> runs_;        // by uid
  std::optional<base::Instant> heard_, wake_;
  std::optional<api::Report> last_report_;
  bool down_ = false, empty_ = false;
  bool whole_ = false;  // every child was seen since the start
};

}  // namespace agentd
