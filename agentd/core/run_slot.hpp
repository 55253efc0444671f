// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/resume.hpp"
#include "agentd/core/settings.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace agentd {

/// One bench run of this machine. An attempt: prepare the directory, run the steps one after the
/// other, parse what they write, ship every new sample, and only then be finished. It recomputes
/// from the run's record, its samples and the children that are seen, so that a restart is no
/// special case.
class RunSlot {
 public:
  explicit RunSlot(std::string uid) : uid_(std::move(uid)) {}

  const std::string& uid() const { return uid_; }
  void want(std::optional<api::RunWanted> wanted);
  /// Nothing is wanted of it, and for this reason that is no order to end it.
  void leave_alone(std::string why) { left_alone_ = std::move(why); }
  /// `begin`: may an attempt be begun (the controller was heard of lately)?
  enum class Begin : std::uint8_t { allowed, refused };
  void step(const std::vector<Child>& children, Begin begin, Ports& ports, const Settings& settings,
            base::Moment now);

  /// Samples that the controller has not acknowledged, oldest first, at most `limit`.
  std::vector<api::Sample> unsent(std::size_t limit) const;
  /// The first `count` of them are stored.
  void sent(std::size_t count);
  /// The controller will never take them (the run is over or gone): they stay on disk only.
  void give_up_sending() { unsent_.clear(); }

  api::RunSeen seen() const;
  std::int64_t answered() const { return answered_; }
  bool done() const { return !wanted_ && !has_child_; }
  std::optional<base::Instant> wake() const { return wake_; }

 private:
  void load(Ports& ports, const Settings& settings);
  void prepare(Ports& ports, base::Moment now);
  void run_steps(const Child* child, Begin begin, Ports& ports, const Settings& settings,
                 base::Moment now);
  static bool is_listing(const Child& child);
  bool is_settled(const Child& child) const;
  bool needs_listing() const;
  std::string printed_path() const;
  void list_tasks(const Child* child, Begin begin, Ports& ports, const Settings& settings,
                  base::Moment now);
  void start_listing(Ports& ports, const Settings& settings, base::Moment now);
  void take_listing(const Child& child, Ports& ports, base::Moment now);
  void know_tasks();
  void start_step(Ports& ports, const Settings& settings, base::Moment now);
  bool hand_over_tasks(Ports& ports, base::Moment now);
  void launch_child(const Launch& launch, Ports& ports, base::Moment now);
  void take_exit(const Child& child, Ports& ports, base::Moment now);
  void end_attempt(std::optional<std::int64_t> exit_code, std::string reason, std::string message,
                   Ports& ports);
  void parse(Ports& ports, base::Moment now);
  void record_samples(const Parsed& parsed, const api::RunWanted& as, Ports& ports,
                      base::Moment now);
  bool harvest(Ports& ports, base::Moment now);
  void stop_child(const Child& child, Ports& ports, base::Moment now);
  void stuck(std::string message);
  std::set<std::string> scored() const;
  void sooner(base::Instant at) { wake_ = wake_ ? std::min(*wake_, at) : at; }

  std::string uid_, name_, folder_;
  std::optional<api::RunWanted> wanted_;
  std::optional<RunRecord> record_;
  std::vector<api::Sample> samples_;  // on disk
  std::vector<api::Sample> unsent_;
  bool has_child_ = false;
  std::optional<Child> child_;
  Ending ending_;
  std::int64_t harvested_ = 0;  // the attempt whose leftovers were read
  bool final_parsed_ = false, stuck_ = false;
  std::string left_alone_;  // why; empty: it is not
  std::string stuck_why_, wait_reason_, wait_message_;
  std::string stamp_;
  base::Instant next_parse_, attempt_began_;
  std::int64_t answered_ = 0, total_ = 0;
  std::map<std::string, double> metrics_;
  std::map<std::string, std::string> fingerprint_;
  std::optional<base::Instant> wake_;
};

}  // namespace agentd
