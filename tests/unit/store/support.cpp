// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store/support.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <stdlib.h>

#include "base/text.hpp"

namespace controller {

Folder::Folder() {
  std::string name = ::testing::TempDir() + "orch-store-XXXXXX";
  if (const char* made = ::mkdtemp(name.data())) path_ = made;
}

Folder::~Folder() {
  std::filesystem::remove_all(path_);
}

StorePlace Folder::store() const {
  StorePlace place;
  place.path = in("state.db");
  return place;
}

std::map<std::string, std::string> Folder::files() const {
  std::map<std::string, std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    const auto mode = static_cast<unsigned>(entry.symlink_status().permissions());
    std::ifstream file(entry.path(), std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    std::ostringstream facts;
    facts << std::oct << mode << std::dec << ' ' << bytes.str().size() << ' '
          << base::hash64(bytes.str());
    out[entry.path().filename().string()] = facts.str();
  }
  return out;
}

StorePlace place_on(const sim::CrashDisk& disk) {
  StorePlace place;
  place.path = "state.db";
  place.vfs = disk.name();
  return place;
}

Row object(const std::string& kind, const std::string& name, std::int64_t revision,
           const std::string& bytes) {
  return {kind, name, "uid-" + name, revision, bytes};
}

ChangeRow change(std::int64_t revision, const std::string& name) {
  return {revision, base::Instant{1000 + revision}, "admin", "update", "Model", name, "asked for"};
}

SampleRow sample(const std::string& run, const std::string& task, bool scored,
                 std::int64_t attempt) {
  return {run, task, attempt, scored, "{\"task\":\"" + task + "\"}"};
}

Round put(std::int64_t revision, const std::string& name, const std::string& bytes) {
  Round round;
  round.puts = {object("Model", name, revision, bytes)};
  round.changes = {change(revision, name)};
  round.revision = revision;
  return round;
}

std::unique_ptr<SqliteStore> loaded(const StorePlace& place) {
  auto store = SqliteStore::open(place);
  if (!store) {
    ADD_FAILURE() << store.error().message;
    return nullptr;
  }
  const auto all = (*store)->load();
  if (!all) ADD_FAILURE() << all.error().message;
  return all ? std::move(*store) : nullptr;
}

void apply(Contents& contents, const Round& round) {
  std::map<std::pair<std::string, std::string>, Row> rows;
  for (const auto& row : contents.rows)
    rows[{row.kind, row.name}] = row;
  for (const auto& key : round.removals)
    rows.erase(key);
  for (const auto& row : round.puts)
    rows[{row.kind, row.name}] = row;
  contents.rows.clear();
  for (auto& [key, row] : rows)
    contents.rows.push_back(std::move(row));
  contents.changes.insert(contents.changes.end(), round.changes.begin(), round.changes.end());
  const auto same_key = [](const SampleRow& a, const SampleRow& b) {
    return std::tie(a.run, a.task, a.attempt, a.scored) ==
           std::tie(b.run, b.task, b.attempt, b.scored);
  };
  for (const auto& row : round.samples) {
    const bool known = std::any_of(contents.samples.begin(), contents.samples.end(),
                                   [&](const auto& old) { return same_key(old, row); });
    if (!known) contents.samples.push_back(row);
  }
  contents.revision = round.revision;
}

Contents contents_of(SqliteStore& store, const Loaded& loaded) {
  Contents contents;
  contents.rows = loaded.rows;
  contents.revision = loaded.revision;
  if (auto changes = store.changes(0, 1'000'000)) {
    contents.changes = std::move(*changes);
  } else {
    ADD_FAILURE() << changes.error().message;
  }
  if (auto samples = store.samples("")) {
    contents.samples = std::move(*samples);
  } else {
    ADD_FAILURE() << samples.error().message;
  }
  return contents;
}

base::Result<Contents> read_all(const StorePlace& place) {
  auto store = SqliteStore::open(place);
  if (!store) return std::move(store).error();
  auto all = (*store)->load();
  if (!all) return std::move(all).error();
  Contents contents{std::move(all->rows), {}, {}, all->revision};
  auto changes = (*store)->changes(0, 1'000'000);
  if (!changes) return std::move(changes).error();
  contents.changes = std::move(*changes);
  auto samples = (*store)->samples("");
  if (!samples) return std::move(samples).error();
  contents.samples = std::move(*samples);
  return contents;
}

}  // namespace controller
