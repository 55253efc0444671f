// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "tests/bench/process.hpp"
#include "tests/bench/stopwatch.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bench {

/// One server under test, with its client: started in a folder of its own, killed at the end. What
/// cannot go on ends the program with the reason (`give_up`): half a figure is none.
class Side {
 public:
  virtual ~Side() = default;
  /// Writes objects 0 .. count-1, 64 writers at a time.
  virtual void fill(int count) = 0;
  /// Durable updates a second by `clients` writers, each waiting for its answer, for `span`.
  virtual double updates(int clients, Micros span) = 0;
  /// From sending an update until a watcher of all objects has its event; one at a time.
  virtual std::vector<Micros> put_to_watch(int puts) = 0;
  /// All objects in one answer, until its last byte is here.
  virtual Micros list() = 0;
  /// Told to end, and ended; then from starting the program until it answered a get.
  virtual Micros restart() = 0;
  /// Of the server's process.
  virtual Usage usage() = 0;
};

/// `program` is an orch-controller.
std::unique_ptr<Side> make_ours(const std::string& program, const std::string& folder);
/// `program` is an etcd 3.4 or later.
std::unique_ptr<Side> make_etcd(const std::string& program, const std::string& folder);

constexpr int kFillers = 64;

/// Prints why and ends the program.
[[noreturn]] void give_up(const std::string& why);

}  // namespace bench
