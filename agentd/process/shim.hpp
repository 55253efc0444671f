// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>

namespace agentd {

/// In front of the name of each secret in the shim's environment, so that none of them means
/// anything to the shim itself.
constexpr std::string_view kSecretPrefix = "ORCH_SECRET_";

/// The life of a shim: takes the record's lock, starts the child of launch.json in a session of its
/// own, waits for it and for every orphan of its tree, and writes down how the child ended. It
/// starts nothing when the record says that a child was started before, so that any number of shims
/// for one record has one effect. Returns the exit code of the process.
int run_shim(const std::string& folder);

}  // namespace agentd
