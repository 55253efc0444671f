// SPDX-License-Identifier: Apache-2.0
#include "base/file.hpp"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <csignal>

namespace base {
namespace {

/// A folder of its own for each test, gone afterwards.
class Files : public ::testing::Test {
 protected:
  Files() {
    std::string name = ::testing::TempDir() + "orch-base-XXXXXX";
    if (const char* made = ::mkdtemp(name.data())) folder_ = made;
  }
  ~Files() override { std::filesystem::remove_all(folder_); }
  std::string in(const std::string& name) const { return folder_ + "/" + name; }

  std::string folder_;
};

unsigned mode_of(const std::string& path) {
  struct stat s {};
  return ::lstat(path.c_str(), &s) == 0 ? s.st_mode & 07777U : 0;
}

/// Fails every write that would make a file longer than this, as a full disk would.
class SizeLimit {
 public:
  explicit SizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  SizeLimit(const SizeLimit&) = delete;
  SizeLimit& operator=(const SizeLimit&) = delete;
  ~SizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(Files, AWrittenFileReadsBackWithItsMode) {
  const std::string bytes("a\0b\n", 4);
  ASSERT_TRUE(write_file(in("a"), bytes, 0640));
  EXPECT_EQ(*read_file(in("a")), bytes);
  EXPECT_EQ(mode_of(in("a")), 0640U);
  ASSERT_TRUE(write_file(in("a"), "", 0600));
  EXPECT_EQ(*read_file(in("a")), "");
  EXPECT_EQ(mode_of(in("a")), 0600U);
  EXPECT_EQ(*list_folder(folder_), std::vector<std::string>{"a"});
}

TEST_F(Files, AWriteThatFailsLeavesTheOldFileAndNothingElse) {
  ASSERT_TRUE(write_file(in("a"), "old"));
  {
    const SizeLimit full(1000);
    const auto status = write_file(in("a"), std::string(2000, 'x'));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().message, "write \"" + in("a") + "\": file too large");
  }
  EXPECT_EQ(*read_file(in("a")), "old");
  EXPECT_EQ(*list_folder(folder_), std::vector<std::string>{"a"});
}

TEST_F(Files, AFullDiskIsNamedWithItsPath) {
  const auto status = append_file("/dev/full", "x", Sync::no);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error(), unavailable("append to \"/dev/full\": no space left on device"));
}

TEST_F(Files, AWriteReplacesALinkAndNotItsTarget) {
  ASSERT_TRUE(write_file(in("target"), "mine"));
  std::filesystem::create_symlink(in("target"), in("link"));
  ASSERT_TRUE(write_file(in("link"), "new"));
  EXPECT_EQ(*read_file(in("target")), "mine");
  EXPECT_EQ(*read_file(in("link")), "new");
  EXPECT_FALSE(facts_of(in("link"))->link);
}

TEST_F(Files, AWriteNeedsItsFolder) {
  const auto absent = write_file(in("no/a"), "x");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error(), not_found("write \"" + in("no/a") + "\": no such file or directory"));
  std::filesystem::create_directory(in("folder"));
  EXPECT_FALSE(write_file(in("folder"), "x"));
  EXPECT_EQ(*list_folder(folder_), std::vector<std::string>{"folder"});
}

TEST_F(Files, ReadingRefusesWhatIsAbsentTooLongOrNoFile) {
  EXPECT_EQ(read_file(in("no")).error().code, Code::not_found);
  ASSERT_TRUE(write_file(in("a"), "12345"));
  EXPECT_EQ(*read_file(in("a"), 5), "12345");
  EXPECT_EQ(read_file(in("a"), 4).error(),
            invalid("read \"" + in("a") + "\": it is larger than 4 bytes"));
  EXPECT_EQ(read_file(folder_).error().code, Code::invalid);
  ASSERT_EQ(::mkfifo(in("pipe").c_str(), 0600), 0);
  EXPECT_EQ(read_file(in("pipe")).error().code, Code::invalid);
  EXPECT_GT(read_file("/proc/self/status")->size(), 0U);  // says that its size is 0
}

TEST_F(Files, ARangeIsWhatIsThere) {
  ASSERT_TRUE(write_file(in("a"), "0123456789"));
  struct Case {
    std::int64_t offset;
    std::size_t bytes;
    std::string_view wanted;
  };
  for (const auto& c : {Case{0, 4, "0123"}, {8, 4, "89"}, {10, 4, ""}, {99, 4, ""}, {3, 0, ""}}) {
    SCOPED_TRACE(c.offset);
    EXPECT_EQ(*read_range(in("a"), c.offset, c.bytes), c.wanted);
  }
  EXPECT_EQ(read_range(in("a"), -1, 4).error().code, Code::invalid);
  EXPECT_EQ(read_range(in("no"), 0, 4).error().code, Code::not_found);
}

