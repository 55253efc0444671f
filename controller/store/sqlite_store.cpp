// SPDX-License-Identifier: Apache-2.0
#include "controller/store/sqlite_store.hpp"

#include "base/check.hpp"
#include "base/hooks.hpp"
#include "controller/store/opening.hpp"

namespace controller {
namespace {

Fault put(Database& database, const Row& row) {
  auto use = controller::use(database, Sql::put_object);
  return use.with(row.kind)
      .with(row.name)
      .with(row.uid)
      .with(row.revision)
      .with(sum_of(row))
      .with(row.bytes)
      .run();
}

Fault add(Database& database, const ChangeRow& row) {
  auto use = controller::use(database, Sql::add_change);
  return use.with(row.revision)
      .with(row.at.ms)
      .with(row.who)
      .with(row.verb)
      .with(row.kind)
      .with(row.name)
      .with(row.because)
      .with(sum_of(row))
      .run();
}

Fault add(Database& database, const SampleRow& row) {
  auto use = controller::use(database, Sql::add_sample);
  return use.with(row.run)
      .with(row.task)
      .with(row.attempt)
      .with(std::int64_t{row.scored ? 1 : 0})
      .with(sum_of(row))
      .with(row.bytes)
      .run();
}

Fault write(Database& database, const Round& round, const Head& head) {
  Fault fault = Fault::none;
  for (const auto& [kind, name] : round.removals) {
    if (fault != Fault::none) return fault;
    auto use = controller::use(database, Sql::remove_object);
    fault = use.with(kind).with(name).run();
  }
  for (const auto& row : round.puts)
    if (fault == Fault::none) fault = put(database, row);
  for (const auto& row : round.changes)
    if (fault == Fault::none) fault = add(database, row);
  for (const auto& row : round.samples)
    if (fault == Fault::none) fault = add(database, row);
  return fault == Fault::none ? write_head(database, head) : fault;
}

}  // namespace

/// opened → loaded → (spoiled ⇄ loaded) → broken. Before `load` nothing is written; `spoiled` means
/// that the log holds the remains of a round that found no room.
struct SqliteStore::Inner {
  enum class State : std::uint8_t { opened, loaded, spoiled, broken };

  StorePlace place;
  Database database;
  Head head;
  std::int64_t floor = 0;  // of the change log
  State state = State::opened;

  std::optional<CommitError> failed(const Undone& undone);
  std::optional<CommitError> failed_fold(Fault fault);
  std::optional<CommitError> make_room();
  base::Result<Loaded> load();
};

std::optional<CommitError> SqliteStore::Inner::failed(const Undone& undone) {
  // The schema's rules restate what the core holds anyway: its constraint is our own bug.
  CHECK(policy_of(undone.fault) != Policy::stop);
  if (undone.in_doubt) {
    state = State::broken;
    database.at_end(Database::AtEnd::keep_log);
  } else if (undone.fault == Fault::full) {
    state = State::spoiled;
  }
  CommitError error{undone.error, undone.in_doubt};
  // No room is a state that passes; `internal` would say that something is broken.
  if (undone.fault == Fault::full && !error.fatal) error.error.code = base::Code::unavailable;
  return error;
}

std::optional<CommitError> SqliteStore::Inner::failed_fold(Fault fault) {
  if (fault == Fault::none) return std::nullopt;
  return failed(undone(database, fault, "fold the log of"));
}

/// Keeps the log short, and begins a new one after a round that found no room.
std::optional<CommitError> SqliteStore::Inner::make_room() {
  if (state == State::spoiled) {
    if (auto error = failed_fold(database.fold(Database::Fold::truncate))) return error;
    state = State::loaded;
  }
  if (database.log_pages() < place.log_pages_max) return std::nullopt;
  const Fault fault = database.fold(Database::Fold::passive);
  // No room in the file is no reason to refuse a round for which there is room in the log.
  return fault == Fault::full ? std::nullopt : failed_fold(fault);
}

base::Result<Loaded> SqliteStore::Inner::load() {
  auto rows = read_objects(database, head);
  if (!rows) return std::move(rows).error();
  {
    auto use = controller::use(database, Sql::newest_change);
    if (!use.next()) return database.error(use.fault(), "read");
    if (use.integer(0) > head.revision) {
      return base::invalid("it is damaged: the change log is ahead of the revision; " +
                           std::string(kWayOut));
    }
  }
  const auto lowest = read_floor(database);
  if (!lowest) return lowest.error();
  floor = *lowest;
  // From here on the file is ours and gets written; on a failure it stays as it is.
  database.at_end(Database::AtEnd::keep_log);
  if (const Fault fault = database.fold(Database::Fold::truncate); fault != Fault::none) {
    return database.error(fault, "fold the log of");
  }
  if (auto marked = mark_incarnation(place, head.term.incarnation); !marked) {
    return std::move(marked).error();
  }
  Head next = head;
  ++next.term.start;
  auto error =
      in_transaction(database, "raise the start in", [&] { return write_head(database, next); });
  if (error) return std::move(error->error);
  // With the new start in the file itself no term is ever given out twice, even if somebody
  // deletes the log. For want of room it stays in the log.
  const Fault fault = database.fold(Database::Fold::passive);
  if (fault != Fault::none && fault != Fault::full) return database.error(fault, "fold");
  head = next;
  state = State::loaded;
  database.at_end(Database::AtEnd::fold_log);
  return Loaded{head.cluster, head.term, head.revision, std::move(*rows)};
}

SqliteStore::SqliteStore(std::unique_ptr<Inner> inner) : inner_(std::move(inner)) {}
SqliteStore::~SqliteStore() = default;

base::Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const StorePlace& place) {
  auto opened = open_existing(place);
  if (!opened) return std::move(opened).error();
  auto inner = std::make_unique<Inner>(
      Inner{place, std::move(opened->database), std::move(opened->head), 0, Inner::State::opened});
  return std::make_unique<SqliteStore>(std::move(inner));
}

