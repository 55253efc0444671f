// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "tests/bench/stopwatch.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bench {

/// PEM texts with which a client proves itself and its server.
struct Credentials {
  std::string ca, certificate, key;
};

struct KeyValue {
  std::string key, value;
};

/// etcd's API over gRPC. One thread drives all writers through one completion queue, as one loop
/// drives ours; gRPC has threads of its own below it.
class EtcdClient {
 public:
  EtcdClient(const std::string& address, Credentials credentials);
  ~EtcdClient();
  EtcdClient(const EtcdClient&) = delete;
  EtcdClient& operator=(const EtcdClient&) = delete;

  /// Reads one key; waits for the server where it does not answer yet.
  std::string get(const std::string& key);
  /// All keys with this beginning, in one answer.
  int list(const std::string& prefix);
  /// `clients` writers, each waiting for its answer before it asks `next` again, until that has no
  /// more for it. Gives the number of writes.
  using Next = std::function<std::optional<KeyValue>(int client)>;
  long put(int clients, const Next& next);
  /// From each put until a watcher of `prefix` has its event.
  std::vector<Micros> put_to_watch(const std::string& prefix, int puts, const Next& next);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bench
