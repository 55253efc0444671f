// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/process/processes.hpp"
#include "base/result.hpp"
#include "tests/unit/agentd/folder.hpp"

#include <string>
#include <vector>

/// Words for tests on real processes.
namespace agentd::tests {

/// The program of the tests that runs a shim.
std::string shim_program();

/// Whether a process is there and has not ended.
bool is_alive(std::int64_t pid);

/// A data folder with its processes; whatever is left of them is killed at the end.
class Bench {
 public:
  Bench() : processes(folder.path(), shim_program()) {}
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;
  ~Bench();

  Launch shell(const std::string& id, const std::string& script) const;
  std::string output() const;
  std::vector<std::int64_t> numbers() const;  // the output, when it is nothing else
  std::string record(const std::string& id) const { return folder.at("children/" + id); }

  Child child(const std::string& id);
  /// Waits on `watch_fds` alone, so that an end that is not noticed at once fails the test.
  Child child_in(const std::string& id, Child::State state);
  std::int64_t shim_of(const std::string& id) const;

  Folder folder;
  ShimProcesses processes;
};

/// A process of nobody's, which must survive the test.
class Bystander {
 public:
  explicit Bystander(const std::vector<std::string>& env);
  Bystander(const Bystander&) = delete;
  Bystander& operator=(const Bystander&) = delete;
  ~Bystander();
  std::int64_t pid() const { return pid_; }
  std::int64_t start_ticks() const;

 private:
  std::int64_t pid_ = 0;
};

}  // namespace agentd::tests
