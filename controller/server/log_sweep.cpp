// SPDX-License-Identifier: Apache-2.0
#include "controller/server/log_sweep.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <map>

namespace controller {
namespace {

constexpr std::string_view kRun = "run.";
constexpr std::string_view kDeployment = "deployment.";
constexpr std::string_view kMark = ".gone";

std::string path_of(const std::string& folder, const LogLife& life) {
  return folder + "/" + life.stream + "/" + life.uid;
}

base::Status failed(const std::string& path) {
  return base::internal("remove " + base::quoted(path) + ": " + std::strerror(errno));
}

base::Status remove_one(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return base::ok();
  return failed(path);
}

/// A folder with something in it that is not ours stays.
base::Status remove_folder(const std::string& path) {
  if (::rmdir(path.c_str()) == 0 || errno == ENOENT || errno == ENOTEMPTY) return base::ok();
  return failed(path);
}

/// The names in a folder; none where there is no folder (any more).
base::Result<std::vector<std::string>> names_in(const std::string& folder) {
  const auto facts = base::facts_of(folder);
  if (!facts && facts.error().code == base::Code::not_found) return std::vector<std::string>{};
  if (!facts) return facts.error();
  if (!facts->folder) return std::vector<std::string>{};
  return base::list_folder(folder);
}

base::Status remove_life(const std::string& life) {
  const auto machines = names_in(life);
  if (!machines) return machines.error();
  for (const auto& machine : *machines) {
    const auto folder = life + "/" + machine;
    const auto pieces = names_in(folder);
    if (!pieces) return pieces.error();
    for (const auto& piece : *pieces)
      if (auto removed = remove_one(folder + "/" + piece); !removed) return removed;
    if (auto removed = remove_folder(folder); !removed) return removed;
  }
  return remove_folder(life);
}

/// When the mark was made; nothing when there is none that can be read.
std::optional<base::Instant> read_mark(const std::string& path) {
  const auto text = base::read_file(path, 64);
  const auto ms = text ? base::to_integer(base::trimmed(*text)) : std::nullopt;
  if (!ms) return std::nullopt;
  return base::Instant{*ms};
}

}  // namespace

std::string_view LogLife::kind() const {
  return stream.starts_with(kRun) ? "BenchRun" : "ModelDeployment";
}

std::string LogLife::name() const {
  return stream.substr(stream.find('.') + 1);
}

base::Result<std::vector<LogLife>> list_log_lives(const std::string& folder) {
  const auto streams = names_in(folder);
  if (!streams) return streams.error();
  std::vector<LogLife> lives;
  for (const auto& stream : *streams) {
    if (!stream.starts_with(kRun) && !stream.starts_with(kDeployment)) continue;
    const auto names = names_in(folder + "/" + stream);
    if (!names) return names.error();
    std::map<std::string, LogLife::Mark> found;
    for (const auto& name : *names) {
      const bool is_mark = name.ends_with(kMark);
      auto& mark = found[name.substr(0, name.size() - (is_mark ? kMark.size() : 0))];
      if (is_mark) mark = LogLife::Mark::gone;
    }
    for (const auto& [uid, mark] : found)
      lives.push_back({stream, uid, mark});
  }
  return lives;
}

base::Status tend_log_life(const std::string& folder, const LogLife& life, InStore in_store,
                           base::Instant now) {
  const auto path = path_of(folder, life);
  const auto mark = path + std::string(kMark);
  if (in_store == InStore::present) return remove_one(mark);
  const auto since = read_mark(mark);
  // A clock that was ahead when it was marked must not keep the logs for ever.
  if (!since || *since > now) return base::write_file(mark, std::to_string(now.ms) + "\n", 0600);
  if (now - *since < kKeepLogs) return base::ok();
  // The mark goes last: a removal that was interrupted goes on at the next sweep.
  if (auto removed = remove_life(path); !removed) return removed;
  if (auto removed = remove_one(mark); !removed) return removed;
  return remove_folder(folder + "/" + life.stream);
}

}  // namespace controller
