// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/exit_code.hpp"
#include "controller/core/store.hpp"
#include "controller/store/copies.hpp"

#include <memory>
#include <optional>
#include <string>

namespace controller {

/// Where a store lies. The rest is for the simulator and for tests.
struct StorePlace {
  std::string path;  // D/state.db
  std::string vfs;   // name of a registered SQLite VFS; "" is the system's own

  /// `weak` may lose what was acknowledged when the power goes. It proves that the tests of
  /// durability can fail, and has no other use.
  enum class Durability : std::uint8_t { whole, weak };
  Durability durability = Durability::whole;
  // Folding the log into the file stalls the rounds for some 50 ms at this length; shorter is more
  // often, longer is worse at once.
  std::int64_t log_pages_max = 4000;
  // Worth folding when nobody waits.
  std::int64_t log_pages_idle = 1000;
  // Of the change log: some 50 MB at the most. Age alone never takes the last lines, so that a
  // clock that jumps does not empty it.
  std::int64_t changes_max = 200'000;
  std::int64_t changes_min = 10'000;
  base::Duration changes_age{90LL * 24 * 3'600'000};
  std::int64_t changes_step = 500;  // a round of some milliseconds
};

/// The codes of these functions and of `SqliteStore::open`, which only main turns into exit codes:
/// `not_found`: there is no store (78); `conflict`: there is one already (78); `invalid`: the state
/// on disk is not usable, with the reason and the way out (78); `forbidden`: mode, owner or a
/// symbolic link (77); `unavailable`: somebody else has it open (75); `internal`: the disk failed
/// or is full (74).
base::Exit exit_of_store(const base::Error& error);

/// Makes an empty store for the cluster of this id. The only thing that ever makes one.
base::Status create_store(const StorePlace& place, const std::string& cluster);

/// Every test there is, on a store that nobody has open. Changes nothing.
base::Status check_store(const StorePlace& place);

/// Puts a snapshot in the place of the store, which nobody may have open. The incarnation rises
/// above every one that was, so that no old fence is valid. The old files stay beside it under
/// names that end in `.replaced`.
base::Status restore_store(const std::string& file, const StorePlace& place);

/// The store on SQLite: one connection, exclusive, every commit synced. Objects are rows with their
/// canonical bytes; every row carries a sum that is checked when it is read.
class SqliteStore final : public Store {
 public:
  /// Checks everything that is checked before the first write; the disk stays as it is until
  /// `load`.
  static base::Result<std::unique_ptr<SqliteStore>> open(const StorePlace& place);
  struct Inner;
  explicit SqliteStore(std::unique_ptr<Inner> inner);
  ~SqliteStore() override;

  base::Result<Loaded> load() override;
  /// `load` comes first. An empty round is written all the same: the probe after a full disk.
  std::optional<CommitError> commit(const Round& round) override;
  /// All lines of a revision come together: the limit is passed rather than a revision cut.
  base::Result<std::vector<ChangeRow>> changes(std::int64_t revision, std::size_t limit) override;
  base::Result<std::vector<SampleRow>> samples(const std::string& run) override;
  /// Refuses a name that is taken. The store's thread is busy meanwhile (200 MB: about a second);
  /// where rounds go on, `begin_snapshot`.
  base::Status snapshot(const std::string& file) override;
  /// The same in steps. It ends before the store does.
  base::Result<Copying> begin_snapshot(const std::string& file);

  /// The change log is whole after this revision; older lines are removed.
  std::int64_t changes_floor() const;
  /// Removes some of the oldest lines of the change log beyond its bounds, as a small round of its
  /// own (some milliseconds). `more`: there are others to remove.
  struct Trimmed {
    enum class Rest : std::uint8_t { none, more } rest = Rest::none;
    std::optional<CommitError> error;
  };
  Trimmed trim_changes(base::Instant now);

  /// Folds a long write-ahead log into the file; to be called when no round waits.
  std::optional<CommitError> idle();
  /// Every test there is, on the open store.
  base::Status check();
  /// Id of the cluster, known before `load`.
  const std::string& cluster() const;

 private:
  std::unique_ptr<Inner> inner_;
};

}  // namespace controller
