// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/settings.hpp"

#include <optional>
#include <string>
#include <vector>

namespace agentd {

/// One model server of this machine, by the uid of its deployment. It recomputes at every step from
/// what is wanted and what is seen:
///
///   (nothing) → started → port is ours → health → identity → one real generation → hot
///        ↑                                                                          │
///        └── waits (back-off) ← ended ← signal, grace, kill ← not wanted, changed, sick
class ServerSlot {
 public:
  explicit ServerSlot(std::string uid) : uid_(std::move(uid)) {}

  const std::string& uid() const { return uid_; }
  void want(std::optional<api::ServerWanted> wanted) {
    wanted_ = std::move(wanted);
    left_alone_.clear();
  }
  /// Nothing is wanted of it, and for this reason that is no order to end it.
  void leave_alone(std::string why) { left_alone_ = std::move(why); }
  /// `room`: no other server has anything left on this machine.
  enum class Room : std::uint8_t { free, taken };
  void step(const std::vector<Child>& children, Room room, Ports& ports, const Settings& settings,
            base::Moment now);
  void probed(const std::string& ticket, const ProbeAnswer& answer, Ports& ports, base::Moment now);

  api::ProcessSeen seen() const;
  /// Something of it is left on the machine, or may be.
  bool has_child() const { return child_.has_value(); }
  /// Nothing is wanted and nothing is left.
  bool done() const { return !wanted_ && !child_; }
  bool is_wanted() const { return wanted_.has_value(); }
  /// Goes to the machine's list although nothing of it runs: it waits for something.
  std::optional<base::Instant> wake() const { return wake_; }

 private:
  enum class Rung : std::uint8_t { port, health, identity, generation, hot };

  void look(const std::vector<Child>& children);
  bool matches_wanted() const;
  bool is_of_earlier_store() const;
  void start(Ports& ports, const Settings& settings, base::Moment now);
  std::optional<std::int64_t> choose_port(Ports& ports, base::Moment now);
  void end(Ports& ports, base::Moment now);
  void climb(Ports& ports, base::Moment now);
  void check_port(Ports& ports, base::Moment now);
  void ask(ProbeRequest::What what, Ports& ports, base::Moment now);
  void become_hot(const ProbeAnswer& answer, Ports& ports, base::Moment now);
  void failed(std::string reason, std::string message, base::Moment now);
  void clear_ladder(Ports& ports);
  void sooner(base::Instant at) { wake_ = wake_ ? std::min(*wake_, at) : at; }

  std::string uid_;
  std::optional<api::ServerWanted> wanted_;
  std::optional<Child> child_;  // the one that is or was last; forgotten once it ended
  std::string begun_;           // id of the child whose ladder this is
  Ending ending_;
  Rung rung_ = Rung::port;
  std::optional<std::string> asked_;  // ticket in flight
  std::int64_t tickets_ = 0, starts_ = 0, last_port_ = 0;
  base::Instant next_ask_, running_since_, hot_steady_;
  api::Time hot_since_;
  double warmup_seconds_ = 0;
  std::map<std::string, std::string> identity_;
  int failures_ = 0, probes_failed_ = 0;
  bool sick_ = false;  // it runs and must be started anew
  std::optional<base::Instant> next_start_;
  api::Time next_start_wall_;
  std::optional<base::Instant> wake_;
  std::string reason_, message_;
  std::string left_alone_;  // why; empty: it is not
};

}  // namespace agentd
