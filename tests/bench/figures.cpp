// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/figures.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace bench {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value < 100 ? "%.3f" : "%.0f", value);
  return text;
}

std::string spread(const std::vector<double>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return number(quantile(values, 0.5)) + " [" + number(*low) + "–" + number(*high) + "]";
}

}  // namespace

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  const auto rank = std::ceil(share * static_cast<double>(values.size()));
  return values[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

std::string json_line(const Figure& figure) {
  const double ours = quantile(figure.ours, 0.5), theirs = quantile(figure.theirs, 0.5);
  return R"({"work": ")" + figure.work + R"(", "peer": "etcd", "ours": )" + number(ours) +
         R"(, "theirs": )" + number(theirs) + R"(, "unit": ")" + figure.unit + R"(", "ratio": )" +
         number(ours / theirs) + R"(, "runs": )" + std::to_string(figure.ours.size()) + "}";
}

std::string spread_line(const Figure& figure) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < figure.ours.size(); ++i)
    ratios.push_back(figure.ours[i] / figure.theirs[i]);
  return figure.work + " (" + figure.unit + "): ours " + spread(figure.ours) + ", etcd " +
         spread(figure.theirs) + ", ratio " + spread(ratios);
}

}  // namespace bench
