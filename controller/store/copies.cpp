// SPDX-License-Identifier: Apache-2.0
#include "controller/store/copies.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <mutex>
#include <optional>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "controller/store/opening.hpp"

namespace controller {
namespace {

/// Revisions that a client may have seen after the snapshot was made are never given out again.
constexpr std::int64_t kRevisionLeap = 1'000'000;

base::Error failed(std::string_view doing, const std::string& path, int number) {
  const auto code = number == EEXIST ? base::Code::conflict : base::Code::internal;
  return {code, std::string(doing) + " " + base::quoted(path) + ": " +
                    std::generic_category().message(number)};
}

base::Status sync_folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failed("open folder", folder, errno);
  const int number = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  return number == 0 ? base::ok() : base::Status(failed("sync folder", folder, number));
}

base::Status rename_file(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return failed("rename to", to, errno);
  return sync_folder_of(to);
}

/// A file that is being made. On the system's own VFS it has another name until it is whole; a
/// simulated disk has no renaming, and there it is made in its place.
class Making {
 public:
  static base::Result<Making> begin(const FileName& target) {
    const auto taken = file_exists(target);
    if (!taken) return taken.error();
    if (*taken) return base::conflict(base::quoted(target.path) + " is there already");
    Making making(target);
    if (auto swept = making.sweep(); !swept) return std::move(swept).error();
    if (target.vfs.empty()) {
      // SQLite would give it the mode of the day; it holds secrets.
      auto made = base::write_file(making.file_.path, "", 0600);
      if (!made) return base::internal(std::move(made).error().message);
    }
    return making;
  }
  Making(Making&& other) noexcept
      : target_(std::move(other.target_)), file_(std::move(other.file_)), mine_(other.mine_) {
    other.mine_ = false;
  }
  Making& operator=(Making&&) = delete;
  ~Making() {
    if (mine_) static_cast<void>(static_cast<bool>(sweep()));
  }

  const FileName& file() const { return file_; }
  /// Gives it its name; `conflict` if somebody else took the name meanwhile.
  base::Status finish() {
    mine_ = false;
    if (!target_.vfs.empty()) return base::ok();
    if (::link(file_.path.c_str(), target_.path.c_str()) != 0) {
      const int number = errno;
      static_cast<void>(static_cast<bool>(sweep()));
      return failed("name", target_.path, number);
    }
    if (::unlink(file_.path.c_str()) != 0) return failed("remove", file_.path, errno);
    return sync_folder_of(target_.path);
  }

