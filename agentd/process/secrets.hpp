// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/ports.hpp"
#include "base/result.hpp"

#include <string>
#include <vector>

namespace agentd {

/// `NAME=value` of each secret, read from `<data-dir>/secrets/` now; they go on through the
/// environment only and never into a file of ours. An error names the file that is missing or open
/// to others. One newline at a file's end is not part of the secret.
base::Result<std::vector<std::string>> read_secrets(const std::string& data_dir,
                                                    const Launch& launch);

}  // namespace agentd
