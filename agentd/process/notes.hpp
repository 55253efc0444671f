// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/ports.hpp"

#include <string>

namespace agentd {

/// The agent's memory in one private file.
class FileNotes : public Notes {
 public:
  explicit FileNotes(std::string path) : path_(std::move(path)) {}
  base::Result<std::string> load() override;
  base::Status save(const std::string& text) override;

 private:
  std::string path_;
};

}  // namespace agentd
