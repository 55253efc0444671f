// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace wire {

struct PortHolder {
  int pid = 0;
  std::string command;  // the kernel's short name of the process
};

/// Who listens on a TCP port of this machine, as far as /proc tells us (another user's processes
/// are hidden from all but root).
std::optional<PortHolder> port_holder(std::uint16_t port);

}  // namespace wire
