// SPDX-License-Identifier: Apache-2.0
#include "controller/store/database.hpp"

#include <utility>
#include <vector>

#include <sqlite3.h>

#include "base/check.hpp"
#include "base/text.hpp"

namespace controller {
namespace {

constexpr int kTextBytes = 8 << 20;
constexpr int kSqlBytes = 64 << 10;
constexpr int kExpressionDepth = 50;

constexpr FaultRow kFaults[] = {
    {SQLITE_ERROR, "ERROR", Fault::other, Policy::end},
    {SQLITE_INTERNAL, "INTERNAL", Fault::other, Policy::end},
    {SQLITE_PERM, "PERM", Fault::disk, Policy::end},
    {SQLITE_ABORT, "ABORT", Fault::other, Policy::end},
    {SQLITE_BUSY, "BUSY", Fault::busy, Policy::refuse},
    {SQLITE_LOCKED, "LOCKED", Fault::busy, Policy::refuse},
    {SQLITE_NOMEM, "NOMEM", Fault::other, Policy::stop},
    {SQLITE_READONLY, "READONLY", Fault::disk, Policy::end},
    {SQLITE_INTERRUPT, "INTERRUPT", Fault::interrupted, Policy::refuse},
    {SQLITE_IOERR, "IOERR", Fault::disk, Policy::end},
    {SQLITE_CORRUPT, "CORRUPT", Fault::damaged, Policy::end},
    {SQLITE_NOTFOUND, "NOTFOUND", Fault::other, Policy::end},
    {SQLITE_FULL, "FULL", Fault::full, Policy::refuse},
    {SQLITE_CANTOPEN, "CANTOPEN", Fault::disk, Policy::end},
    {SQLITE_PROTOCOL, "PROTOCOL", Fault::other, Policy::end},
    {SQLITE_EMPTY, "EMPTY", Fault::other, Policy::end},
    {SQLITE_SCHEMA, "SCHEMA", Fault::other, Policy::end},
    {SQLITE_TOOBIG, "TOOBIG", Fault::too_big, Policy::refuse},
    {SQLITE_CONSTRAINT, "CONSTRAINT", Fault::constraint, Policy::stop},
    {SQLITE_MISMATCH, "MISMATCH", Fault::other, Policy::end},
    {SQLITE_MISUSE, "MISUSE", Fault::other, Policy::stop},
    {SQLITE_NOLFS, "NOLFS", Fault::other, Policy::end},
    {SQLITE_AUTH, "AUTH", Fault::other, Policy::end},
    {SQLITE_FORMAT, "FORMAT", Fault::other, Policy::end},
    {SQLITE_RANGE, "RANGE", Fault::other, Policy::stop},
    {SQLITE_NOTADB, "NOTADB", Fault::damaged, Policy::end},
    {SQLITE_IOERR_NOMEM, "IOERR_NOMEM", Fault::other, Policy::stop},
};

const FaultRow* row_of(int code) {
  for (const auto& row : kFaults)
    if (row.code == code) return &row;
  return nullptr;
}

Fault fault_of(int code) {
  const int primary = code & 0xff;
  if (primary == SQLITE_OK || primary == SQLITE_ROW || primary == SQLITE_DONE) return Fault::none;
  const FaultRow* row = row_of(code);
  if (row == nullptr) row = row_of(primary);
  if (row == nullptr) return Fault::other;
  // A broken rule of the schema may be the file's fault while it is opened; a round decides.
  if (row->policy == Policy::stop && row->fault != Fault::constraint)
    base::check_failed(primary == SQLITE_MISUSE || primary == SQLITE_RANGE
                           ? "SQLite is used as it should be"
                           : "the store ran out of memory",
                       __FILE__, __LINE__);
  return row->fault;
}

sqlite3_vfs* vfs_of(const FileName& file) {
  return sqlite3_vfs_find(file.vfs.empty() ? nullptr : file.vfs.c_str());
}

base::Error no_vfs(const FileName& file) {
  return base::invalid("open " + base::quoted(file.path) +
                       ": no such VFS: " + base::quoted(file.vfs));
}

/// SQLite's own full path: a VFS is asked by it and by nothing else.
base::Result<std::string> full_path(const FileName& file, sqlite3_vfs& vfs) {
  std::string out(static_cast<std::size_t>(vfs.mxPathname) + 1, '\0');
  // The last two bits of the answer say "there are symbolic links", which is no failure.
  const int code = vfs.xFullPathname(&vfs, file.path.c_str(), vfs.mxPathname, out.data());
  if (code != SQLITE_OK && code != SQLITE_OK_SYMLINK) {
    return base::invalid("find " + base::quoted(file.path) + ": " + sqlite3_errstr(code));
  }
  out.resize(out.find('\0'));
  return out;
}

sqlite3_stmt* as_statement(void* statement) {
  return static_cast<sqlite3_stmt*>(statement);
}

}  // namespace

std::span<const FaultRow> fault_table() {
  return kFaults;
}

Policy policy_of(Fault fault) {
  for (const auto& row : kFaults)
    if (row.fault == fault && (row.policy != Policy::stop || fault == Fault::constraint))
      return row.policy;
  return Policy::end;
}

base::Code code_of(Fault fault) {
  switch (fault) {
    case Fault::busy:
    case Fault::interrupted: return base::Code::unavailable;
    case Fault::full:
    case Fault::disk: return base::Code::internal;
    default: return base::Code::invalid;
  }
}

base::Result<bool> file_exists(const FileName& file) {
  sqlite3_vfs* vfs = vfs_of(file);
  if (vfs == nullptr) return no_vfs(file);
  const auto path = full_path(file, *vfs);
  if (!path) return path.error();
  int there = 0;
  const int code = vfs->xAccess(vfs, path->c_str(), SQLITE_ACCESS_EXISTS, &there);
  if (code != SQLITE_OK) {
    return base::internal("look for " + base::quoted(file.path) + ": " + sqlite3_errstr(code));
  }
  return there != 0;
}

base::Status remove_file(const FileName& file) {
  sqlite3_vfs* vfs = vfs_of(file);
  if (vfs == nullptr) return no_vfs(file);
  const auto path = full_path(file, *vfs);
  if (!path) return path.error();
  constexpr int kSyncFolder = 1;
  const int code = vfs->xDelete(vfs, path->c_str(), kSyncFolder);
  if (code == SQLITE_OK || code == SQLITE_IOERR_DELETE_NOENT) return base::ok();
  return base::internal("remove " + base::quoted(file.path) + ": " + sqlite3_errstr(code));
}

struct RawFile::Inner {
  std::string path;  // as SQLite names it; a VFS may keep a pointer to it
  std::unique_ptr<char[]> memory;
  sqlite3_file* file = nullptr;
  ~Inner() {
    if (file != nullptr && file->pMethods != nullptr) file->pMethods->xClose(file);
  }
};

RawFile::RawFile(std::unique_ptr<Inner> inner) : inner_(std::move(inner)) {}
RawFile::RawFile(RawFile&&) noexcept = default;
RawFile& RawFile::operator=(RawFile&&) noexcept = default;
RawFile::~RawFile() = default;

base::Result<RawFile> RawFile::open(const FileName& file, What what) {
  sqlite3_vfs* vfs = vfs_of(file);
  if (vfs == nullptr) return no_vfs(file);
  auto path = full_path(file, *vfs);
  if (!path) return path.error();
  auto inner = std::make_unique<Inner>();
  inner->path = *path;
  inner->path.append(2, '\0');  // a VFS may look for URI parameters behind the name
  inner->memory = std::make_unique<char[]>(static_cast<std::size_t>(vfs->szOsFile));
  inner->file = reinterpret_cast<sqlite3_file*>(inner->memory.get());
  const int kind = what == What::log ? SQLITE_OPEN_WAL : SQLITE_OPEN_MAIN_DB;
  int code =
      vfs->xOpen(vfs, inner->path.c_str(), inner->file, SQLITE_OPEN_READONLY | kind, nullptr);
  sqlite3_int64 size = 0;
  if (code == SQLITE_OK) code = inner->file->pMethods->xFileSize(inner->file, &size);
  if (code != SQLITE_OK) {
    return base::internal("open " + base::quoted(file.path) + ": " + sqlite3_errstr(code));
  }
  RawFile raw(std::move(inner));
  raw.size_ = size;
  return raw;
}

base::Result<std::string> RawFile::read(std::int64_t offset, std::size_t count) const {
  std::string out(count, '\0');
  const int code =
      inner_->file->pMethods->xRead(inner_->file, out.data(), static_cast<int>(count), offset);
  if (code == SQLITE_OK) return out;
  return base::internal("read " + base::quoted(inner_->path.c_str()) + ": " + sqlite3_errstr(code));
}

Use::~Use() {
  sqlite3_reset(as_statement(statement_));
  sqlite3_clear_bindings(as_statement(statement_));
}

Use& Use::with(std::string_view text) {
  // A null pointer would bind NULL, which is not the same as an empty text.
  const char* bytes = text.data() == nullptr ? "" : text.data();
  const int code = sqlite3_bind_text64(as_statement(statement_), ++bound_, bytes, text.size(),
                                       SQLITE_STATIC, SQLITE_UTF8);
  if (fault_ == Fault::none) fault_ = fault_of(code);
  return *this;
}

Use& Use::with(std::int64_t number) {
  const int code = sqlite3_bind_int64(as_statement(statement_), ++bound_, number);
  if (fault_ == Fault::none) fault_ = fault_of(code);
  return *this;
}

bool Use::next() {
  if (fault_ != Fault::none) return false;
  const int code = sqlite3_step(as_statement(statement_));
  fault_ = fault_of(code);
  return code == SQLITE_ROW;
}

Fault Use::run() {
  while (next()) {
  }
  return fault_;
}

std::int64_t Use::integer(int column) const {
  return sqlite3_column_int64(as_statement(statement_), column);
}

std::string_view Use::text(int column) const {
  const auto* bytes = sqlite3_column_blob(as_statement(statement_), column);
  const int count = sqlite3_column_bytes(as_statement(statement_), column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(count)};
}

struct Database::Inner {
  std::string path;
  sqlite3* db = nullptr;
  std::vector<sqlite3_stmt*> statements;
  std::int64_t log_pages = 0;

