// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "cli/session.hpp"

#include <string>
#include <vector>

namespace cli {

/// The program without its surroundings: arguments in, exit code out.
base::Exit run(const std::vector<std::string>& words, Session& session);

}  // namespace cli