base::Result<Loaded> SqliteStore::load() {
  CHECK(inner_->state == Inner::State::opened);
  auto loaded = inner_->load();
  if (!loaded) {
    inner_->state = Inner::State::broken;
    return std::move(loaded).error().within("load the store");
  }
  return loaded;
}

std::optional<CommitError> SqliteStore::commit(const Round& round) {
  Inner& s = *inner_;
  CHECK(s.state == Inner::State::loaded || s.state == Inner::State::spoiled);
  CHECK(round.revision >= s.head.revision);
  if (auto error = s.make_room()) return error;
  Head next = s.head;
  next.revision = round.revision;
  ++next.rounds;
  const std::string doing = "write revision " + std::to_string(round.revision) + " to";
  ORCH_FAILPOINT("store.commit.before");
  auto error = in_transaction(s.database, doing, [&] {
    const Fault fault = write(s.database, round, next);
    ORCH_FAILPOINT("store.commit.half");
    return fault;
  });
  if (error) return s.failed(*error);
  ORCH_FAILPOINT("store.commit.after");
  s.head = std::move(next);
  return std::nullopt;
}

base::Result<std::vector<ChangeRow>> SqliteStore::changes(std::int64_t revision,
                                                          std::size_t limit) {
  return read_changes(inner_->database, revision, limit);
}

base::Result<std::vector<SampleRow>> SqliteStore::samples(const std::string& run) {
  return read_samples(inner_->database, run);
}

base::Status SqliteStore::snapshot(const std::string& file) {
  return copy_for_people(inner_->database, {file, inner_->place.vfs});
}

base::Result<Copying> SqliteStore::begin_snapshot(const std::string& file) {
  return Copying::begin(inner_->database, {file, inner_->place.vfs});
}

std::optional<CommitError> SqliteStore::idle() {
  Inner& s = *inner_;
  if (s.state != Inner::State::loaded) return std::nullopt;
  if (s.database.log_pages() < s.place.log_pages_idle) return std::nullopt;
  const Fault fault = s.database.fold(Database::Fold::passive);
  return fault == Fault::full ? std::nullopt : s.failed_fold(fault);
}

std::int64_t SqliteStore::changes_floor() const {
  return inner_->floor;
}

SqliteStore::Trimmed SqliteStore::trim_changes(base::Instant now) {
  Inner& s = *inner_;
  // With no room on the disk the next round comes first.
  if (s.state != Inner::State::loaded || ORCH_MUTANT("change-log-grows")) return {};
  const LogBounds bounds{s.place.changes_max, s.place.changes_min, now - s.place.changes_age};
  const auto floor = find_floor(s.database, bounds, s.place.changes_step);
  if (!floor) return {Trimmed::Rest::none, CommitError{floor.error(), false}};
  if (!*floor) return {};
  if (auto error = s.make_room()) return {Trimmed::Rest::none, std::move(error)};
  Head next = s.head;
  ++next.rounds;  // every commit writes the head's page: log_scan counts on it
  const auto undone = in_transaction(s.database, "shorten the change log of", [&] {
    const Fault fault = raise_floor(s.database, **floor);
    return fault == Fault::none ? write_head(s.database, next) : fault;
  });
  if (undone) return {Trimmed::Rest::none, s.failed(*undone)};
  s.head = std::move(next);
  s.floor = **floor;
  return {Trimmed::Rest::more, std::nullopt};
}

base::Status SqliteStore::check() {
  auto whole = check_all(inner_->database, inner_->head);
  if (whole) return whole;
  return std::move(whole).error().within("check the store");
}

const std::string& SqliteStore::cluster() const {
  return inner_->head.cluster;
}

}  // namespace controller
