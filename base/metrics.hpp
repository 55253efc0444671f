// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace base {

/// Counters and gauges by name and label text, in Prometheus form. Names are
/// `orch_<room>_<noun>_<unit>[_total]`, labels from closed sets. Owned by one thread.
class Metrics {
 public:
  /// `labels` is ready text such as `kind="Machine",code="200"`, or empty.
  void add(std::string_view name, std::string_view labels = {}, std::int64_t by = 1);
  void set(std::string_view name, std::string_view labels, double value);
  std::int64_t counter(std::string_view name, std::string_view labels = {}) const;
  /// The Prometheus text exposition, sorted.
  std::string text() const;

 private:
  using Key = std::pair<std::string, std::string>;
  std::map<Key, std::int64_t> counters_;
  std::map<Key, double> gauges_;
};

}  // namespace base
