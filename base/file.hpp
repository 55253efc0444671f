// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace base {

/// The whole file; `not_found` when absent, `invalid` when it is no regular file or larger than
/// `bytes_max`.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max = 64 << 20);

/// From `offset`, at most `bytes_max`; empty at or after the end.
Result<std::string> read_range(const std::string& path, std::int64_t offset, std::size_t bytes_max);

/// Temporary name in the same folder, written, synced, renamed, folder synced: a reader sees the
/// old or the new file, also after a power cut. `mode` as for chmod.
Status write_file(const std::string& path, std::string_view bytes, unsigned mode = 0644);

/// Appends and syncs (when asked); creates the file with `mode`.
enum class Sync { no, yes };
Status append_file(const std::string& path, std::string_view bytes, Sync sync,
                   unsigned mode = 0644);

/// Makes the folder and its parents with `mode`; fine when it is there.
Status make_folder(const std::string& path, unsigned mode = 0755);

struct FileFacts {
  std::int64_t size = 0;
  std::uint64_t inode = 0;
  std::int64_t modified_ms = 0;
  bool folder = false;
  bool link = false;
};
/// Does not follow a link at the end. `not_found` when absent.
Result<FileFacts> facts_of(const std::string& path);

/// The names in a folder, sorted, without "." and "..".
Result<std::vector<std::string>> list_folder(const std::string& path);

/// A private file or folder: ours, no group or other bits, no symbolic link. `forbidden` names the
/// path, what is wrong and the command that mends it; `not_found` when absent.
Status check_private(const std::string& path);

/// Holds `flock` on a file for the life of the object. `unavailable` when somebody else holds it.
class FileLock {
 public:
  static Result<FileLock> take(const std::string& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace base
