// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/time.hpp"
#include "controller/data_dir.hpp"

#include <string>
#include <vector>

namespace controller {

/// The arguments of each call, as they were written.
struct InitArguments {
  std::string cluster = "orch";
  std::vector<std::string> hosts;
};
struct RunArguments {
  std::vector<std::string> listen;
  std::string beat = "15s", stale_after = "90s";
  std::string snapshots;  // folder; empty: none every night
  std::int64_t keep = 7;
  std::string version;
};
struct TokenArguments {
  std::string machine, ttl = "1h";
};
struct KubeconfigArguments {
  std::string user, role, ttl = "90d", file;
};

Outcome init(const DataDir& dir, const InitArguments& arguments);
Outcome run(const DataDir& dir, const RunArguments& arguments);
Outcome token(const DataDir& dir, const TokenArguments& arguments);
Outcome kubeconfig(const DataDir& dir, const KubeconfigArguments& arguments);
Outcome snapshot(const DataDir& dir, const std::string& file);
Outcome check(const DataDir& dir);
Outcome restore(const DataDir& dir, const std::string& file);

/// `15s`, `1h30m`, and `90d`; nothing when it is none or not positive.
std::optional<base::Duration> parse_life(const std::string& text);

/// One line on stdout, at once.
void say(const std::string& line);

}  // namespace controller
