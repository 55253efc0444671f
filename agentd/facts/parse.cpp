// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/facts/facts.hpp"
#include "base/text.hpp"

/// The pure half of facts.hpp.
namespace agentd {
namespace {

/// The value behind `key` and `at` in the first line that begins so.
std::string value_of(std::string_view text, std::string_view key, char at) {
  for (const auto& line : base::split(text, '\n')) {
    const auto middle = line.find(at);
    if (middle == std::string::npos) continue;
    if (base::trimmed(std::string_view(line).substr(0, middle)) != key) continue;
    return base::printable(base::trimmed(std::string_view(line).substr(middle + 1)));
  }
  return "";
}

/// nvidia-smi has many words for "unknown", most of them in brackets.
std::string known(std::string_view field) {
  const auto text = base::trimmed(field);
  if (text.starts_with('[') || text == "N/A") return "";
  return base::printable(text);
}

}  // namespace

std::string os_name(std::string_view os_release) {
  std::string name = value_of(os_release, "PRETTY_NAME", '=');
  const char quote = name.empty() ? '\0' : name.front();
  if (name.size() >= 2 && (quote == '"' || quote == '\'') && name.back() == quote) {
    name = name.substr(1, name.size() - 2);
  }
  return name;
}

std::string cpu_model(std::string_view cpuinfo) {
  for (const char* key : {"model name", "Model", "Hardware"}) {  // the last two: some ARM boards
    const auto name = value_of(cpuinfo, key, ':');
    if (!name.empty()) return name;
  }
  return "";
}

std::int64_t memory_total(std::string_view meminfo) {
  const auto text = value_of(meminfo, "MemTotal", ':');
  const auto number = base::to_integer(text.substr(0, text.find(' ')));
  return number && *number > 0 && text.ends_with(" kB") ? *number * 1024 : 0;
}

GpuFacts parse_gpus(std::string_view csv) {
  constexpr std::int64_t kMiB = 1 << 20;
  GpuFacts facts;
  for (const auto& line : base::split(csv, '\n')) {
    const auto fields = base::split(line, ',');
    if (fields.size() != 4) continue;
    api::Gpu gpu;
    gpu.name = known(fields[0]);
    gpu.uuid = known(fields[1]);
    const auto memory = base::to_integer(base::trimmed(fields[2]));
    if (memory && *memory > 0) gpu.memory_bytes = *memory * kMiB;
    if (facts.driver.empty()) facts.driver = known(fields[3]);
    if (!gpu.name.empty() || !gpu.uuid.empty()) facts.gpus.push_back(std::move(gpu));
  }
  return facts;
}

std::string cuda_version(std::string_view text) {
  return known(value_of(text, "CUDA Version", ':'));
}

std::vector<std::string> engines_in(std::string_view path) {
  std::vector<std::string> found;
  for (const char* name : {"llama-server", "mlx_lm.server", "sglang", "vllm"}) {
    for (const auto& folder : base::split(path, ':')) {
      const std::string file = folder + "/" + name;
      struct stat facts {};
      const bool fits = !folder.empty() && ::stat(file.c_str(), &facts) == 0 &&
                        S_ISREG(facts.st_mode) && ::access(file.c_str(), X_OK) == 0;
      if (!fits) continue;
      found.emplace_back(name);
      break;
    }
  }
  return found;
}

}  // namespace agentd
