// SPDX-License-Identifier: Apache-2.0
#include "agentd/harness/task_files.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "tests/unit/agentd/folder.hpp"

namespace agentd {
namespace {

constexpr auto kSoFar = TaskFiles::Look::so_far;
constexpr auto kWhole = TaskFiles::Look::whole;

std::string read(const std::string& text, TaskFiles::Look look) {
  const tests::Folder folder;
  folder.put("printed", text);
  const auto ids = FileTaskFiles().read(folder.at("printed"), look);
  if (ids) return base::join(*ids, " ");
  EXPECT_EQ(ids.error().code, base::Code::invalid);
  return ids.error().message;
}

TEST(TaskFiles, AreReadStrictly) {
  const std::string who = "the command that lists the tasks";
  const std::string long_id(201, 'x');
  const struct {
    const char* name;
    std::string printed, whole, so_far;
  } cases[] = {
      {"ids", "a\nb_1 (x)\n", "a b_1 (x)", "a b_1 (x)"},
      {"the last one without an end", "a\nb", "a b", "a"},
      {"the longest", std::string(200, 'x') + "\n", std::string(200, 'x'), std::string(200, 'x')},
      {"nothing", "", who + " printed no task", ""},
      {"an empty line", "a\n\nb\n", who + ": line 2 is empty", who + ": line 2 is empty"},
      {"one that comes twice", "a\nb\na\n", who + ": line 3 comes twice: \"a\"",
       who + ": line 3 comes twice: \"a\""},
      {"one that is too long", long_id + "\n",
       who + ": line 1 has more than 200 bytes: \"" + std::string(77, 'x') + "…\"", ""},
      {"a NUL", std::string("a\0b\n", 4),
       who + ": line 1 is no task id (control characters or no UTF-8): ", ""},
      {"a carriage return", "a\r\n",
       who + ": line 1 is no task id (control characters or no UTF-8): ", ""},
      {"broken UTF-8", "a\xff\n",
       who + ": line 1 is no task id (control characters or no UTF-8): ", ""},
      {"a line without end", std::string(100'000, 'y'),
       who + ": line 1 has more than 200 bytes: ", who + ": line 1 has more than 200 bytes: "},
      {"too much", std::string(3 << 20, 'z'), who + " printed more than 2097152 bytes",
       who + " printed more than 2097152 bytes"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto whole = read(c.printed, kWhole);
    EXPECT_EQ(whole.substr(0, c.whole.size()), c.whole);
    EXPECT_TRUE(base::is_utf8(whole));
    if (c.so_far.empty()) continue;
    EXPECT_EQ(read(c.printed, kSoFar).substr(0, c.so_far.size()), c.so_far);
  }
}

TEST(TaskFiles, HaveABoundOnTheirNumber) {
  std::string text;
  for (int i = 0; i <= 100'000; ++i)
    text += std::to_string(i) + "\n";
  EXPECT_EQ(read(text, kSoFar),
            "the command that lists the tasks: line 100001: there are more than 100000 tasks");
}

TEST(TaskFiles, AbsentAreEmptyWhileTheCommandStartsAndAnErrorOnceItHasEnded) {
  const tests::Folder folder;
  const auto so_far = FileTaskFiles().read(folder.at("none"), kSoFar);
  ASSERT_TRUE(so_far);
  EXPECT_TRUE(so_far->empty());
  EXPECT_FALSE(FileTaskFiles().read(folder.at("none"), kWhole));
}

TEST(TaskFiles, AreWrittenWholeOrNotAtAll) {
  const tests::Folder folder;
  FileTaskFiles files;
  ASSERT_TRUE(files.write(folder.at("tasks.txt"), {"a", "b c"}));
  EXPECT_EQ(folder.get("tasks.txt"), "a\nb c\n");
  for (const std::string bad : {"", "a\nb", "a\xff"})
    EXPECT_EQ(files.write(folder.at("tasks.txt"), {"z", bad}).error().code, base::Code::invalid);
  EXPECT_EQ(folder.get("tasks.txt"), "a\nb c\n");
}

}  // namespace
}  // namespace agentd
