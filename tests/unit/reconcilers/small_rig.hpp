// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/assignment.hpp"
#include "base/dice.hpp"
#include "tests/support/world.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace reconcilers {

/// A rig of machines with obedient but slow agents, driven by the reconcilers alone: no store, no
/// wire. It knows what really runs, which the reconcilers only hear of, and holds every change
/// against that. `broken` collects what should never be.
class SmallRig {
 public:
  explicit SmallRig(std::uint64_t seed);

  /// People, networks and agents at their worst.
  void storm_step();
  /// Agents obey, runs succeed, nobody touches anything. True when something was decided.
  bool calm_step();
  /// All machines that may ever be back are back.
  void end_storm();

  /// What does not hold now that nothing moves any more.
  std::vector<std::string> unmet() const;
  const std::vector<std::string>& broken() const { return broken_; }
  const World& world() const { return world_; }
  std::string story() const;

 private:
  struct Process {
    std::string deployment;
    api::Epoch epoch;
    api::ServerPhase phase = api::ServerPhase::starting;
  };
  struct Attempt {
    std::string run;
    std::int64_t attempt = 0;
    api::RunPhase phase = api::RunPhase::preparing;
    std::int64_t exit_code = 0;
  };
  /// What really is on a machine.
  struct Box {
    enum class Link : std::uint8_t { up, cut, dead } link = Link::up;
    api::Assignment assigned;
    std::map<std::string, Process> processes;  // by uid
    std::map<std::string, Attempt> attempts;   // by uid
  };
  enum class Mood : std::uint8_t { storm, calm };

  void people();
  void network();
  void agents(Mood mood);
  void work(const std::string& name, Box& box, Mood mood);
  void serve(Box& box, Mood mood);
  void bench(Box& box, Mood mood);
  void report(const std::string& name, const Box& box);
  bool decide();
  void apply(const Plan& plan);
  void apply(const TakeClaim& c);
  void apply(const SetClaim& c);
  void apply(const DropClaim& c);
  void apply(const CreateDeployment& c);
  void apply(const AskDelete& c);
  void apply(const LetGo& c);
  void apply(const BindRun& c);
  void apply(const SetMachineStatus& c);
  void apply(const SetDeploymentStatus& c);
  void apply(const SetRunStatus& c);
  void apply(const RecordEvent&) {}

  template <class T>
  void put(base::Table<T> World::*table, T object);
  template <class T>
  const T* picked(const base::Table<T>& table);
  void expect(bool holds, const std::string& what);
  bool speaks(const std::string& machine) const;
  bool naive_fit(const api::ModelDeployment* d, const api::BenchRun* r,
                 const api::Machine& m) const;
  void add_run();
  void add_deployment();
  void unmet_deployments(std::vector<std::string>& out) const;
  void unmet_runs(std::vector<std::string>& out) const;

  base::Dice dice_;
  World world_;
  base::Moment now_ = support::kNow;
  std::map<std::string, Box> boxes_;
  std::map<std::string, api::Epoch> highest_;  // by machine: the latest epoch given out
  int names_ = 0;
  std::vector<std::string> broken_, story_;
};

}  // namespace reconcilers
