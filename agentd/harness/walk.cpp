// SPDX-License-Identifier: Apache-2.0
#include "agentd/harness/walk.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "base/file.hpp"
#include "base/text.hpp"

namespace agentd {
namespace {

using What = TreeEntry::What;

constexpr int kDepth = 64;  // deeper than any harness; a loop of mounts would go on for ever

class Handle {
 public:
  explicit Handle(int fd) : fd_(fd) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (fd_ >= 0) ::close(fd_);
  }
  explicit operator bool() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  int fd_;
};

What what_of(unsigned mode) {
  if (S_ISREG(mode)) return What::file;
  if (S_ISDIR(mode)) return What::folder;
  return S_ISLNK(mode) ? What::link : What::other;
}

base::Status walk_into(const std::string& root, const std::string& below, int depth,
                       std::vector<TreeEntry>& out) {
  if (depth > kDepth) return base::invalid("walk " + base::quoted(root) + ": nested too deep");
  const auto names = base::list_folder(below.empty() ? root : root + "/" + below);
  // A harness may remove a folder while we look.
  if (!names && names.error().code == base::Code::not_found) return base::ok();
  if (!names) return names.error();
  for (const auto& name : *names) {
    TreeEntry entry;
    entry.path = below.empty() ? name : below + "/" + name;
    struct stat s {};
    if (::lstat((root + "/" + entry.path).c_str(), &s) != 0) {
      if (errno == ENOENT) continue;
      return file_error("look at", root + "/" + entry.path, errno);
    }
    entry.what = what_of(s.st_mode);
    entry.size = s.st_size;
    entry.inode = s.st_ino;
    entry.mode = s.st_mode & 0777U;
    entry.modified_ns =
        static_cast<std::int64_t>(s.st_mtim.tv_sec) * 1'000'000'000 + s.st_mtim.tv_nsec;
    const bool folder = entry.what == What::folder;
    const std::string path = entry.path;
    out.push_back(std::move(entry));
    if (!folder) continue;
    if (auto walked = walk_into(root, path, depth + 1, out); !walked) return walked;
  }
  return base::ok();
}

/// 0 or an errno.
int copy_bytes(int from, int to) {
  if (::ioctl(to, FICLONE, from) == 0) return 0;
  std::array<char, 65536> block{};
  for (;;) {
    const auto got = ::read(from, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) return 0;
    for (ssize_t done = 0; done < got;) {
      const auto put = ::write(to, block.data() + done, static_cast<std::size_t>(got - done));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return errno;
      done += put;
    }
  }
}

base::Status copy_file(const std::string& from, const std::string& to, const TreeEntry& entry) {
  const Handle source(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!source && errno == ENOENT) return base::ok();
  if (!source) return file_error("copy", from, errno);
  const Handle target(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!target) return file_error("copy to", to, errno);
  if (const int number = copy_bytes(source.get(), target.get())) {
    return file_error("copy " + base::quoted(from) + " to", to, number);
  }
  const timespec changed{entry.modified_ns / 1'000'000'000, entry.modified_ns % 1'000'000'000};
  const std::array<timespec, 2> times{changed, changed};
  if (::futimens(target.get(), times.data()) != 0 || ::fchmod(target.get(), entry.mode) != 0) {
    return file_error("copy to", to, errno);
  }
  return base::ok();
}

base::Status copy_link(const std::string& from, const std::string& to) {
  std::array<char, 4096> target{};
  const auto size = ::readlink(from.c_str(), target.data(), target.size() - 1);
  if (size < 0) return file_error("copy", from, errno);
  if (::symlink(target.data(), to.c_str()) != 0) return file_error("copy to", to, errno);
  return base::ok();
}

base::Status copy_entry(const std::string& from, const std::string& to, const TreeEntry& entry) {
  switch (entry.what) {
    case What::folder: return base::make_folder(to, entry.mode | 0700U);
    case What::file: return copy_file(from, to, entry);
    case What::link: return copy_link(from, to);
    case What::other: return base::ok();
  }
  return base::ok();
}

}  // namespace

base::Error file_error(const std::string& doing, const std::string& path, int number) {
  const std::string text =
      doing + " " + base::quoted(path) + ": " + std::generic_category().message(number);
  if (number == ENOENT) return base::not_found(text);
  if (number == ENOSPC || number == EDQUOT) return base::unavailable(text);
  return base::internal(text);
}

base::Result<std::vector<TreeEntry>> walk(const std::string& root) {
  std::vector<TreeEntry> entries;
  const auto facts = base::facts_of(root);
  if (!facts && facts.error().code == base::Code::not_found) return entries;
  if (!facts) return facts.error();
  if (facts->link || !facts->folder) {
    return base::invalid("walk " + base::quoted(root) + ": it is no folder of its own");
  }
  if (auto walked = walk_into(root, "", 0, entries); !walked) return walked.error();
  return entries;
}

base::Status copy_tree(const std::string& from, const std::string& to) {
  const auto entries = walk(from);
  if (!entries) return entries.error();
  if (auto made = base::make_folder(to, 0700); !made) return made;
  for (const auto& entry : *entries) {
    const std::string source = from + "/" + entry.path;
    if (auto copied = copy_entry(source, to + "/" + entry.path, entry); !copied) return copied;
  }
  // One call for the whole tree: a sync a file would cost milliseconds each.
  const Handle folder(::open(to.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::syncfs(folder.get()) != 0) return file_error("sync", to, errno);
  return base::ok();
}

base::Status remove_tree(const std::string& root) {
  auto entries = walk(root);
  if (!entries) return std::move(entries).error();
  std::reverse(entries->begin(), entries->end());
  for (const auto& entry : *entries) {
    const std::string path = root + "/" + entry.path;
    const int gone = entry.what == What::folder ? ::rmdir(path.c_str()) : ::unlink(path.c_str());
    if (gone != 0 && errno != ENOENT) return file_error("remove", path, errno);
  }
  if (::rmdir(root.c_str()) != 0 && errno != ENOENT) return file_error("remove", root, errno);
  return base::ok();
}

}  // namespace agentd
