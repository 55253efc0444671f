// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

/// The one door to SQLite: `database.cpp` is the only file of the product that includes its header.
namespace controller {

/// What SQLite said, reduced to what we do about it. Out of memory ends the process; a misused
/// interface is our own bug and does so too.
enum class Fault : std::uint8_t {
  none,
  busy,         // another connection holds the file
  full,         // no room; nothing was changed
  disk,         // reading, writing or syncing failed: what the disk holds is not known any more
  damaged,      // the file contradicts itself
  too_big,      // a text beyond the limit of 8 MiB
  interrupted,  // we asked for it ourselves
  constraint,   // a rule of the schema is broken: our own bug, unless the file is damaged
  other         // what must not happen with one connection and constant statements
};

/// What a failure in a round does to the round and to the process.
enum class Policy : std::uint8_t {
  refuse,  // the round is undone and refused; a later one may succeed
  end,     // what the file holds is not known any more: exit 74, and the next start checks it all
  stop     // no memory, or our own bug: the process stops where it stands
};
/// The one table of SQLite's primary result codes that are failures, and IOERR_NOMEM.
struct FaultRow {
  int code = 0;
  std::string_view name;
  Fault fault = Fault::other;
  Policy policy = Policy::end;
};
std::span<const FaultRow> fault_table();
Policy policy_of(Fault fault);

/// `unavailable` for busy, `internal` for a disk that failed or is full, `invalid` for the rest.
base::Code code_of(Fault fault);

/// Which file, and through which VFS ("" is the system's own).
struct FileName {
  std::string path, vfs;
  FileName beside(std::string_view suffix) const { return {path + std::string(suffix), vfs}; }
};

base::Result<bool> file_exists(const FileName& file);
/// Fine when it is absent already.
base::Status remove_file(const FileName& file);

/// Raw bytes of a file, read through SQLite's VFS: closing a descriptor of our own would drop the
/// locks that SQLite holds on the same file.
class RawFile {
 public:
  enum class What { database, log };
  static base::Result<RawFile> open(const FileName& file, What what);
  RawFile(RawFile&&) noexcept;
  RawFile& operator=(RawFile&&) noexcept;
  ~RawFile();
  std::int64_t size() const { return size_; }
  /// Exactly `count` bytes.
  base::Result<std::string> read(std::int64_t offset, std::size_t count) const;

 private:
  struct Inner;
  explicit RawFile(std::unique_ptr<Inner> inner);
  std::unique_ptr<Inner> inner_;
  std::int64_t size_ = 0;
};

/// One use of a prepared statement, given back when it goes out of scope.
class Use {
 public:
  explicit Use(void* statement) : statement_(statement) {}
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use();

  /// Binds the next parameter. The text must live until the use ends.
  Use& with(std::string_view text);
  Use& with(std::int64_t number);
  /// A row is there; false at the end and after a failure.
  bool next();
  /// Runs to the end.
  Fault run();
  Fault fault() const { return fault_; }
  std::int64_t integer(int column) const;
  /// Valid until the next call of `next`.
  std::string_view text(int column) const;

 private:
  void* statement_;
  int bound_ = 0;
  Fault fault_ = Fault::none;
};

/// One connection, hardened and alone: exclusive locking, no extensions, no attached files. Used by
/// one thread at a time.
class Database {
 public:
  enum class Mode { existing, fresh };
  /// Touches nothing on the disk yet, except that `fresh` makes an empty file.
  static base::Result<Database> open(const FileName& file, Mode mode);
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  /// Leaves the write-ahead log beside the file as it is when the connection ends. It is the state
  /// after `open` where there is a log; without this the end folds the log into the file.
  enum class AtEnd { keep_log, fold_log };
  void at_end(AtEnd what);

  Fault prepare(std::span<const char* const> statements);
  Use use(std::size_t index);

  /// Constant text of several statements: the schema's steps and nothing else.
  Fault script(const char* text);
  /// The first column of the first row of a constant query, "" without a row.
  base::Result<std::string> value(const char* query);

  /// SQLite's check of the structure, `deep` also of the indexes against their tables. `invalid`
  /// says what is damaged.
  enum class Depth { quick, deep };
  base::Status examine(Depth depth);

  bool in_transaction() const;
  bool read_only() const;

  /// Pages in the write-ahead log after the last commit.
  std::int64_t log_pages() const;
  enum class Fold { passive, truncate };
  /// Moves the log into the file.
  Fault fold(Fold how);

  /// Everything into `target`, which is then a copy in every page.
  Fault copy_to(Database& target);

  /// Makes a long statement of another thread end with a failure. The only call that may come from
  /// elsewhere.
  void interrupt();

  /// The last failure as an error: `doing: what SQLite said`.
  base::Error error(Fault fault, std::string_view doing) const;

 private:
  friend class Backup;
  struct Inner;
  explicit Database(std::unique_ptr<Inner> inner);
  std::unique_ptr<Inner> inner_;
};

/// A copy into another file in steps. What the source's own connection commits between two steps is
/// in the copy, too. Must end before either connection does.
class Backup {
 public:
  Backup(Database& source, Database& target);
  Backup(const Backup&) = delete;
  Backup& operator=(const Backup&) = delete;
  ~Backup();

  enum class Rest { none, more };
  /// Copies some pages more. `fault` says why it stopped, after which it is of no use any more.
  Rest step(int pages);
  Fault fault() const { return fault_; }

 private:
  Database& target_;
  void* backup_ = nullptr;
  Fault fault_ = Fault::none;
};

}  // namespace controller