TEST_F(Files, AnAppendGrowsAndATornOneIsTakenBack) {
  ASSERT_TRUE(append_file(in("a"), "one\n", Sync::yes, 0600));
  EXPECT_EQ(mode_of(in("a")), 0600U);
  ASSERT_TRUE(append_file(in("a"), "two\n", Sync::no));
  {
    const SizeLimit full(10);
    EXPECT_FALSE(append_file(in("a"), "three and more\n", Sync::yes));
  }
  EXPECT_EQ(*read_file(in("a")), "one\ntwo\n");
  EXPECT_EQ(append_file(in("no/a"), "x", Sync::no).error().code, Code::not_found);
}

TEST_F(Files, FoldersAreMadeWithTheirParents) {
  ASSERT_TRUE(make_folder(in("a/b/c/"), 0700));
  EXPECT_EQ(mode_of(in("a")), 0700U);
  EXPECT_EQ(mode_of(in("a/b/c")), 0700U);
  EXPECT_TRUE(make_folder(in("a/b"), 0755));
  EXPECT_EQ(mode_of(in("a/b")), 0700U);  // what is there stays as it is
  ASSERT_TRUE(write_file(in("file"), ""));
  EXPECT_EQ(make_folder(in("file")).error().code, Code::invalid);
  EXPECT_FALSE(make_folder(in("file/x")));
}

TEST_F(Files, FactsDoNotFollowLinks) {
  ASSERT_TRUE(write_file(in("a"), "12345"));
  std::filesystem::create_symlink("a", in("link"));
  const auto a = facts_of(in("a"));
  EXPECT_EQ(a->size, 5);
  EXPECT_FALSE(a->link || a->folder);
  EXPECT_GT(a->modified_ms, 1'700'000'000'000);
  EXPECT_TRUE(facts_of(in("link"))->link);
  EXPECT_NE(facts_of(in("link"))->inode, a->inode);
  EXPECT_TRUE(facts_of(folder_)->folder);
  EXPECT_EQ(facts_of(in("no")).error().code, Code::not_found);
}

TEST_F(Files, AListIsSortedAndAMissingFolderIsNoEmptyOne) {
  for (const auto* name : {"b", "a", ".c"})
    ASSERT_TRUE(write_file(in(name), ""));
  EXPECT_EQ(*list_folder(folder_), (std::vector<std::string>{".c", "a", "b"}));
  EXPECT_EQ(list_folder(in("no")).error().code, Code::not_found);
  EXPECT_FALSE(list_folder(in("a")));
}

TEST_F(Files, PrivateMeansOursAlone) {
  ASSERT_TRUE(write_file(in("key"), "", 0600));
  EXPECT_TRUE(check_private(in("key")));
  EXPECT_EQ(check_private(in("no")).error().code, Code::not_found);
  for (const unsigned mode : {0640U, 0604U, 0660U, 0610U, 0601U}) {
    SCOPED_TRACE(mode);
    ASSERT_EQ(::chmod(in("key").c_str(), mode), 0);
    EXPECT_EQ(check_private(in("key")).error().code, Code::forbidden);
  }
  ASSERT_EQ(::chmod(in("key").c_str(), 0644), 0);
  EXPECT_EQ(check_private(in("key")).error().message,
            "\"" + in("key") + "\" is open to others (mode 0644): chmod 600 \"" + in("key") + "\"");

  ASSERT_TRUE(make_folder(in("data"), 0700));
  EXPECT_TRUE(check_private(in("data")));
  ASSERT_EQ(::chmod(in("data").c_str(), 0755), 0);
  EXPECT_NE(check_private(in("data")).error().message.find("chmod 700"), std::string::npos);

  ASSERT_EQ(::chmod(in("data").c_str(), 0700), 0);
  std::filesystem::create_symlink("data", in("link"));
  EXPECT_EQ(check_private(in("link")).error().code, Code::forbidden);
  EXPECT_NE(check_private(in("link")).error().message.find("symbolic link"), std::string::npos);
}

TEST_F(Files, PrivateMeansNobodyElsesFile) {
  // Whoever runs the test, one of these two belongs to somebody else.
  const std::string path = ::geteuid() == 0 ? in("theirs") : "/etc/passwd";
  if (::geteuid() == 0) {
    ASSERT_TRUE(write_file(path, "", 0600));
    ASSERT_EQ(::chown(path.c_str(), 12345, 12345), 0);
  }
  const auto status = check_private(path);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::forbidden);
  EXPECT_NE(status.error().message.find("belongs to user"), std::string::npos);
}

TEST_F(Files, ALockHasOneHolderWhoIsNamed) {
  {
    auto first = FileLock::take(in("lock"));
    ASSERT_TRUE(first);
    const auto second = FileLock::take(in("lock"));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error(), unavailable("lock \"" + in("lock") + "\": process " +
                                          std::to_string(::getpid()) + " holds it"));
    const FileLock moved = std::move(*first);
    EXPECT_FALSE(FileLock::take(in("lock")));
  }
  EXPECT_TRUE(FileLock::take(in("lock")));
  EXPECT_EQ(mode_of(in("lock")), 0600U);
  EXPECT_EQ(FileLock::take(in("no/lock")).error().code, Code::not_found);
  std::filesystem::create_symlink("lock", in("link"));
  EXPECT_EQ(FileLock::take(in("link")).error().code, Code::forbidden);
}

}  // namespace
}  // namespace base
