// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/report.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What can be found out about this box. What cannot be told stays empty: no 0 for unknown.
namespace agentd {

/// Looks for programs in the PATH of this process. Takes a moment: an accelerator's tool is asked,
/// and given up on after some seconds.
api::Facts read_facts();
/// Changes at every boot of the machine; empty when the kernel does not tell.
std::string boot_id();

/// The pieces, as functions of the texts that the machine gives.
std::string os_name(std::string_view os_release);
std::string cpu_model(std::string_view cpuinfo);
std::int64_t memory_total(std::string_view meminfo);
/// One line a device: name, uuid, MiB, version of the driver, as nvidia-smi's CSV has them.
struct GpuFacts {
  std::vector<api::Gpu> gpus;
  std::string driver;
};
GpuFacts parse_gpus(std::string_view csv);
/// Of `nvidia-smi --version`.
std::string cuda_version(std::string_view text);
/// The known engines that are executable in one of the folders of `path`.
std::vector<std::string> engines_in(std::string_view path);

}  // namespace agentd
