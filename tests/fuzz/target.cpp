// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/target.hpp"

#include "base/check.hpp"
#include "base/text.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

namespace fuzz {
namespace {

constexpr std::array kTargets{
    Target{"yaml", run_yaml},
    Target{"manifest", run_manifest},
    Target{"json", run_json},
    Target{"patch", run_patch},
    Target{"write", run_write, 4096, 20},
    Target{"http_request", run_http_request, 16 * 1024},
    Target{"http_response", run_http_response, 16 * 1024},
    Target{"agent_report", run_agent_report, 4096, 40},
    Target{"journal", run_journal},
    Target{"samples_jsonl", run_samples_jsonl},
    Target{"proc_stat", run_proc_stat, 1024},
    Target{"text", run_text, 1024},
};
constexpr Target kFaulty{"faulty", run_faulty, 64};

std::string make_scratch() {
  // Files are written and synced a thousand times a second: not on a disk.
  const bool in_memory = ::access("/dev/shm", W_OK) == 0;
  std::string folder = std::string(in_memory ? "/dev/shm" : "/tmp") + "/orch-fuzz-XXXXXX";
  CHECK(::mkdtemp(folder.data()) != nullptr);
  return folder;
}

}  // namespace

std::span<const Target> targets() {
  return kTargets;
}

const Target* find_target(std::string_view name) {
  if (name == kFaulty.name) return &kFaulty;
  const auto found = std::find_if(kTargets.begin(), kTargets.end(),
                                  [&](const Target& target) { return target.name == name; });
  return found == kTargets.end() ? nullptr : &*found;
}

const std::string& scratch() {
  static const std::string folder = make_scratch();
  return folder;
}

void drop_scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(scratch(), ignored);
}

std::string put_file(const std::string& name, std::string_view bytes) {
  const auto path = scratch() + "/" + name;
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  CHECK(fd >= 0);
  CHECK(::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  CHECK(::close(fd) == 0);
  return path;
}

bool is_inside(std::string_view text, int line, int column) {
  const auto lines = base::split(text, '\n');
  if (line < 1 || column < 1 || static_cast<std::size_t>(line) > lines.size()) return false;
  return static_cast<std::size_t>(column) <= lines[static_cast<std::size_t>(line) - 1].size() + 1;
}

}  // namespace fuzz
