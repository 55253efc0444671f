// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

namespace bench {

/// What a process has and has used.
struct Usage {
  double resident_mib = 0;
  double cpu_seconds = 0;  // of all its threads, in user space and in the kernel
};

/// A program that we started. It dies when this object does, and also when we are killed.
class Process {
 public:
  /// What it says on stderr goes to the end of the file `log`; it sees only this environment.
  Process(const std::vector<std::string>& arguments, const std::string& log,
          const std::vector<std::string>& environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// The first line that it prints on stdout; empty when it ended without one.
  std::string first_line();
  /// Sends a signal and waits for the end; gives the exit code, 128 + N for a signal N.
  int end(int signal);
  /// Waits for the end that it comes to by itself.
  int wait();
  Usage usage() const;

 private:
  int pid_ = -1, out_ = -1;
};

/// A TCP port of the loopback interface that nobody listens on at the moment.
int free_port();

}  // namespace bench
