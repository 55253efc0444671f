// SPDX-License-Identifier: Apache-2.0
#include "agentd/harness/task_files.hpp"

#include <set>
#include <string_view>

#include "agentd/harness/samples_file.hpp"
#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"

namespace agentd {
namespace {

// The list is in the run's record, which is written anew with every batch of samples.
constexpr std::size_t kListBytes = 2L << 20;
constexpr std::size_t kTasks = 100'000;
constexpr std::size_t kShownBytes = 80;

std::string said(std::string_view line) {
  return base::quoted(base::clipped(base::printable(line), kShownBytes));
}

base::Error refused(std::size_t line, const std::string& why) {
  return base::invalid("the command that lists the tasks: line " + std::to_string(line) + why);
}

/// The whole lines of `text`; what no newline ends counts only at the end.
base::Result<std::vector<std::string>> ids_of(std::string_view text, TaskFiles::Look look) {
  std::vector<std::string> ids;
  std::set<std::string_view> known;
  for (std::size_t at = 0; at < text.size();) {
    const auto number = ids.size() + 1;
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, end - at);
    if (line.size() > base::limits::kTaskIdBytes)
      return refused(number, " has more than " + std::to_string(base::limits::kTaskIdBytes) +
                                 " bytes: " + said(line));
    if (end == text.size() && look == TaskFiles::Look::so_far) break;
    if (line.empty()) return refused(number, " is empty");
    if (!is_task_id(line))
      return refused(number, " is no task id (control characters or no UTF-8): " + said(line));
    if (!known.insert(line).second) return refused(number, " comes twice: " + said(line));
    if (known.size() > kTasks)
      return refused(number, ": there are more than " + std::to_string(kTasks) + " tasks");
    ids.emplace_back(line);
    at = end + 1;
  }
  return ids;
}

}  // namespace

base::Result<std::vector<std::string>> FileTaskFiles::read(const std::string& path, Look look) {
  // The child may not have made its file yet.
  const auto facts = base::facts_of(path);
  if (!facts && (look == Look::whole || facts.error().code != base::Code::not_found))
    return base::Error(facts.error()).within("read the list of tasks");
  if (!facts) return std::vector<std::string>{};
  if (facts->size > static_cast<std::int64_t>(kListBytes))
    return base::invalid("the command that lists the tasks printed more than " +
                         std::to_string(kListBytes) + " bytes");
  const auto text = base::read_file(path, kListBytes);
  if (!text) return base::Error(text.error()).within("read the list of tasks");
  auto ids = ids_of(*text, look);
  if (ids && ids->empty() && look == Look::whole)
    return base::invalid("the command that lists the tasks printed no task");
  return ids;
}

base::Status FileTaskFiles::write(const std::string& path, const std::vector<std::string>& ids) {
  std::string text;
  for (const auto& id : ids) {
    if (!is_task_id(id))
      return base::invalid("task id " + said(id) + ": it must have 1 to " +
                           std::to_string(base::limits::kTaskIdBytes) +
                           " bytes without control characters");
    text += id + "\n";
  }
  auto written = base::write_file(path, text, 0600);
  if (!written) return std::move(written).error().within("hand over the tasks");
  return written;
}

}  // namespace agentd
