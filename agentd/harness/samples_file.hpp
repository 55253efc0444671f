// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/ports.hpp"

#include <string>
#include <string_view>
#include <vector>

/// samples.jsonl: one normalized sample a line, and it only grows.
namespace agentd {

/// 1 to 200 bytes of UTF-8 without control characters.
bool is_task_id(std::string_view task);

/// A sample of one line; the error says what is wrong with it. `invalid` is for lines that are
/// whole JSON and no sample, `not_found` for those that are no JSON at all (torn, spoiled).
base::Result<api::Sample> parse_sample(std::string_view line);

/// Every sample of the file; torn and spoiled lines are left out, and so is what no newline ends.
/// `conflict` when the file shrank or is another one than `record` knows, or is no file of its own.
base::Result<std::vector<api::Sample>> read_samples(const std::string& path,
                                                    const RunRecord& record);

/// Appends and syncs; ends a torn line first. Refuses all when one sample is refused, by name.
base::Status append_samples(const std::string& path, const std::vector<api::Sample>& fresh,
                            RunRecord& record);

}  // namespace agentd
