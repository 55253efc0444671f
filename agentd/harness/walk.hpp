// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// Trees of files that a harness wrote: links in them are never followed.
namespace agentd {

struct TreeEntry {
  enum class What : std::uint8_t { file, folder, link, other };
  What what = What::other;
  std::string path;  // below the root
  std::int64_t size = 0, modified_ns = 0;
  std::uint64_t inode = 0;
  unsigned mode = 0;
};

/// Everything below `root`, folders before what is in them, sorted. Empty when the root is absent.
base::Result<std::vector<TreeEntry>> walk(const std::string& root);

/// A copy of its own, with shared blocks where the file system has them; pipes and sockets are left
/// out. Synced at the end. `to` must not exist.
base::Status copy_tree(const std::string& from, const std::string& to);

/// Fine when it is absent.
base::Status remove_tree(const std::string& root);

/// `open "/x/y": No space left on device`: `not_found`, `unavailable` where the disk is full, else
/// `internal`. `number` is an errno.
base::Error file_error(const std::string& doing, const std::string& path, int number);

}  // namespace agentd
