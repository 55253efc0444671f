// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the kernel tells of processes.
namespace agentd {

/// The variable that marks every process of one child's tree.
constexpr std::string_view kInstanceVariable = "ORCH_INSTANCE";

struct ProcStat {
  std::int64_t pid = 0, parent = 0, session = 0;
  std::int64_t start_ticks = 0;  // clock ticks between the boot and the start
  char state = '?';              // as ps shows it; Z: ended and not waited for

  bool ended() const { return state == 'Z' || state == 'X'; }
};

/// The text of /proc/PID/stat. The command's name in it may hold blanks and parentheses, so the
/// fields are counted from the last ")".
std::optional<ProcStat> parse_stat(std::string_view text);

/// How long ago a process of this boot began; a machine's sleep counts.
base::Duration age_of(std::int64_t start_ticks);

/// `not_found`: proved absent. Every other error means that it cannot be told.
base::Result<ProcStat> read_stat(std::int64_t pid);

base::Result<std::vector<std::int64_t>> list_pids();

/// The value of kInstanceVariable in the environment that the process was started with; nothing
/// when it has none or may not be read.
std::optional<std::string> instance_of(std::int64_t pid);

/// Changes at every boot of the machine.
base::Result<std::string> read_boot_id();

/// `no such file or directory`, for messages.
std::string errno_text(int number);

}  // namespace agentd
