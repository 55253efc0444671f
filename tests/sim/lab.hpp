// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/agent.hpp"
#include "controller/core/core.hpp"
#include "controller/store/sqlite_store.hpp"
#include "tests/sim/disk/crash_vfs.hpp"
#include "tests/sim/host.hpp"
#include "tests/sim/sieve.hpp"
#include "tests/sim/stage.hpp"
#include "tests/sim/storm.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sim {

/// The change log's bound in the lab.
inline constexpr std::int64_t kChangesMax = 300;

/// A promise to the operator that did not hold.
struct Broken {
  std::string id, what;
};

/// uids from seeded dice.
class SeededUids : public controller::Uids {
 public:
  explicit SeededUids(base::Dice dice) : dice_(dice) {}
  std::string next() override;

 private:
  base::Dice dice_;
};

/// What the operator asked and was told is done: the goal, kept outside of the product.
struct Asked {
  std::set<std::string> hot;        // deployments that must be hot
  std::set<std::string> runs;       // runs that must be scored
  std::set<std::string> cancelled;  // runs that must end cancelled (or were done before)
  std::set<std::string> deleted;    // names that must be gone, "Kind/name"
};

/// The whole system in one process: one controller with its real store, agents with their real
/// cores, a wire between them, and people.
class Lab {
 public:
  Lab(std::uint64_t seed, const Storm& storm, int machines = 3);
  /// Of the faults that the seed asks for only these happen.
  void only_faults(std::set<std::int64_t> numbers) { faults_.only(std::move(numbers)); }
  const std::vector<Faults::Fault>& faults() const { return faults_.taken(); }
  ~Lab();

  Stage& stage() { return stage_; }
  const std::optional<Broken>& broken() const { return broken_; }
  /// Faults until `storm_ends`, then none: must converge, then must be quiet.
  void run(base::Duration storm);
  /// A scenario of the sieve, without luck and with one perturbation.
  void play(std::string_view scenario, const Perturbation& perturbation);
  /// Durable steps so far.
  struct Steps {
    std::int64_t agent = 0, controller = 0;
  };
  Steps steps() const;
  std::string summary() const;

 private:
  struct AgentSeat;
  using Reply = std::function<void(bool ok, const api::Json&)>;

  // The controller.
  void boot_controller();
  void crash_controller(const char* why);
  void pump();
  void commit(controller::Round round);
  void deliver();
  void send_assignments(bool all);
  void beat_assignments();

  // The agents.
  void start_agent(AgentSeat& seat);
  void kill_agent(AgentSeat& seat);
  void guarded(AgentSeat& seat, const std::function<void()>& what);
  void step_agent(AgentSeat& seat);
  void agent_sends(AgentSeat& seat);
  void send_report(AgentSeat& seat);
  void send_batch(AgentSeat& seat);

  // The wire: late, lost, doubled; cut one way or both.
  enum class Way { up, down };
  void send(AgentSeat& seat, Way way, std::function<void()> arrive);

  // People and trouble.
  void ask(controller::WriteRequest request, const std::string& about,
           std::function<void(const controller::WriteOutcome&)> done);
  void apply(const api::Json& object, std::function<void()> done);
  /// The name by value: it may be the one that is taken out of what was asked for.
  void remove(const std::string& kind, std::string name);
  void set_up();
  void people();
  void trouble();
  void every(base::Duration mean, const std::function<void()>& what);
  void trouble_every(base::Duration mean, const std::string& about,
                     const std::function<void()>& what);
  bool strikes(base::Dice& dice, std::int64_t one_in, const std::string& about);
  void jump_clock();
  /// Now, or when the agent may run again.
  void when_awake(AgentSeat& seat, std::function<void()> what);
  void replay_old(AgentSeat& seat);
  void give(AgentSeat& seat, const std::string& assignment);
  base::Moment controller_now() const { return stage_.moment(skew_); }

  // The checkers.
  void check_claims();
  void check_runs();
  void check_ghosts();
  void check_samples();
  void check_goal();
  void check_acked();
  void check_status();
  bool serves(const std::string& uid) const;
  void check_reported(const api::Report& report);
  void check_bounds();
  void look_around();
  struct Watcher;
  void watch(Watcher& watcher);
  void race();
  void patch(const std::string& kind, const std::string& name, api::Json spec,
             std::function<void()> done);
  void set_up_small();
  void script(std::string_view scenario);
  void blind(AgentSeat& seat);
  void finish(base::Duration deadline, base::Duration settle, base::Duration quiet);
  void break_promise(const std::string& id, const std::string& what);
  bool converged();
  bool keep_store();

  base::Dice dice_, people_dice_, wire_dice_, trouble_dice_;
  Stage stage_;
  Faults faults_{stage_};
  Storm storm_;
  bool calm_ = false;
  Ghost ghost_;
  SeededUids uids_;

  CrashDisk disk_;
  std::unique_ptr<controller::SqliteStore> store_;
  std::unique_ptr<controller::Core> core_;
  std::int64_t controller_life_ = 0, writes_ = 0;
  base::Duration skew_{0};  // of the controller's wall clock
  base::Instant asleep_until_;
  Perturbation perturbation_;
  std::int64_t commits_ = 0;
  base::Instant held_until_;  // real news for the one that came back waits until then
  bool wake_planned_ = false;
  controller::Ticket next_ticket_ = 0;
  std::map<controller::Ticket, std::function<void(const controller::Answer&)>> waiting_;
  std::map<std::string, api::Assignment> sent_;

  std::vector<std::unique_ptr<AgentSeat>> seats_;
  Asked asked_;
  std::set<std::string> removing_;                  // "Kind/name" whose removal has no answer yet
  std::map<std::string, std::string> acked_;        // "Kind/name" -> uid that the operator was told
  std::map<std::string, std::string> claimed_;      // machine -> uid, as last seen
  std::map<std::string, std::int64_t> last_epoch_;  // by machine
  std::map<std::string, std::string> last_holder_;
  std::map<std::string, std::int64_t> last_attempt_;  // by run uid
  std::map<std::string, std::string> final_;          // status of finished runs, by uid
  /// Somebody who lists once and then only hears what changes.
  struct Watcher {
    std::int64_t revision = -1;                                      // -1: has to list
    std::map<std::string, std::shared_ptr<const std::string>> held;  // by "Kind/name"
  };
  std::vector<Watcher> watchers_;
  base::Dice watch_dice_;
  base::Instant booted_;
  std::map<std::string, base::Instant> heard_;  // by machine: when a report came in
  std::map<std::string, base::Instant>
      hot_lie_since_;  // deployments called hot that nothing serves
  std::int64_t runs_made_ = 0;
  std::optional<Broken> broken_;
};

}  // namespace sim
