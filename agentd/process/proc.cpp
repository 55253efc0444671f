// SPDX-License-Identifier: Apache-2.0
#include "agentd/process/proc.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <system_error>

#include "agentd/process/fd.hpp"
#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace agentd {
namespace {

constexpr std::size_t kEnvironBytes = 1 << 20;  // the kernel's own bound of a string is 128 KiB

std::string proc_path(std::int64_t pid, std::string_view name) {
  return "/proc/" + std::to_string(pid) + "/" + std::string(name);
}

/// A process that ends while it is read gives ESRCH, which a plain file never does.
base::Result<std::string> read_proc(const std::string& path, std::size_t bytes_max) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  int number = fd ? 0 : errno;
  std::string out;
  std::array<char, 4096> block{};
  while (number == 0 && out.size() < bytes_max) {
    const auto n = ::read(fd.get(), block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) number = errno;
    if (n <= 0) break;
    out.append(block.data(), static_cast<std::size_t>(n));
  }
  if (number == 0) return out;
  const std::string text = "read " + base::quoted(path) + ": " + errno_text(number);
  if (number == ENOENT || number == ESRCH) return base::not_found(text);
  return base::unavailable(text);
}

}  // namespace

std::string errno_text(int number) {
  std::string text = std::generic_category().message(number);
  if (!text.empty() && text.front() >= 'A' && text.front() <= 'Z') {
    text.front() = static_cast<char>(text.front() - 'A' + 'a');
  }
  return text;
}

std::optional<ProcStat> parse_stat(std::string_view text) {
  const auto open = text.find(" (");
  const auto close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open ||
      text.substr(close, 2) != ") ") {
    return std::nullopt;
  }
  const auto fields = base::split(base::trimmed(text.substr(close + 2)), ' ');
  // proc(5) numbers from one: state is field 3, so field n stands at n - 3 here.
  constexpr std::size_t kParent = 4 - 3, kSession = 6 - 3, kStart = 22 - 3;
  if (fields.size() <= kStart || fields[0].size() != 1) return std::nullopt;
  const auto pid = base::to_integer(text.substr(0, open));
  const auto parent = base::to_integer(fields[kParent]);
  const auto session = base::to_integer(fields[kSession]);
  const auto start = base::to_integer(fields[kStart]);
  if (!pid || !parent || !session || !start) return std::nullopt;
  return ProcStat{*pid, *parent, *session, *start, fields[0][0]};
}

base::Duration age_of(std::int64_t start_ticks) {
  static const auto per_second = static_cast<std::int64_t>(::sysconf(_SC_CLK_TCK));
  const base::Duration began{start_ticks * 1000 / per_second};
  return std::max(base::Duration{base::steady_now().ms} - began, base::Duration{0});
}

base::Result<ProcStat> read_stat(std::int64_t pid) {
  if (pid <= 0) return base::not_found("there is no process " + std::to_string(pid));
  const auto text = read_proc(proc_path(pid, "stat"), 16 * 1024);
  if (!text) return text.error();
  const auto stat = parse_stat(*text);
  if (!stat || stat->pid != pid) {
    return base::unavailable("read " + base::quoted(proc_path(pid, "stat")) + ": not understood");
  }
  return *stat;
}

base::Result<std::vector<std::int64_t>> list_pids() {
  auto names = base::list_folder("/proc");
  if (!names) return std::move(names).error().within("list processes");
  std::vector<std::int64_t> pids;
  for (const auto& name : *names) {
    if (const auto pid = base::to_integer(name); pid && *pid > 0) pids.push_back(*pid);
  }
  return pids;
}

std::optional<std::string> instance_of(std::int64_t pid) {
  const auto text = read_proc(proc_path(pid, "environ"), kEnvironBytes);
  if (!text) return std::nullopt;
  const std::string start = std::string(kInstanceVariable) + "=";
  for (const auto& entry : base::split(*text, '\0')) {
    if (entry.starts_with(start)) return entry.substr(start.size());
  }
  return std::nullopt;
}

base::Result<std::string> read_boot_id() {
  const auto text = read_proc("/proc/sys/kernel/random/boot_id", 256);
  if (!text) return text.error();
  return std::string(base::trimmed(*text));
}

}  // namespace agentd
