// SPDX-License-Identifier: Apache-2.0
#include "base/file.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <memory>
#include <system_error>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.hpp"

namespace base {
namespace {

Code code_of(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR: return Code::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP: return Code::forbidden;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case EAGAIN: return Code::unavailable;
    case EISDIR:
    case EEXIST:
    case EINVAL:
    case ENAMETOOLONG: return Code::invalid;
    default: return Code::internal;
  }
}

/// `write "/var/lib/x": no space left on device`.
Error failed(std::string_view doing, const std::string& path, int number) {
  std::string why = std::generic_category().message(number);
  if (!why.empty() && why.front() >= 'A' && why.front() <= 'Z') {
    why.front() = static_cast<char>(why.front() - 'A' + 'a');
  }
  return {code_of(number), std::string(doing) + " " + quoted(path) + ": " + why};
}

/// A file descriptor that closes itself.
class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  explicit operator bool() const { return fd_ >= 0; }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// A new name lives in its folder's own blocks, so the folder is synced too.
Status sync_folder(const std::string& path) {
  const Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return failed("open folder", path, errno);
  if (::fsync(folder.get()) != 0) return failed("sync folder", path, errno);
  return ok();
}

/// 0 or the errno of the first write that failed.
int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

/// Reads on from `offset` until `bytes_max` or the end; 0 or an errno.
int read_some(int fd, std::int64_t offset, std::size_t bytes_max, std::string& out) {
  std::array<char, 65536> block{};
  while (out.size() < bytes_max) {
    const auto want = std::min(block.size(), bytes_max - out.size());
    const auto n = ::pread(fd, block.data(), want, offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return 0;
    out.append(block.data(), static_cast<std::size_t>(n));
    offset += n;
  }
  return 0;
}

/// O_NONBLOCK: a named pipe in the place of a file must not hold us up.
Result<int> open_regular(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return failed("read", path, errno);
  struct stat facts {};
  if (::fstat(fd.get(), &facts) != 0) return failed("read", path, errno);
  if (!S_ISREG(facts.st_mode)) return invalid("read " + quoted(path) + ": it is no regular file");
  return fd.release();
}

/// A file in `path`'s folder that nobody else writes; removed again unless it was renamed.
class Scratch {
 public:
  explicit Scratch(const std::string& path) {
    static std::atomic<unsigned> count{0};
    const auto slash = path.rfind('/');
    const auto start = slash == std::string::npos ? 0 : slash + 1;
    for (int tries = 0; fd_ < 0 && tries < 100; ++tries) {
      name_ = path.substr(0, start) + "." + path.substr(start) + ".tmp-" +
              std::to_string(::getpid()) + "-" + std::to_string(count++);
      fd_ = ::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
      if (fd_ < 0 && errno != EEXIST) return;
    }
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    if (fd_ < 0) return;
    ::close(fd_);
    if (!renamed_) ::unlink(name_.c_str());
  }
  explicit operator bool() const { return fd_ >= 0; }

  /// 0 or the errno of the step that failed.
  int fill(std::string_view bytes, unsigned mode) const {
    if (::fchmod(fd_, mode) != 0) return errno;
    if (const int number = write_all(fd_, bytes)) return number;
    return ::fsync(fd_) == 0 ? 0 : errno;
  }
  int rename_to(const std::string& path) {
    renamed_ = ::rename(name_.c_str(), path.c_str()) == 0;
    return renamed_ ? 0 : errno;
  }

 private:
  std::string name_;
  int fd_ = -1;
  bool renamed_ = false;
};

std::string octal(unsigned mode) {
  std::array<char, 16> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), mode, 8).ptr;
  return "0" + std::string(text.data(), end);
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const auto opened = open_regular(path);
  if (!opened) return opened.error();
  const Fd fd(*opened);
  std::string out;
  // One byte more than allowed shows that the file is too long, whatever its size says (/proc).
  if (const int number = read_some(fd.get(), 0, bytes_max + 1, out)) {
    return failed("read", path, number);
  }
  if (out.size() > bytes_max) {
    return invalid("read " + quoted(path) + ": it is larger than " + std::to_string(bytes_max) +
                   " bytes");
  }
  return out;
}

Result<std::string> read_range(const std::string& path, std::int64_t offset,
                               std::size_t bytes_max) {
  const auto opened = open_regular(path);
  if (!opened) return opened.error();
  const Fd fd(*opened);
  std::string out;
  if (const int number = read_some(fd.get(), offset, bytes_max, out)) {
    return failed("read", path, number);
  }
  return out;
}

Status write_file(const std::string& path, std::string_view bytes, unsigned mode) {
  Scratch scratch(path);
  if (!scratch) return failed("write", path, errno);
  if (const int number = scratch.fill(bytes, mode)) return failed("write", path, number);
  if (const int number = scratch.rename_to(path)) return failed("write", path, number);
  return sync_folder(folder_of(path));
}