  Inner() = default;
  Inner(const Inner&) = delete;
  Inner& operator=(const Inner&) = delete;
  ~Inner() {
    for (sqlite3_stmt* statement : statements)
      sqlite3_finalize(statement);
    // A failure here says only that the log could not be folded; it stays then, and is read again.
    sqlite3_close(db);
  }

  int harden() const;
};

namespace {

int count_log_pages(void* inner_pages, sqlite3*, const char*, int pages) {
  *static_cast<std::int64_t*>(inner_pages) = pages;
  return SQLITE_OK;
}

}  // namespace

int Database::Inner::harden() const {
  const std::pair<int, int> limits[] = {{SQLITE_LIMIT_LENGTH, kTextBytes},
                                        {SQLITE_LIMIT_SQL_LENGTH, kSqlBytes},
                                        {SQLITE_LIMIT_EXPR_DEPTH, kExpressionDepth},
                                        {SQLITE_LIMIT_ATTACHED, 0},
                                        {SQLITE_LIMIT_WORKER_THREADS, 0}};
  for (const auto& [what, bound] : limits) {
    sqlite3_limit(db, what, bound);
    if (sqlite3_limit(db, what, -1) != bound) return SQLITE_MISUSE;
  }
  const std::pair<int, int> switches[] = {{SQLITE_DBCONFIG_DEFENSIVE, 1},
                                          {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                                          {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
                                          {SQLITE_DBCONFIG_DQS_DML, 0},
                                          {SQLITE_DBCONFIG_DQS_DDL, 0}};
  for (const auto& [what, wanted] : switches) {
    int is = -1;
    const int code = sqlite3_db_config(db, what, wanted, &is);
    if (code != SQLITE_OK || is != wanted) return SQLITE_MISUSE;
  }
  return SQLITE_OK;
}

Database::Database(std::unique_ptr<Inner> inner) : inner_(std::move(inner)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

base::Result<Database> Database::open(const FileName& file, Mode mode) {
  sqlite3_vfs* vfs = vfs_of(file);
  if (vfs == nullptr) return no_vfs(file);
  // Debian's SQLite takes a name that begins with "file:" for a URI; a full path never does.
  const auto path = full_path(file, *vfs);
  if (!path) return path.error();

  auto inner = std::make_unique<Inner>();
  inner->path = file.path;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (mode == Mode::fresh) flags |= SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(path->c_str(), &inner->db, flags, vfs->zName);
  Database database(std::move(inner));
  if (code != SQLITE_OK) return database.error(fault_of(code), "open");
  sqlite3_wal_hook(database.inner_->db, count_log_pages, &database.inner_->log_pages);
  const auto log = file_exists(file.beside("-wal"));
  if (!log) return log.error();
  database.at_end(*log ? AtEnd::keep_log : AtEnd::fold_log);
  if (const auto fault = fault_of(database.inner_->harden()); fault != Fault::none) {
    return database.error(fault, "harden");
  }
  // Before the first look at the file: no shared memory beside it, and nobody else gets in.
  const auto locking = database.value("PRAGMA locking_mode=EXCLUSIVE");
  if (!locking) return locking.error();
  CHECK(*locking == "exclusive");
  return database;
}

void Database::at_end(AtEnd what) {
  const int wanted = what == AtEnd::keep_log ? 1 : 0;
  int is = -1;
  sqlite3_db_config(inner_->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, wanted, &is);
  CHECK(is == wanted);
}

Fault Database::prepare(std::span<const char* const> statements) {
  for (const char* text : statements) {
    sqlite3_stmt* statement = nullptr;
    const int code =
        sqlite3_prepare_v3(inner_->db, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return fault_of(code);
    inner_->statements.push_back(statement);
  }
  return Fault::none;
}

Use Database::use(std::size_t index) {
  CHECK(index < inner_->statements.size());
  return Use(inner_->statements[index]);
}

Fault Database::script(const char* text) {
  return fault_of(sqlite3_exec(inner_->db, text, nullptr, nullptr, nullptr));
}

base::Result<std::string> Database::value(const char* query) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(inner_->db, query, -1, &statement, nullptr);
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> owner(statement, sqlite3_finalize);
  if (code != SQLITE_OK) return error(fault_of(code), query);
  std::string out;
  {
    Use use(statement);
    if (use.next()) out = use.text(0);
    if (use.fault() != Fault::none) return error(use.fault(), query);
  }
  return out;
}

base::Status Database::examine(Depth depth) {
  const auto said =
      value(depth == Depth::deep ? "PRAGMA integrity_check(1)" : "PRAGMA quick_check(1)");
  if (!said) return said.error();
  if (*said == "ok") return base::ok();
  // A page that could not be read is in the complaint and nowhere else.
  constexpr std::string_view kCode = "error code=";
  const auto at = said->find(kCode);
  const auto code = at == std::string::npos
                        ? std::nullopt
                        : base::to_integer(std::string_view(*said).substr(at + kCode.size()));
  if (code && fault_of(static_cast<int>(*code)) == Fault::disk) {
    return base::internal("read " + base::quoted(inner_->path) + ": " + *said);
  }
  const auto line = said->rfind('\n');
  return base::invalid("it is damaged: " + said->substr(line == std::string::npos ? 0 : line + 1));
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(inner_->db) == 0;
}

bool Database::read_only() const {
  return sqlite3_db_readonly(inner_->db, "main") != 0;
}

std::int64_t Database::log_pages() const {
  return inner_->log_pages;
}

Fault Database::fold(Fold how) {
  const int mode = how == Fold::truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
  const int code = sqlite3_wal_checkpoint_v2(inner_->db, nullptr, mode, nullptr, nullptr);
  if (code == SQLITE_OK) inner_->log_pages = 0;
  return fault_of(code);
}

Fault Database::copy_to(Database& target) {
  constexpr int kAllPages = -1;
  Backup backup(*this, target);
  backup.step(kAllPages);
  return backup.fault();
}

void Database::interrupt() {
  sqlite3_interrupt(inner_->db);
}

Backup::Backup(Database& source, Database& target) : target_(target) {
  sqlite3* db = target.inner_->db;
  backup_ = sqlite3_backup_init(db, "main", source.inner_->db, "main");
  if (backup_ == nullptr) fault_ = fault_of(sqlite3_extended_errcode(db));
}

Backup::~Backup() {
  sqlite3_backup_finish(static_cast<sqlite3_backup*>(backup_));
}

Backup::Rest Backup::step(int pages) {
  if (backup_ == nullptr) return Rest::none;
  auto* backup = static_cast<sqlite3_backup*>(backup_);
  if (sqlite3_backup_step(backup, pages) == SQLITE_OK) return Rest::more;
  backup_ = nullptr;
  // It ends with what went wrong in any step.
  fault_ = fault_of(sqlite3_backup_finish(backup));
  return Rest::none;
}

base::Error Database::error(Fault fault, std::string_view doing) const {
  std::string said = inner_->db == nullptr ? "no memory" : sqlite3_errmsg(inner_->db);
  const int code = inner_->db == nullptr ? 0 : sqlite3_extended_errcode(inner_->db);
  if (fault == Fault::busy) said = "another process has it open";
  if (fault == Fault::full) said = "the disk is full";
  return {code_of(fault), std::string(doing) + " " + base::quoted(inner_->path) + ": " + said +
                              " (SQLite " + std::to_string(code) + ")"};
}

}  // namespace controller
