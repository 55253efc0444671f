// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/time.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace controller {

/// Keys to reconcile, each at most once in the queue and at most once in hand.
/// It owns no thread, no timer and no clock: the loop asks it with `now`.
class WorkQueue {
 public:
  using Key = std::string;

  /// Asks for `key` at `at`. An earlier wish wins; a key in hand comes back when it is done.
  void add(const Key& key, base::Instant at);

  /// The key that is due first, now in hand; nothing if none is due.
  std::optional<Key> take(base::Instant now);

  /// Puts `key` down. After a failure it returns later each time; after a success its count is
  /// forgotten.
  void done(const Key& key, bool ok, base::Instant now);

  /// When the loop must wake if nothing else happens.
  std::optional<base::Instant> next_due() const;

 private:
  std::map<Key, base::Instant> due_;
  std::set<std::pair<base::Instant, Key>> order_;
  std::map<Key, std::optional<base::Instant>> in_hand_;
  std::map<Key, int> failures_;
};

}  // namespace controller
