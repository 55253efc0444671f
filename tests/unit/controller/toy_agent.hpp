// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "tests/unit/controller/desk.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace controller {

/// An agent without a machine, for a second at a time: it takes its assignment, obeys it, and
/// reports the whole of what is so. It starts a server in three steps and answers a task a step.
class ToyAgent {
 public:
  ToyAgent(Desk& desk, std::string machine);

  /// One second of its life.
  void step();

  /// How the `nth` try (from 1) of a task ends; all pass unless a test says otherwise.
  std::function<api::Outcome(const std::string& task, int nth)> answer;
  enum class Link : std::uint8_t { up, cut } link = Link::up;

  int starts() const { return starts_; }
  /// How often a task was executed.
  const std::map<std::string, int>& executed() const { return executed_; }
  std::size_t processes() const { return servers_.size(); }

 private:
  struct Server {
    api::ProcessSeen seen;
    int age = 0;
  };
  struct Attempt {
    api::RunSeen seen;
    std::vector<std::string> left;  // tasks to do
    std::vector<api::Sample> unsent;
  };

  void serve();
  void bench();
  void work(const api::RunWanted& wanted, Attempt& attempt);
  void send(const std::string& uid, Attempt& attempt);
  void report();

  Desk& desk_;
  std::string machine_;
  api::Assignment assignment_;
  std::map<std::string, Server> servers_;    // by uid
  std::map<std::string, Attempt> attempts_;  // by uid
  std::map<std::string, int> executed_;
  std::optional<api::Report> last_;  // the last one that was taken
  base::Instant last_at_;
  std::int64_t sequence_ = 0;
  std::int64_t next_pid_ = 100;
  int starts_ = 0;
};

}  // namespace controller
