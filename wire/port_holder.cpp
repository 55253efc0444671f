// SPDX-License-Identifier: Apache-2.0
#include "wire/port_holder.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <unistd.h>
#include <array>
#include <charconv>
#include <fstream>
#include <sstream>

namespace wire {
namespace {

/// The inode of the listening socket in one of the kernel's tables; empty when there is none.
std::string listening_inode(const char* table, std::uint16_t port) {
  constexpr std::string_view kListen = "0A";
  std::ifstream lines(table);
  std::string line;
  std::getline(lines, line);  // The first line names the columns.
  while (std::getline(lines, line)) {
    std::istringstream columns(line);
    std::string slot, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
    columns >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> uid >>
        timeout >> inode;
    const auto colon = local.rfind(':');
    if (state != kListen || colon == std::string::npos) continue;
    unsigned number = 0;
    std::from_chars(local.data() + colon + 1, local.data() + local.size(), number, 16);
    if (number == port) return inode;
  }
  return {};
}

bool holds(const std::string& process, const std::string& link) {
  const std::string folder = "/proc/" + process + "/fd";
  const auto names = base::list_folder(folder);
  if (!names) return false;
  for (const auto& name : *names) {
    std::array<char, 64> target{};
    const auto size = ::readlink((folder + "/" + name).c_str(), target.data(), target.size());
    if (size > 0 && std::string_view(target.data(), static_cast<std::size_t>(size)) == link)
      return true;
  }
  return false;
}

std::string command_of(const std::string& process) {
  std::ifstream file("/proc/" + process + "/comm");
  std::string command;
  std::getline(file, command);
  return base::printable(command);
}

}  // namespace

std::optional<PortHolder> port_holder(std::uint16_t port) {
  auto inode = listening_inode("/proc/net/tcp", port);
  if (inode.empty()) inode = listening_inode("/proc/net/tcp6", port);
  if (inode.empty()) return std::nullopt;
  const auto processes = base::list_folder("/proc");
  if (!processes) return std::nullopt;
  for (const auto& process : *processes) {
    const auto pid = base::to_integer(process);
    if (pid && holds(process, "socket:[" + inode + "]"))
      return PortHolder{static_cast<int>(*pid), command_of(process)};
  }
  return std::nullopt;
}

}  // namespace wire
