// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.hpp"

#include <cmath>

#include "base/text.hpp"

namespace base {
namespace {

std::string gauge_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return number_text(value);
}

/// The lines of one metric, under its type.
struct Family {
  std::string_view type;
  std::string lines;
};
using Families = std::map<std::string, Family>;

void add_line(Families& families, std::string_view type,
              const std::pair<std::string, std::string>& key, const std::string& value) {
  const auto& [name, labels] = key;
  Family& family = families[name];
  family.type = type;
  family.lines += name;
  if (!labels.empty()) family.lines += "{" + labels + "}";
  family.lines += " " + value + "\n";
}

}  // namespace

void Metrics::add(std::string_view name, std::string_view labels, std::int64_t by) {
  counters_[{std::string(name), std::string(labels)}] += by;
}

void Metrics::set(std::string_view name, std::string_view labels, double value) {
  gauges_[{std::string(name), std::string(labels)}] = value;
}

std::int64_t Metrics::counter(std::string_view name, std::string_view labels) const {
  const auto found = counters_.find({std::string(name), std::string(labels)});
  return found == counters_.end() ? 0 : found->second;
}

std::string Metrics::text() const {
  Families families;
  for (const auto& [key, value] : counters_) {
    add_line(families, "counter", key, std::to_string(value));
  }
  for (const auto& [key, value] : gauges_)
    add_line(families, "gauge", key, gauge_text(value));

  std::string out;
  for (const auto& [name, family] : families) {
    out += "# TYPE " + name + " " + std::string(family.type) + "\n" + family.lines;
  }
  return out;
}

}  // namespace base
