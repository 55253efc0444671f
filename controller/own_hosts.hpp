// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

namespace controller {

/// The names by which this machine's own programs reach the server.
std::vector<std::string> own_hosts();

}  // namespace controller