Status append_file(const std::string& path, std::string_view bytes, Sync sync, unsigned mode) {
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CLOEXEC;
  int opened = ::open(path.c_str(), kFlags | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  const bool made = opened >= 0;
  if (!made && errno == EEXIST) opened = ::open(path.c_str(), kFlags);
  const Fd fd(opened);
  if (!fd) return failed("append to", path, errno);
  if (made && ::fchmod(fd.get(), mode) != 0) return failed("append to", path, errno);

  struct stat before {};
  if (::fstat(fd.get(), &before) != 0) return failed("append to", path, errno);
  if (const int number = write_all(fd.get(), bytes)) {
    // A torn end would spoil the next line too. When this fails as well, the first error counts.
    [[maybe_unused]] const int cut = ::ftruncate(fd.get(), before.st_size);
    return failed("append to", path, number);
  }
  if (sync == Sync::no) return ok();
  if (::fsync(fd.get()) != 0) return failed("sync", path, errno);
  return made ? sync_folder(folder_of(path)) : ok();
}

Status make_folder(const std::string& path, unsigned mode) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) == 0) {
    if (S_ISDIR(facts.st_mode)) return ok();
    return invalid("make folder " + quoted(path) + ": a file of that name is in the way");
  }
  if (errno != ENOENT) return failed("make folder", path, errno);

  std::string bare = path;
  while (bare.size() > 1 && bare.back() == '/')
    bare.pop_back();
  const std::string parent = folder_of(bare);
  if (auto made = make_folder(parent, mode); !made) return made;
  if (::mkdir(bare.c_str(), mode) != 0) {
    if (errno == EEXIST) return ok();  // somebody else was faster
    return failed("make folder", path, errno);
  }
  if (::chmod(bare.c_str(), mode) != 0) return failed("make folder", path, errno);
  return sync_folder(parent);
}

Result<FileFacts> facts_of(const std::string& path) {
  struct stat s {};
  if (::lstat(path.c_str(), &s) != 0) return failed("look at", path, errno);
  FileFacts facts;
  facts.size = s.st_size;
  facts.inode = s.st_ino;
#ifdef __APPLE__
  const timespec& changed = s.st_mtimespec;
#else
  const timespec& changed = s.st_mtim;
#endif
  facts.modified_ms =
      static_cast<std::int64_t>(changed.tv_sec) * 1000 + changed.tv_nsec / 1'000'000;
  facts.folder = S_ISDIR(s.st_mode);
  facts.link = S_ISLNK(s.st_mode);
  return facts;
}

Result<std::vector<std::string>> list_folder(const std::string& path) {
  const auto close = [](DIR* dir) { ::closedir(dir); };
  const std::unique_ptr<DIR, decltype(close)> dir(::opendir(path.c_str()), close);
  if (!dir) return failed("list", path, errno);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;  // readdir tells its end from a failure by errno only
    const dirent* entry = ::readdir(dir.get());
    if (!entry) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return failed("list", path, errno);
  std::sort(names.begin(), names.end());
  return names;
}

Status check_private(const std::string& path) {
  struct stat s {};
  if (::lstat(path.c_str(), &s) != 0) return failed("look at", path, errno);
  const std::string it = quoted(path);
  if (S_ISLNK(s.st_mode)) {
    return forbidden(it + " is a symbolic link: name the place that it points to (readlink -f " +
                     it + ")");
  }
  if (s.st_uid != ::geteuid()) {
    return forbidden(it + " belongs to user " + std::to_string(s.st_uid) + ", we are user " +
                     std::to_string(::geteuid()) + ": chown " + std::to_string(::geteuid()) + " " +
                     it);
  }
  const unsigned mode = s.st_mode & 07777U;
  if ((mode & 077U) != 0) {
    return forbidden(it + " is open to others (mode " + octal(mode) + "): chmod " +
                     (S_ISDIR(s.st_mode) ? "700 " : "600 ") + it);
  }
  return ok();
}

Result<FileLock> FileLock::take(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return failed("lock", path, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed("lock", path, errno);
    std::string holder;
    read_some(fd.get(), 0, 20, holder);
    const auto pid = to_integer(trimmed(holder));
    return unavailable("lock " + quoted(path) + ": " +
                       (pid ? "process " + std::to_string(*pid) : std::string("another process")) +
                       " holds it");
  }
  // The number is for people who wonder who holds it; the lock itself is the kernel's.
  if (::ftruncate(fd.get(), 0) != 0) return failed("lock", path, errno);
  if (const int number = write_all(fd.get(), std::to_string(::getpid()) + "\n")) {
    return failed("lock", path, number);
  }
  return FileLock(fd.release());
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace base
