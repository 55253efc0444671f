// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <string>

namespace bench {

/// Runs `work` in a process of its own with a new folder below `above`, and removes the folder
/// when that process has ended, however it did. SIGINT and SIGTERM end it, and every server that it
/// started. Gives the exit code.
int with_folder(const std::string& above, const std::function<int(const std::string&)>& work);

}  // namespace bench
