// SPDX-License-Identifier: Apache-2.0
#include "agentd/process/tree.hpp"

#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <map>
#include <set>

#include "agentd/process/proc.hpp"

namespace agentd {
namespace {

// glibc 2.36 declares its wrappers without C linkage, so the calls are made by number.
int pidfd_open(std::int64_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0));
}
int pidfd_send(const Fd& process, int number) {
  return static_cast<int>(::syscall(SYS_pidfd_send_signal, process.get(), number, nullptr, 0));
}

using Picture = std::map<std::int64_t, ProcStat>;

base::Result<Picture> look_at_all() {
  auto pids = list_pids();
  if (!pids) return pids.error();
  Picture picture;
  for (const auto pid : *pids) {
    auto stat = read_stat(pid);
    if (stat) {
      picture.emplace(pid, *stat);
    } else if (stat.error().code != base::Code::not_found) {
      return std::move(stat).error().within("look for what is left of a child");
    }
  }
  return picture;
}

bool is_seen(const Picture& picture, const Identity& identity) {
  const auto found = picture.find(identity.pid);
  return found != picture.end() && found->second.start_ticks == identity.start_ticks;
}

bool descends(const Picture& picture, const ProcStat& stat, const std::set<std::int64_t>& roots) {
  std::int64_t at = stat.pid;
  // A picture taken piece by piece could hold a circle, hence the bound.
  for (std::size_t steps = 0; steps < picture.size() + 1; ++steps) {
    if (roots.contains(at)) return true;
    const auto found = picture.find(at);
    if (found == picture.end() || found->second.parent <= 1) return false;
    at = found->second.parent;
  }
  return false;
}

}  // namespace

base::Result<std::vector<Identity>> members_of(const Tree& tree) {
  const auto picture = look_at_all();
  if (!picture) return picture.error();
  std::set<std::int64_t> roots;
  if (is_seen(*picture, tree.child)) roots.insert(tree.child.pid);
  const bool session_is_ours = !roots.empty();
  if (is_seen(*picture, tree.shim)) roots.insert(tree.shim.pid);

  std::vector<Identity> members;
  for (const auto& [pid, stat] : *picture) {
    const bool is_shim = pid == tree.shim.pid && stat.start_ticks == tree.shim.start_ticks;
    if (stat.ended() || is_shim || pid == ::getpid()) continue;
    if (descends(*picture, stat, roots) || (session_is_ours && stat.session == tree.child.pid) ||
        (!tree.cookie.empty() && instance_of(pid) == tree.cookie)) {
      members.push_back({pid, stat.start_ticks});
    }
  }
  return members;
}

base::Result<Fd> open_process(const Identity& identity) {
  Fd fd(pidfd_open(identity.pid));
  const std::string name = "process " + std::to_string(identity.pid);
  if (!fd && (errno == ESRCH || errno == EINVAL)) return base::not_found(name + " is gone");
  if (!fd) return base::unavailable("open " + name + ": " + errno_text(errno));
  // From here on the handle means one process for ever; whether it is ours is asked only now.
  const auto stat = read_stat(identity.pid);
  if (!stat) return stat.error();
  if (stat->start_ticks != identity.start_ticks) return base::not_found(name + " is gone");
  return fd;
}

base::Status send_signal(const Identity& identity, int number) {
  const auto fd = open_process(identity);
  if (!fd && fd.error().code == base::Code::not_found) return base::ok();
  if (!fd) return fd.error();
  if (pidfd_send(*fd, number) == 0 || errno == ESRCH) return base::ok();
  const std::string text = "signal process " + std::to_string(identity.pid) + ": ";
  if (errno == EPERM) return base::forbidden(text + errno_text(errno));
  return base::unavailable(text + errno_text(errno));
}

base::Result<bool> kill_all(const Tree& tree) {
  constexpr int kRounds = 10;  // a fork that was under way shows up in the next round
  for (int round = 0; round < kRounds; ++round) {
    const auto members = members_of(tree);
    if (!members) return members.error();
    if (members->empty()) return true;
    for (const auto& member : *members) {
      if (auto sent = send_signal(member, SIGKILL); !sent) return sent.error();
    }
  }
  return false;
}

}  // namespace agentd
