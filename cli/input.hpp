// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/yaml.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <string>

namespace cli {

/// Everything from a descriptor (not owned) to its end; `invalid` beyond `bytes_max`.
base::Result<std::string> read_all(int fd, std::size_t bytes_max);

/// A file, also where it is a pipe (`-f <(...)`).
base::Result<std::string> read_source(const std::string& path, std::size_t bytes_max);

/// `pod.yaml:3:7: `, before what is wrong there.
std::string place_text(const std::string& path, api::Place place);

}  // namespace cli
