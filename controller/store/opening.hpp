// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/store/database.hpp"
#include "controller/store/schema.hpp"
#include "controller/store/sqlite_store.hpp"
#include "controller/store/sums.hpp"

#include <optional>
#include <vector>

namespace controller {

/// How a store that is not usable gets usable again.
inline constexpr std::string_view kWayOut = "put a snapshot in its place with `restore FILE`";

struct Opened {
  Database database;
  Head head;
};

inline Use use(Database& database, Sql statement) {
  return database.use(static_cast<std::size_t>(statement));
}
inline FileName file_of(const StorePlace& place) {
  return {place.path, place.vfs};
}

/// Opens and checks an existing store: the file, the version, the structure, the write-ahead log,
/// the identity. Writes nothing, except that a store of an older version is brought up to date.
base::Result<Opened> open_existing(const StorePlace& place);

/// The version of a file that is a store at all, of this version or an older one.
base::Result<std::int64_t> check_version(Database& database);

/// Writes the settings and reads each back.
base::Status set_up(Database& database, StorePlace::Durability durability);

/// Brings the schema from `version` to kSchemaVersion, one transaction a step.
base::Status migrate(Database& database, std::int64_t version);

/// The statements that every version of the schema knows, then the others.
base::Status prepare_first(Database& database);
base::Status prepare_rest(Database& database);

/// The highest incarnation that was ever handed out here, from the file beside the store: a copy
/// that was put in place by hand is seen by it. 0 where it is absent.
base::Result<std::int64_t> marked_incarnation(const StorePlace& place);
base::Status mark_incarnation(const StorePlace& place, std::int64_t incarnation);

Fault write_identity(Database& database, const Head& head);
Fault write_head(Database& database, const Head& head);
/// The identity and the head, which must belong together.
base::Result<Head> read_head(Database& database);

/// All objects in the order of (kind, name), each with a right sum and none after the head.
base::Result<std::vector<Row>> read_objects(Database& database, const Head& head);
base::Result<std::vector<ChangeRow>> read_changes(Database& database, std::int64_t revision,
                                                  std::size_t limit);
base::Result<std::vector<SampleRow>> read_samples(Database& database, const std::string& run);

/// The revision up to which the change log is removed; 0 where all of it is there.
base::Result<std::int64_t> read_floor(Database& database);

/// How much of the change log is kept.
struct LogBounds {
  std::int64_t lines_max = 0;  // the newest
  std::int64_t lines_min = 0;  // these stay, however old they are
  base::Instant not_before;    // older lines go
};
/// Up to which revision the oldest lines may go in one step of about `step` lines; nothing when all
/// are to stay. Lines of one revision go together.
base::Result<std::optional<std::int64_t>> find_floor(Database& database, const LogBounds& bounds,
                                                     std::int64_t step);
/// Removes those lines; part of a transaction.
Fault raise_floor(Database& database, std::int64_t revision);

/// The full integrity check of SQLite and every sum.
base::Status check_all(Database& database, const Head& head);

/// Runs `work` in one transaction: all of it is durable, or none of it happened. `in_doubt`: not
/// even that is known; the connection can't be used any more.
struct Undone {
  Fault fault = Fault::none;
  base::Error error;
  bool in_doubt = false;
};
template <class Work>
std::optional<Undone> in_transaction(Database& database, std::string_view doing, const Work& work);

/// Rolls back what a failure left open; says what became of it.
Undone undone(Database& database, Fault fault, std::string_view doing);

template <class Work>
std::optional<Undone> in_transaction(Database& database, std::string_view doing, const Work& work) {
  Fault fault = use(database, Sql::begin).run();
  if (fault == Fault::none) fault = work();
  if (fault == Fault::none) fault = use(database, Sql::commit).run();
  if (fault == Fault::none) return std::nullopt;
  return undone(database, fault, doing);
}

}  // namespace controller
