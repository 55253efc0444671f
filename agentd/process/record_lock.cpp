// SPDX-License-Identifier: Apache-2.0
#include "agentd/process/record_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <cerrno>

#include "agentd/process/proc.hpp"
#include "base/text.hpp"

namespace agentd {
namespace {

base::Error failed(const std::string& path, int number) {
  const std::string text = "lock " + base::quoted(path) + ": " + errno_text(number);
  if (number == ENOENT) return base::not_found(text);
  return base::unavailable(text);
}

struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

base::Result<RecordLock> RecordLock::take(const std::string& folder) {
  const std::string path = folder + "/lock";
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return failed(path, errno);
  struct flock lock = whole_file();
  if (::fcntl(fd.get(), F_OFD_SETLK, &lock) != 0) return failed(path, errno);
  // The record may have been dropped between the two calls; a lock on what is no longer there would
  // guard nothing.
  struct stat held {
  }, named{};
  if (::fstat(fd.get(), &held) != 0) return failed(path, errno);
  if (::stat(path.c_str(), &named) != 0) return failed(path, errno);
  if (held.st_ino != named.st_ino) return failed(path, ENOENT);
  return RecordLock(std::move(fd));
}

base::Result<bool> RecordLock::is_held(const std::string& folder) {
  const std::string path = folder + "/lock";
  const Fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!fd && errno == ENOENT) return false;
  if (!fd) return failed(path, errno);
  struct flock lock = whole_file();
  if (::fcntl(fd.get(), F_OFD_GETLK, &lock) != 0) return failed(path, errno);
  return lock.l_type != F_UNLCK;
}

}  // namespace agentd