 private:
  explicit Making(const FileName& target)
      : target_(target), file_(target.vfs.empty() ? target.beside(".making") : target) {}
  base::Status sweep() const {
    for (const char* suffix : {"-wal", "-journal", ""}) {
      if (auto removed = remove_file(file_.beside(suffix)); !removed) return removed;
    }
    return base::ok();
  }
  FileName target_, file_;
  bool mine_ = true;
};

base::Status run(Database& database, const char* script, std::string_view doing) {
  const Fault fault = database.script(script);
  return fault == Fault::none ? base::ok() : base::Status(database.error(fault, doing));
}

base::Status journal_mode(Database& database, const char* query, std::string_view wanted) {
  const auto mode = database.value(query);
  if (!mode) return mode.error();
  if (*mode == wanted) return base::ok();
  return base::internal("the journal mode stays " + *mode);
}

/// A file in the making needs none: it is whole or it is swept away. And the removal of a journal
/// may be undone by a power cut.
base::Status no_journal_file(Database& database) {
  return journal_mode(database, "PRAGMA journal_mode=MEMORY", "memory");
}

/// Writes who the store is and folds it all into the one file.
base::Status seal(Database& database, Head head) {
  auto life = database.value("SELECT lower(hex(randomblob(8)))");
  if (!life) return std::move(life).error();
  head.life = std::move(*life);
  auto error = in_transaction(database, "write the identity of", [&] {
    const Fault fault = write_identity(database, head);
    return fault == Fault::none ? write_head(database, head) : fault;
  });
  if (error) return std::move(error->error);
  const Fault fault = database.fold(Database::Fold::truncate);
  if (fault != Fault::none) return database.error(fault, "fold the log of");
  database.at_end(Database::AtEnd::fold_log);
  return base::ok();
}

/// Makes a file that holds a database into a store of this version.
base::Status make_store(Database& database, std::int64_t version, const Head& head) {
  if (auto memory = no_journal_file(database); !memory) return memory;
  if (auto wal = journal_mode(database, "PRAGMA journal_mode=WAL", "wal"); !wal) return wal;
  auto done = set_up(database, StorePlace::Durability::whole);
  if (done) done = migrate(database, version);
  if (done) done = prepare_first(database);
  if (done) done = prepare_rest(database);
  if (done) done = seal(database, head);
  return done;
}

base::Error no_snapshot(base::Error error, const FileName& file) {
  return std::move(error).within("make snapshot " + base::quoted(file.path));
}

/// What a restore starts from.
struct Source {
  Database database;
  Head head;
  std::int64_t version;
};

base::Result<Source> open_source(const FileName& file) {
  const auto there = file_exists(file);
  if (!there) return there.error();
  if (!*there) return base::invalid("there is no such file");
  const auto log = file_exists(file.beside("-wal"));
  if (!log) return log.error();
  if (*log) return base::invalid("a write-ahead log lies beside it; take a copy with `snapshot`");
  auto database = Database::open(file, Database::Mode::existing);
  if (!database) return std::move(database).error();
  const auto version = check_version(*database);
  if (!version) return version.error();
  if (auto whole = database->examine(Database::Depth::deep); !whole) {
    return std::move(whole).error();
  }
  if (auto prepared = prepare_first(*database); !prepared) return std::move(prepared).error();
  auto head = read_head(*database);
  if (!head) return std::move(head).error();
  return Source{std::move(*database), std::move(*head), *version};
}

/// The head of the store that is to be replaced, as far as it can be read.
base::Result<Head> head_before(const StorePlace& place) {
  auto opened = open_existing(place);
  if (opened) return opened->head;
  const auto code = opened.error().code;
  if (code == base::Code::unavailable || code == base::Code::forbidden) {
    return std::move(opened).error();
  }
  return Head{};
}

base::Result<Head> head_after(const Source& source, const StorePlace& place) {
  const auto before = head_before(place);
  if (!before) return before.error();
  if (!before->cluster.empty() && before->cluster != source.head.cluster) {
    return base::invalid("it is of cluster " + base::quoted(source.head.cluster) +
                         ", and the store here is of " + base::quoted(before->cluster));
  }
  const auto marked = marked_incarnation(place);
  Head head = source.head;
  head.term.incarnation = 1 + std::max({head.term.incarnation, before->term.incarnation,
                                        marked ? *marked : std::int64_t{0}});
  head.revision = kRevisionLeap + std::max(head.revision, before->revision);
  return head;
}

base::Status make_restored(Source& source, const FileName& file, const Head& head) {
  auto database = Database::open(file, Database::Mode::fresh);
  if (!database) return std::move(database).error();
  if (auto memory = no_journal_file(*database); !memory) return memory;
  if (const Fault fault = source.database.copy_to(*database); fault != Fault::none) {
    return database->error(fault, "copy to");
  }
  auto done = no_journal_file(*database);
  if (done) done = run(*database, kNoViews, "drop the views of");
  if (done) done = make_store(*database, source.version, head);
  if (done) done = check_all(*database, head);
  return done;
}

/// First the file goes, then its log: between any two steps there is no store rather than a wrong
/// one.
base::Status move_away(const FileName& file) {
  // The log of a store that was replaced earlier is not the log of this one.
  for (const char* suffix : {".replaced-wal", ".replaced-journal"}) {
    if (auto removed = remove_file(file.beside(suffix)); !removed) return removed;
  }
  for (const char* suffix : {"", "-wal", "-journal"}) {
    const auto there = file_exists(file.beside(suffix));
    if (!there) return there.error();
    if (!*there) continue;
    auto moved = file.vfs.empty()
                     ? rename_file(file.path + suffix, file.path + ".replaced" + suffix)
                     : remove_file(file.beside(suffix));
    if (!moved) return moved;
  }
  return base::ok();
}

base::Status restore(const FileName& from, const StorePlace& place) {
  auto source = open_source(from);
  if (!source) return std::move(source).error();
  const auto head = head_after(*source, place);
  if (!head) return head.error();

  const FileName target = file_of(place);
  const bool in_place = !place.vfs.empty();
  // On the system's own VFS the new store is whole before the old one is touched.
  if (in_place) {
    if (auto moved = move_away(target); !moved) return moved;
  }
  const FileName restored = in_place ? target : target.beside(".restored");
  if (auto removed = remove_file(restored); !removed) return removed;
  auto making = Making::begin(restored);
  if (!making) return std::move(making).error();
  if (auto made = make_restored(*source, making->file(), *head); !made) return made;
  if (auto named = making->finish(); !named || in_place) return named;
  auto done = move_away(target);
  if (done) done = rename_file(restored.path, target.path);
  if (done) done = mark_incarnation(place, head->term.incarnation);
  return done;
}

}  // namespace

