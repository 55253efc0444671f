// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <tuple>

#include "base/text.hpp"
#include "controller/store/opening.hpp"

namespace controller {
namespace {

base::Error damaged(std::string_view what) {
  return base::invalid("it is damaged: " + std::string(what) + "; " + std::string(kWayOut));
}

Row object_of(const Use& use) {
  return {std::string(use.text(0)), std::string(use.text(1)), std::string(use.text(2)),
          use.integer(3), std::string(use.text(5))};
}

ChangeRow change_of(const Use& use) {
  return {use.integer(0),           base::Instant{use.integer(1)}, std::string(use.text(2)),
          std::string(use.text(3)), std::string(use.text(4)),      std::string(use.text(5)),
          std::string(use.text(6))};
}

SampleRow sample_of(const Use& use) {
  return {std::string(use.text(0)), std::string(use.text(1)), use.integer(2), use.integer(3) != 0,
          std::string(use.text(5))};
}

struct Kept {
  Row row;
  std::int64_t id = 0;
};

/// A round finds its rows by the index, so it must lead to each of them and nowhere else.
base::Status compare_index(Database& database, const std::vector<Kept>& sorted) {
  std::size_t next = 0;
  auto use = controller::use(database, Sql::read_index);
  while (use.next()) {
    const bool right = next < sorted.size() && use.text(0) == sorted[next].row.kind &&
                       use.text(1) == sorted[next].row.name && use.integer(2) == sorted[next].id;
    if (!right) return damaged("the index of the objects is wrong");
    ++next;
  }
  if (use.fault() != Fault::none) return database.error(use.fault(), "read");
  return next == sorted.size() ? base::ok() : base::Status(damaged("the index misses an object"));
}

}  // namespace

Fault write_identity(Database& database, const Head& head) {
  auto use = controller::use(database, Sql::write_identity);
  return use.with(head.cluster).with(head.life).run();
}

Fault write_head(Database& database, const Head& head) {
  auto use = controller::use(database, Sql::write_head);
  return use.with(head.life)
      .with(head.term.incarnation)
      .with(head.term.start)
      .with(head.revision)
      .with(head.rounds)
      .with(sum_of(head))
      .run();
}

base::Result<Head> read_head(Database& database) {
  Head head;
  std::string life;
  {
    auto use = controller::use(database, Sql::read_identity);
    if (!use.next()) {
      if (use.fault() != Fault::none) return database.error(use.fault(), "read");
      return damaged("it does not say which cluster it is of");
    }
    head.cluster = use.text(0);
    life = use.text(1);
  }
  auto use = controller::use(database, Sql::read_head);
  if (!use.next()) {
    if (use.fault() != Fault::none) return database.error(use.fault(), "read");
    return damaged("it does not say its revision");
  }
  head.life = use.text(0);
  head.term = {use.integer(1), use.integer(2)};
  head.revision = use.integer(3);
  head.rounds = use.integer(4);
  if (head.life != life) {
    return base::invalid(
        "the write-ahead log beside it belongs to another store; move the log "
        "away if this file is the right one, or " +
        std::string(kWayOut));
  }
  if (use.integer(5) != sum_of(head)) return damaged("the sum of its head is wrong");
  return head;
}

base::Result<std::vector<Row>> read_objects(Database& database, const Head& head) {
  // In the order of the file: by the index every row would be a jump.
  std::vector<Kept> kept;
  {
    auto use = controller::use(database, Sql::read_objects);
    while (use.next()) {
      kept.push_back({object_of(use), use.integer(6)});
      const Row& row = kept.back().row;
      const bool whole = use.integer(4) == sum_of(row) && row.revision <= head.revision;
      if (!whole) return damaged("the object " + row.kind + "/" + row.name + " is not as written");
    }
    if (use.fault() != Fault::none) return database.error(use.fault(), "read");
  }
  std::sort(kept.begin(), kept.end(), [](const Kept& a, const Kept& b) {
    return std::tie(a.row.kind, a.row.name) < std::tie(b.row.kind, b.row.name);
  });
  if (auto right = compare_index(database, kept); !right) return std::move(right).error();
  std::vector<Row> rows;
  rows.reserve(kept.size());
  for (auto& [row, id] : kept)
    rows.push_back(std::move(row));
  return rows;
}

base::Result<std::vector<ChangeRow>> read_changes(Database& database, std::int64_t revision,
                                                  std::size_t limit) {
  std::vector<ChangeRow> rows;
  if (limit == 0) return rows;
  auto use = controller::use(database, Sql::read_changes);
  use.with(revision);
  while (use.next()) {
    auto row = change_of(use);
    if (use.integer(7) != sum_of(row)) {
      return damaged("the change of revision " + std::to_string(row.revision) +
                     " is not as written");
    }
    if (rows.size() >= limit && row.revision != rows.back().revision) {
      return rows;  // everything up to a whole revision; the limit may be passed by its rest
    }
    rows.push_back(std::move(row));
  }
  if (use.fault() != Fault::none) return database.error(use.fault(), "read");
  return rows;
}

base::Result<std::int64_t> read_floor(Database& database) {
  auto use = controller::use(database, Sql::read_floor);
  if (!use.next()) {
    if (use.fault() != Fault::none) return database.error(use.fault(), "read");
    return 0;
  }
  const auto floor = use.integer(0);
  if (use.integer(1) == sum_of_floor(floor)) return floor;
  return damaged("the floor of the change log is not as written");
}

base::Result<std::optional<std::int64_t>> find_floor(Database& database, const LogBounds& bounds,
                                                     std::int64_t step) {
  // Lines go from the oldest on, so the ids that are there have no gaps.
  std::int64_t newest = 0;
  {
    auto use = controller::use(database, Sql::newest_change_id);
    if (use.next()) newest = use.integer(0);
    if (use.fault() != Fault::none) return database.error(use.fault(), "read");
  }
  std::optional<std::int64_t> floor;
  std::int64_t revision = 0;  // the one whose lines are being looked at
  auto use = controller::use(database, Sql::oldest_changes);
  use.with(step);
  while (use.next()) {
    const auto kept = newest - use.integer(0);  // of those that come after it
    const bool old = use.integer(2) < bounds.not_before.ms && kept >= bounds.lines_min;
    if (use.integer(1) != revision && revision != 0) floor = revision;
    if (kept < bounds.lines_max && !old) return floor;
    revision = use.integer(1);
  }
  if (use.fault() != Fault::none) return database.error(use.fault(), "read");
  // A revision that is longer than a step goes in one.
  if (!floor && revision != 0) floor = revision;
  return floor;
}

Fault raise_floor(Database& database, std::int64_t revision) {
  const auto fault = controller::use(database, Sql::remove_changes).with(revision).run();
  if (fault != Fault::none) return fault;
  auto use = controller::use(database, Sql::write_floor);
  return use.with(revision).with(sum_of_floor(revision)).run();
}

base::Result<std::vector<SampleRow>> read_samples(Database& database, const std::string& run) {
  std::vector<SampleRow> rows;
  auto use = controller::use(database, run.empty() ? Sql::read_all_samples : Sql::read_samples);
  if (!run.empty()) use.with(run);
  while (use.next()) {
    rows.push_back(sample_of(use));
    if (use.integer(4) != sum_of(rows.back())) {
      return damaged("the sample of task " + base::quoted(rows.back().task) + " is not as written");
    }
  }
  if (use.fault() != Fault::none) return database.error(use.fault(), "read");
  return rows;
}

base::Status check_all(Database& database, const Head& head) {
  if (auto whole = database.examine(Database::Depth::deep); !whole) return whole;
  if (auto objects = read_objects(database, head); !objects) return std::move(objects).error();
  if (auto changes = read_changes(database, 0, SIZE_MAX); !changes) {
    return std::move(changes).error();
  }
  if (auto samples = read_samples(database, ""); !samples) return std::move(samples).error();
  if (auto floor = read_floor(database); !floor) return std::move(floor).error();
  return base::ok();
}

Undone undone(Database& database, Fault fault, std::string_view doing) {
  Undone result{fault, database.error(fault, doing), false};
  // Some failures roll back by themselves; only the connection knows.
  if (database.in_transaction()) use(database, Sql::rollback).run();
  result.in_doubt = policy_of(fault) == Policy::end || database.in_transaction();
  if (result.in_doubt) result.error.code = base::Code::internal;
  return result;
}

}  // namespace controller
