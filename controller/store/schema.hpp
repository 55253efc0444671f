// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace controller {

/// "orch" in the file's header: what `file` and we tell a store by.
inline constexpr std::int64_t kApplicationId = 0x6f726368;

/// `kSteps[n]` makes version n + 1 of the schema out of version n, in one transaction, and writes
/// the version. A step that was released is never edited; a change is a new step and a fixture.
inline constexpr std::size_t kSchemaVersion = 3;
extern const std::array<const char*, kSchemaVersion> kSteps;

/// The views machine, model, bench and job of a snapshot; they replace older ones of these names.
extern const char* const kViews;
/// A store has none: they would be one more thing that a later version must keep.
extern const char* const kNoViews;

/// Every statement that the store ever runs, in the order of `Sql`.
enum class Sql : std::uint8_t {
  begin,
  commit,
  rollback,
  read_identity,
  write_identity,
  read_head,
  write_head,
  read_objects,
  read_index,
  put_object,
  remove_object,
  add_change,
  newest_change,
  read_changes,
  add_sample,
  read_samples,
  read_all_samples,
  read_floor,
  write_floor,
  newest_change_id,
  oldest_changes,
  remove_changes,
  count
};
extern const std::array<const char*, static_cast<std::size_t>(Sql::count)> kSql;

/// What every open connection must say of itself after the settings are written.
struct Setting {
  const char* write;
  const char* read;
  std::string_view wanted;
};
inline constexpr std::array kSettings{
    // A commit is an acknowledgement, so the log is synced at each.
    Setting{"PRAGMA synchronous=FULL", "PRAGMA synchronous", "2"},
    // On a Mac only these reach the platter; elsewhere they change nothing.
    Setting{"PRAGMA fullfsync=ON", "PRAGMA fullfsync", "1"},
    Setting{"PRAGMA checkpoint_fullfsync=ON", "PRAGMA checkpoint_fullfsync", "1"},
    Setting{"PRAGMA foreign_keys=ON", "PRAGMA foreign_keys", "1"},
    Setting{"PRAGMA trusted_schema=OFF", "PRAGMA trusted_schema", "0"},
    Setting{"PRAGMA cell_size_check=ON", "PRAGMA cell_size_check", "1"},
    Setting{"PRAGMA temp_store=MEMORY", "PRAGMA temp_store", "2"},
    Setting{"PRAGMA mmap_size=0", "PRAGMA mmap_size", "0"},
    // Nothing in it needs wiping, and wiping doubles what a removal writes.
    Setting{"PRAGMA secure_delete=OFF", "PRAGMA secure_delete", "0"},
    Setting{"PRAGMA cache_size=-16384", "PRAGMA cache_size", "-16384"},
    // SQLite's own checkpoints hide their failures; the store folds the log itself. Counting the
    // log's pages switched them off already, and to write this would switch off the counting.
    Setting{"PRAGMA wal_autocheckpoint", "PRAGMA wal_autocheckpoint", "0"},
};

}  // namespace controller
