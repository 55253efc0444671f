// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/ports.hpp"

#include <string>
#include <vector>

namespace agentd {

/// Task ids in files of a run directory, one a line.
class FileTaskFiles : public TaskFiles {
 public:
  base::Result<std::vector<std::string>> read(const std::string& path, Look look) override;
  base::Status write(const std::string& path, const std::vector<std::string>& ids) override;
};

}  // namespace agentd
