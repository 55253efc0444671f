// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

namespace bench {

/// What was measured of one work: as many values as rounds, ours and the peer's in pairs.
struct Figure {
  std::string work, unit;
  std::vector<double> ours, theirs;
};

/// The value below which `share` (0 to 1) of them lie; they need no order.
double quantile(std::vector<double> values, double share);

/// `{"work": …}` with the medians, as scripts read it.
std::string json_line(const Figure& figure);

/// Medians with their spread and that of the ratio pair by pair, as people read it.
std::string spread_line(const Figure& figure);

}  // namespace bench
