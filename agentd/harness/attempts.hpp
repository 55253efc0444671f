// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/bench.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string>

namespace agentd {

/// Copies `out/` to `attempts/<attempt>/`, with the sums of its files in
/// `attempts/<attempt>.sha256` (as sha256sum writes and checks them). Whole or not at all, and only
/// once: what an attempt left is never written again.
base::Status keep_attempt(const std::string& folder, std::int64_t attempt);

/// Drops from `out/` what would keep the harness from running a task again or make it stop.
base::Status make_resumable(const std::string& folder, const api::ParserSpec& parser);

}  // namespace agentd
