// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

namespace bench {

/// What is run, and with which programs.
struct Plan {
  std::string controller, etcd, folder;
  int rounds = 5;
  int seconds = 3;       // of each figure of updates
  int objects = 10'000;  // while updates, watches and lists are measured
  int many = 100'000;    // while memory and restarts are
  int puts = 1000;       // of each figure of put-to-watch
};

/// Updates, watches and lists, both sides in turn; prints a line a figure.
void measure_serving(const Plan& plan);
/// Memory and restarts with many objects, both sides in turn; prints a line a figure.
void measure_size(const Plan& plan);

}  // namespace bench
