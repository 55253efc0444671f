// SPDX-License-Identifier: Apache-2.0
#include "controller/store/opening.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "controller/store/log_scan.hpp"

namespace controller {
namespace {

/// Those of `Sql` up to here run on every version of the schema.
constexpr auto kFirst = static_cast<std::size_t>(Sql::write_head) + 1;

/// `what`, and how to get out of it.
base::Error unusable(std::string what) {
  return base::invalid(std::move(what) + "; " + std::string(kWayOut));
}

base::Error absent(const FileName& file) {
  const auto moved = file_exists(file.beside(".replaced"));
  if (moved && *moved) {
    return base::not_found("it is absent, a restore was interrupted; run `restore FILE` again");
  }
  return base::not_found("it is absent; `init` makes a new one, `restore FILE` brings one back");
}

/// SQLite takes an empty file for an absent one; we don't.
base::Status check_private_files(const FileName& file) {
  for (const char* suffix : {"", "-wal"}) {
    const std::string path = file.path + suffix;
    auto is_private = base::check_private(path);
    if (!is_private && is_private.error().code != base::Code::not_found) return is_private;
  }
  const auto facts = base::facts_of(file.path);
  if (!facts && facts.error().code == base::Code::not_found) return absent(file);
  if (!facts) return facts.error();
  if (facts->folder) return unusable("it is a folder");
  if (facts->size == 0) return unusable("it is empty (0 bytes)");
  return base::ok();
}

base::Status check_files(const FileName& file) {
  if (file.vfs.empty()) {
    if (auto is_private = check_private_files(file); !is_private) return is_private;
  }
  const auto there = file_exists(file);
  if (!there) return there.error();
  if (!*there) return absent(file);
  const auto journal = file_exists(file.beside("-journal"));
  if (!journal) return journal.error();
  if (!*journal) return base::ok();
  // SQLite would roll it back into the file, and we never leave one.
  return unusable("a rollback journal that is not ours lies beside it (" +
                  base::quoted(file.path + "-journal") + "))");
}

base::Result<std::int64_t> number(Database& database, const char* query) {
  const auto text = database.value(query);
  if (!text) return text.error();
  return base::to_integer(*text).value_or(-1);
}

base::Status check_structure(Database& database) {
  const auto mode = database.value("PRAGMA journal_mode");
  if (!mode) return mode.error();
  if (*mode != "wal") return unusable("its journal mode is " + *mode + ", not wal");
  return database.examine(Database::Depth::quick);
}

base::Status check_log(Database& database, const FileName& file, std::int64_t pages) {
  const auto bytes = number(database, "PRAGMA page_size");
  if (!bytes) return bytes.error();
  const auto head =
      number(database, "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = 'head'");
  if (!head) return head.error();
  auto log = scan_log({file, pages, *bytes, *head});
  if (log || log.error().code != base::Code::invalid) return log;
  return unusable(std::move(log).error().message);
}

/// A copy of an older state that somebody put here by hand would hand out terms a second time.
base::Status check_incarnation(const StorePlace& place, const Head& head) {
  const auto marked = marked_incarnation(place);
  if (!marked) return marked.error();
  if (*marked <= head.term.incarnation) return base::ok();
  return base::invalid("it is of incarnation " + std::to_string(head.term.incarnation) +
                       " and there was a " + std::to_string(*marked) +
                       " here already; bring older states back with `restore FILE` only");
}

/// Everything that can be seen before the first write; gives the head.
base::Result<Head> check_open(Database& database, const StorePlace& place) {
  if (database.read_only()) return base::forbidden("we may not write it");
  const auto pages = number(database, "PRAGMA page_count");
  if (!pages) return pages.error();
  if (*pages == 0) return unusable("it is empty (0 bytes)");
  if (database.read_only()) return unusable("it is damaged: its header says read only");
  const auto version = check_version(database);
  if (!version) return version.error();
  if (auto structure = check_structure(database); !structure) return std::move(structure).error();
  if (auto log = check_log(database, file_of(place), *pages); !log) return std::move(log).error();
  if (auto prepared = prepare_first(database); !prepared) return std::move(prepared).error();
  auto head = read_head(database);
  if (!head) return head;
  if (auto fits = check_incarnation(place, *head); !fits) return std::move(fits).error();
  if (auto set = set_up(database, place.durability); !set) return std::move(set).error();
  if (auto newer = migrate(database, *version); !newer) return std::move(newer).error();
  if (auto prepared = prepare_rest(database); !prepared) return std::move(prepared).error();
  return head;
}

/// SQLite's word for a damaged file says nothing of the way out.
base::Error with_way_out(base::Error error) {
  if (error.code == base::Code::invalid && error.message.find("; ") == std::string::npos) {
    error.message += "; " + std::string(kWayOut);
  }
  return error;
}

}  // namespace

base::Exit exit_of_store(const base::Error& error) {
  switch (error.code) {
    case base::Code::not_found:
    case base::Code::conflict:
    case base::Code::invalid: return base::Exit::bad_state;
    case base::Code::forbidden: return base::Exit::not_allowed;
    case base::Code::unavailable: return base::Exit::busy;
    default: return base::Exit::io;
  }
}

base::Result<std::int64_t> check_version(Database& database) {
  const auto application = number(database, "PRAGMA application_id");
  if (!application) return application.error();
  if (*application != kApplicationId) return unusable("it is no store of orch");
  const auto version = number(database, "PRAGMA user_version");
  if (!version) return version.error();
  if (*version > static_cast<std::int64_t>(kSchemaVersion)) {
    return base::invalid("a newer orch wrote it (version " + std::to_string(*version) +
                         ", this one reads up to " + std::to_string(kSchemaVersion) +
                         "); run that orch, or restore a snapshot of this version");
  }
  if (*version < 1) return unusable("its version is " + std::to_string(*version));
  return *version;
}

base::Status set_up(Database& database, StorePlace::Durability durability) {
  for (const auto& setting : kSettings) {
    if (const auto fault = database.script(setting.write); fault != Fault::none) {
      return database.error(fault, setting.write);
    }
    const auto is = database.value(setting.read);
    if (!is) return is.error();
    if (*is != setting.wanted) {
      return base::internal("the setting did not hold: " + std::string(setting.write) + " gave " +
                            base::quoted(*is));
    }
  }
  if (durability == StorePlace::Durability::weak) {
    if (const auto fault = database.script("PRAGMA synchronous=NORMAL"); fault != Fault::none) {
      return database.error(fault, "weaken");
    }
  }
  return base::ok();
}

base::Status migrate(Database& database, std::int64_t version) {
  if (version == static_cast<std::int64_t>(kSchemaVersion)) return base::ok();
  // Every start begins a new log (see log_scan.hpp), and this is its first write.
  if (version > 0) {
    const auto fault = database.fold(Database::Fold::truncate);
    if (fault != Fault::none) return database.error(fault, "fold the log of");
  }
  for (auto step = static_cast<std::size_t>(version); step < kSchemaVersion; ++step) {
    const std::string doing = "bring the schema to version " + std::to_string(step + 1) + ":";
    Fault fault = database.script("BEGIN IMMEDIATE");
    if (fault == Fault::none) fault = database.script(kSteps[step]);
    if (fault == Fault::none) fault = database.script("COMMIT");
    if (fault == Fault::none) continue;
    auto error = database.error(fault, doing);
    // The connection is given up after this; what it left open goes with it.
    if (database.in_transaction()) database.script("ROLLBACK");
    return error;
  }
  return base::ok();
}

base::Status prepare_first(Database& database) {
  const auto fault = database.prepare(std::span(kSql).first(kFirst));
  return fault == Fault::none ? base::ok()
                              : base::Status(database.error(fault, "prepare statements for"));
}

base::Status prepare_rest(Database& database) {
  const auto fault = database.prepare(std::span(kSql).subspan(kFirst));
  return fault == Fault::none ? base::ok()
                              : base::Status(database.error(fault, "prepare statements for"));
}

base::Result<std::int64_t> marked_incarnation(const StorePlace& place) {
  if (!place.vfs.empty()) return 0;
  const auto text = base::read_file(place.path + ".incarnation", 64);
  if (!text && text.error().code == base::Code::not_found) return 0;
  if (!text) return text.error();
  const auto marked = base::to_integer(base::trimmed(*text));
  if (marked) return *marked;
  return base::invalid(base::quoted(place.path + ".incarnation") +
                       " holds no number; remove it if the store was not put here by hand");
}

base::Status mark_incarnation(const StorePlace& place, std::int64_t incarnation) {
  if (!place.vfs.empty()) return base::ok();
  auto written =
      base::write_file(place.path + ".incarnation", std::to_string(incarnation) + "\n", 0600);
  return written ? written : base::Status(base::internal(std::move(written).error().message));
}

base::Result<Opened> open_existing(const StorePlace& place) {
  const FileName file = file_of(place);
  const auto refused = [&](base::Error error) {
    return with_way_out(std::move(error)).within("open store " + base::quoted(place.path));
  };
  if (auto files = check_files(file); !files) return refused(std::move(files).error());
  auto database = Database::open(file, Database::Mode::existing);
  if (!database) return refused(std::move(database).error());
  auto head = check_open(*database, place);
  if (!head) return refused(std::move(head).error());
  return Opened{std::move(*database), std::move(*head)};
}

}  // namespace controller
