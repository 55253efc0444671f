// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"
#include "base/time.hpp"

#include <string>
#include <vector>

namespace agentd {

/// What a program prints on standard output, for tools that answer at once: `command[0]` is a path.
/// A tool that hangs (an accelerator's, on a wedged driver) is killed at the deadline and is an
/// error, as is another exit code than 0.
base::Result<std::string> run_briefly(const std::vector<std::string>& command,
                                      base::Duration deadline);

}  // namespace agentd
