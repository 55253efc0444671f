// SPDX-License-Identifier: Apache-2.0
#include "agentd/core/ports.hpp"

namespace agentd {

std::string label(const Child& child, const std::string& key) {
  const auto found = child.labels.find(key);
  return found == child.labels.end() ? "" : found->second;
}

}  // namespace agentd
