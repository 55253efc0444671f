// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/store/sqlite_store.hpp"
#include "tests/sim/disk/crash_vfs.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace controller {

inline const std::string kCluster = "11111111-2222-3333-4444-555555555555";

/// A folder of its own on the real disk, gone afterwards.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();
  std::string in(const std::string& name) const { return path_ + "/" + name; }
  StorePlace store() const;
  /// Every file with its mode, size and hash: what "nothing changed" means.
  std::map<std::string, std::string> files() const;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A disk in memory with a store in it.
StorePlace place_on(const sim::CrashDisk& disk);

Row object(const std::string& kind, const std::string& name, std::int64_t revision,
           const std::string& bytes);
ChangeRow change(std::int64_t revision, const std::string& name);
SampleRow sample(const std::string& run, const std::string& task, bool scored,
                 std::int64_t attempt = 1);
/// One object and its line in the change log.
Round put(std::int64_t revision, const std::string& name, const std::string& bytes);

/// Opens and loads; a failure fails the test.
std::unique_ptr<SqliteStore> loaded(const StorePlace& place);

/// Everything that a store says of itself, in one comparable value.
struct Contents {
  std::vector<Row> rows;
  std::vector<ChangeRow> changes;
  std::vector<SampleRow> samples;
  std::int64_t revision = 0;
  bool operator==(const Contents&) const = default;
};
/// What the store must say after the round.
void apply(Contents& contents, const Round& round);
Contents contents_of(SqliteStore& store, const Loaded& loaded);
/// Opens, loads and reads it all; the error where one of these is refused.
base::Result<Contents> read_all(const StorePlace& place);

}  // namespace controller
