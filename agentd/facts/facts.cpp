// SPDX-License-Identifier: Apache-2.0
#include "agentd/facts/facts.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include "agentd/facts/run_briefly.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace agentd {
namespace {

constexpr base::Duration kToolDeadline{5'000};  // nvidia-smi takes a second on a cold driver

std::string text_at(const std::string& path) {
  const auto text = base::read_file(path, 4 << 20);
  return text ? *text : "";
}

std::string own_path() {
  constexpr std::string_view kKey = "PATH=";
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (text.starts_with(kKey)) return std::string(text.substr(kKey.size()));
  }
  return "";
}

std::string find_tool(std::string_view path, std::string_view name) {
  for (const auto& folder : base::split(path, ':')) {
    const std::string file = folder + "/" + std::string(name);
    if (!folder.empty() && ::access(file.c_str(), X_OK) == 0) return file;
  }
  return "";
}

void add_gpus(std::string_view path, api::Facts& facts) {
  const auto tool = find_tool(path, "nvidia-smi");
  if (tool.empty()) return;
  const auto csv = run_briefly(
      {tool, "--query-gpu=name,uuid,memory.total,driver_version", "--format=csv,noheader,nounits"},
      kToolDeadline);
  if (!csv) {
    base::log::warn("facts.gpus_unknown", {{"why", csv.error().message}});
    return;  // a second question would hang as long
  }
  auto seen = parse_gpus(*csv);
  facts.gpus = std::move(seen.gpus);
  facts.driver = std::move(seen.driver);
  if (const auto version = run_briefly({tool, "--version"}, kToolDeadline)) {
    facts.cuda = cuda_version(*version);
  }
}

}  // namespace

api::Facts read_facts() {
  api::Facts facts;
  facts.os = os_name(text_at("/etc/os-release"));
  utsname kernel{};
  if (::uname(&kernel) == 0) {
    facts.arch = kernel.machine;
    facts.kernel = kernel.release;
  }
  facts.cpu = cpu_model(text_at("/proc/cpuinfo"));
  if (const auto cores = ::sysconf(_SC_NPROCESSORS_ONLN); cores > 0) facts.cores = cores;
  facts.memory_bytes = memory_total(text_at("/proc/meminfo"));
  const auto path = own_path();
  facts.engines = engines_in(path);
  add_gpus(path, facts);
  return facts;
}

std::string boot_id() {
  return std::string(base::trimmed(text_at("/proc/sys/kernel/random/boot_id")));
}

}  // namespace agentd