base::Status create_store(const StorePlace& place, const std::string& cluster) {
  const auto refused = [&](base::Error error) {
    return std::move(error).within("make store " + base::quoted(place.path));
  };
  const FileName target = file_of(place);
  for (const char* suffix : {"-wal", ".incarnation", ".replaced"}) {
    const auto left = file_exists(target.beside(suffix));
    if (!left) return refused(left.error());
    if (*left) {
      return refused(base::conflict("there was a store here (" +
                                    base::quoted(target.path + suffix) +
                                    "); restore it, or use another folder"));
    }
  }
  auto making = Making::begin(target);
  if (!making) return refused(std::move(making).error());
  {
    auto database = Database::open(making->file(), Database::Mode::fresh);
    if (!database) return refused(std::move(database).error());
    Head head;
    head.cluster = cluster;
    head.term.incarnation = 1;
    auto made = make_store(*database, 0, head);
    if (!made) return refused(std::move(made).error());
  }
  auto done = making->finish();
  if (done) done = mark_incarnation(place, 1);
  return done ? done : base::Status(refused(std::move(done).error()));
}

base::Status check_store(const StorePlace& place) {
  auto store = SqliteStore::open(place);
  if (!store) return std::move(store).error();
  return (*store)->check();
}

base::Status restore_store(const std::string& file, const StorePlace& place) {
  auto done = restore({file, place.vfs}, place);
  if (done) return done;
  return std::move(done).error().within("restore " + base::quoted(file));
}

struct Copying::Inner {
  FileName name;
  Making making;
  std::optional<Database> copy;
  std::optional<Backup> backup;
  std::mutex mutex;  // of the two below, and of closing the copy
  enum class Wish : std::uint8_t { finish, give_up } wish = Wish::finish;

  Inner(FileName n, Making m, Database c)
      : name(std::move(n)), making(std::move(m)), copy(std::move(c)) {}
  base::Status complete();
  bool close();
};

Copying::Copying(std::unique_ptr<Inner> inner) : inner_(std::move(inner)) {}
Copying::Copying(Copying&&) noexcept = default;
Copying::~Copying() = default;

base::Result<Copying> Copying::begin(Database& source, const FileName& file) {
  auto making = Making::begin(file);
  if (!making) return no_snapshot(std::move(making).error(), file);
  auto copy = Database::open(making->file(), Database::Mode::fresh);
  if (!copy) return no_snapshot(std::move(copy).error(), file);
  auto done = no_journal_file(*copy);
  // The last step must not wait for the disk, because rounds wait for it; `finish` syncs.
  if (done) done = run(*copy, "PRAGMA synchronous=OFF", "unsync");
  if (!done) return no_snapshot(std::move(done).error(), file);
  auto inner = std::make_unique<Inner>(file, std::move(*making), std::move(*copy));
  inner->backup.emplace(source, *inner->copy);
  return Copying(std::move(inner));
}

base::Result<Backup::Rest> Copying::step(int pages) {
  auto& backup = *inner_->backup;
  const auto rest = backup.step(pages);
  if (backup.fault() == Fault::none) return rest;
  return no_snapshot(inner_->copy->error(backup.fault(), "copy to"), inner_->name);
}

base::Status Copying::Inner::complete() {
  auto& made = *copy;
  if (auto synced = run(made, "PRAGMA synchronous=FULL", "sync"); !synced) return synced;
  // The copied header says WAL, which a reader without write access could not open.
  if (auto memory = no_journal_file(made); !memory) return memory;
  if (auto views = run(made, kViews, "make the views of"); !views) return views;
  auto whole = made.examine(Database::Depth::deep);
  // Closed before it has its name: nobody is to find it locked.
  if (!close()) return base::unavailable("the controller stops");
  return whole ? making.finish() : whole;
}

/// False when nobody wants it any more.
bool Copying::Inner::close() {
  const std::lock_guard lock(mutex);
  copy.reset();
  return wish == Wish::finish;
}

base::Status Copying::finish() {
  inner_->backup.reset();
  auto done = inner_->complete();
  return done ? done : base::Status(no_snapshot(std::move(done).error(), inner_->name));
}

void Copying::give_up() {
  const std::lock_guard lock(inner_->mutex);
  inner_->wish = Inner::Wish::give_up;
  if (inner_->copy) inner_->copy->interrupt();
}

base::Status copy_for_people(Database& database, const FileName& file) {
  constexpr int kAllPages = -1;
  auto copying = Copying::begin(database, file);
  if (!copying) return std::move(copying).error();
  if (auto copied = copying->step(kAllPages); !copied) return std::move(copied).error();
  return copying->finish();
}

}  // namespace controller
