// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/disk/crash_vfs.hpp"

#include <algorithm>
#include <cstring>

#include <sqlite3.h>

#include "base/check.hpp"
#include "base/text.hpp"
#include "tests/sim/disk/disk_files.hpp"

namespace sim {
namespace {

/// Julian days begin this many milliseconds before 1970.
constexpr std::int64_t kJulianMs = 210'866'760'000'000;

/// What becomes of a call.
enum class Gate : std::uint8_t {
  pass,
  dark,  // no power, or the file was opened before the last cut
  cut,   // the power goes in the middle of it
  fail
};
enum class CanFill : std::uint8_t { no, yes };

struct Handle {
  std::string name;  // empty: a temporary file
  std::shared_ptr<DiskFile> file;
  std::int64_t boot = 0;
  int lock = SQLITE_LOCK_NONE;
};

}  // namespace

struct CrashDisk::Inner {
  std::string name;
  sqlite3_vfs vfs{};
  base::Dice dice, randomness;
  DiskFolder folder;
  std::vector<std::unique_ptr<Handle>> handles;
  base::Instant now;
  std::int64_t boot = 1, calls = 0, cut_in = 0, fail_in = 0;
  int code = SQLITE_FULL;  // of a write that finds the disk full
  Fault fault = Fault::io;
  Lasting lasting = Lasting::once;
  bool dark = false, failed = false;

  explicit Inner(std::uint64_t seed) : dice(seed), randomness(dice.child()) {}

  Gate gate(std::int64_t of_boot, CanFill can_fill) {
    if (dark || of_boot != boot) return Gate::dark;
    ++calls;
    if (cut_in > 0 && --cut_in == 0) return Gate::cut;
    const bool possible = fault == Fault::io || can_fill == CanFill::yes;
    if (!possible) return Gate::pass;
    if (fail_in == 0) return failed && lasting == Lasting::lasting ? Gate::fail : Gate::pass;
    if (--fail_in > 0) return Gate::pass;
    failed = true;
    return Gate::fail;
  }
  void power_cut() {
    folder.power_cut(dice);
    dark = true;
    cut_in = 0;
  }
};

namespace {

/// What SQLite keeps of an open file.
struct OpenFile {
  sqlite3_file head;  // first: SQLite sees nothing else
  CrashDisk::Inner* disk;
  Handle* handle;
};

OpenFile& open_file(sqlite3_file* file) {
  return *reinterpret_cast<OpenFile*>(file);
}
CrashDisk::Inner& disk_of(sqlite3_vfs* vfs) {
  return *static_cast<CrashDisk::Inner*>(vfs->pAppData);
}

/// For calls that change nothing: a failure is the only thing that can happen to them.
int pass_or(CrashDisk::Inner& disk, std::int64_t boot, int failure) {
  const Gate gate = disk.gate(boot, CanFill::no);
  if (gate == Gate::cut) disk.power_cut();
  return gate == Gate::pass ? SQLITE_OK : failure;
}

int x_close(sqlite3_file* file) {
  OpenFile& open = open_file(file);
  auto& handles = open.disk->handles;
  handles.erase(std::find_if(handles.begin(), handles.end(),
                             [&](const auto& h) { return h.get() == open.handle; }));
  return SQLITE_OK;
}

int x_read(sqlite3_file* file, void* to, int count, sqlite3_int64 offset) {
  OpenFile& open = open_file(file);
  const int code = pass_or(*open.disk, open.handle->boot, SQLITE_IOERR_READ);
  if (code != SQLITE_OK) return code;
  const std::string& bytes = open.handle->file->seen();
  const auto at = std::min(static_cast<std::size_t>(offset), bytes.size());
  const auto wanted = static_cast<std::size_t>(count);
  const auto there = std::min(wanted, bytes.size() - at);
  std::memcpy(to, bytes.data() + at, there);
  if (there == wanted) return SQLITE_OK;
  std::memset(static_cast<char*>(to) + there, 0, wanted - there);
  return SQLITE_IOERR_SHORT_READ;
}

int x_write(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
  OpenFile& open = open_file(file);
  std::string_view bytes(static_cast<const char*>(from), static_cast<std::size_t>(count));
  const Gate gate = open.disk->gate(open.handle->boot, CanFill::yes);
  if (gate == Gate::dark) return SQLITE_IOERR_WRITE;
  if (gate == Gate::fail) bytes = bytes.substr(0, bytes.size() / 2);
  open.handle->file->write(static_cast<std::size_t>(offset), bytes);
  if (gate == Gate::pass) return SQLITE_OK;
  if (gate == Gate::cut) open.disk->power_cut();
  const bool full = gate == Gate::fail && open.disk->fault == CrashDisk::Fault::full;
  return full ? open.disk->code : SQLITE_IOERR_WRITE;
}

int x_truncate(sqlite3_file* file, sqlite3_int64 size) {
  OpenFile& open = open_file(file);
  const bool grows = static_cast<std::size_t>(size) > open.handle->file->seen().size();
  const Gate gate = open.disk->gate(open.handle->boot, grows ? CanFill::yes : CanFill::no);
  const bool done = gate == Gate::pass || gate == Gate::cut;
  if (done) open.handle->file->truncate(static_cast<std::size_t>(size));
  if (gate == Gate::cut) open.disk->power_cut();
  return gate == Gate::pass ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

int x_sync(sqlite3_file* file, int) {
  OpenFile& open = open_file(file);
  const Gate gate = open.disk->gate(open.handle->boot, CanFill::no);
  if (gate == Gate::pass) open.disk->folder.sync(open.handle->name, *open.handle->file);
  if (gate == Gate::fail) open.handle->file->forget_pending();
  if (gate == Gate::cut) open.disk->power_cut();
  return gate == Gate::pass ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

int x_file_size(sqlite3_file* file, sqlite3_int64* size) {
  OpenFile& open = open_file(file);
  const int code = pass_or(*open.disk, open.handle->boot, SQLITE_IOERR_FSTAT);
  if (code == SQLITE_OK) *size = static_cast<sqlite3_int64>(open.handle->file->seen().size());
  return code;
}

/// The strongest lock that another open file holds on the same bytes.
int lock_of_others(const OpenFile& open) {
  int strongest = SQLITE_LOCK_NONE;
  for (const auto& other : open.disk->handles) {
    const bool same = other.get() != open.handle && other->file == open.handle->file;
    if (same) strongest = std::max(strongest, other->lock);
  }
  return strongest;
}

int x_lock(sqlite3_file* file, int wanted) {
  OpenFile& open = open_file(file);
  if (open.disk->dark || open.handle->boot != open.disk->boot) return SQLITE_IOERR_LOCK;
  if (open.handle->lock >= wanted) return SQLITE_OK;
  const int others = lock_of_others(open);
  const bool refused = (wanted == SQLITE_LOCK_SHARED && others >= SQLITE_LOCK_PENDING) ||
                       (wanted == SQLITE_LOCK_RESERVED && others >= SQLITE_LOCK_RESERVED) ||
                       (wanted == SQLITE_LOCK_EXCLUSIVE && others >= SQLITE_LOCK_SHARED);
  if (refused) return SQLITE_BUSY;
  open.handle->lock = wanted;
  return SQLITE_OK;
}

int x_unlock(sqlite3_file* file, int wanted) {
  Handle& handle = *open_file(file).handle;
  handle.lock = std::min(handle.lock, wanted);
  return SQLITE_OK;
}

int x_check_reserved_lock(sqlite3_file* file, int* held) {
  OpenFile& open = open_file(file);
  const int strongest = std::max(open.handle->lock, lock_of_others(open));
  *held = strongest >= SQLITE_LOCK_RESERVED ? 1 : 0;
  return SQLITE_OK;
}

int x_file_control(sqlite3_file*, int what, void* value) {
  if (what != SQLITE_FCNTL_MMAP_SIZE) return SQLITE_NOTFOUND;
  *static_cast<sqlite3_int64*>(value) = 0;
  return SQLITE_OK;
}

int x_sector_size(sqlite3_file*) {
  return 512;
}
int x_device_characteristics(sqlite3_file*) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/// Version 1: no shared memory, so that only a store that is alone with its file can use it.
const sqlite3_io_methods& file_methods() {
  static const sqlite3_io_methods methods = [] {
    sqlite3_io_methods m{};
    m.iVersion = 1;
    m.xClose = x_close;
    m.xRead = x_read;
    m.xWrite = x_write;
    m.xTruncate = x_truncate;
    m.xSync = x_sync;
    m.xFileSize = x_file_size;
    m.xLock = x_lock;
    m.xUnlock = x_unlock;
    m.xCheckReservedLock = x_check_reserved_lock;
    m.xFileControl = x_file_control;
    m.xSectorSize = x_sector_size;
    m.xDeviceCharacteristics = x_device_characteristics;
    return m;
  }();
  return methods;
}

int x_open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  CrashDisk::Inner& disk = disk_of(vfs);
  file->pMethods = nullptr;
  const int code = pass_or(disk, disk.boot, SQLITE_CANTOPEN);
  if (code != SQLITE_OK) return code;
  auto handle = std::make_unique<Handle>();
  handle->boot = disk.boot;
  if (name != nullptr) {
    handle->name = name;
    handle->file = disk.folder.find(name);
    if (!handle->file && (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    if (!handle->file) handle->file = disk.folder.create(name);
  } else {
    handle->file = std::make_shared<DiskFile>();
  }
  OpenFile& open = open_file(file);
  open.head.pMethods = &file_methods();
  open.disk = &disk;
  open.handle = handle.get();
  disk.handles.push_back(std::move(handle));
  if (flags_out != nullptr) *flags_out = flags;
  return SQLITE_OK;
}

int x_delete(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  CrashDisk::Inner& disk = disk_of(vfs);
  const Gate gate = disk.gate(disk.boot, CanFill::no);
  if (gate == Gate::dark || gate == Gate::fail) return SQLITE_IOERR_DELETE;
  const bool there = disk.folder.find(name) != nullptr;
  const bool synced = sync_folder != 0 && gate == Gate::pass;
  disk.folder.remove(name, synced ? DiskFolder::Synced::yes : DiskFolder::Synced::no);
  if (gate == Gate::cut) {
    disk.power_cut();
    return SQLITE_IOERR_DELETE;
  }
  return there ? SQLITE_OK : SQLITE_IOERR_DELETE_NOENT;
}

int x_access(sqlite3_vfs* vfs, const char* name, int, int* there) {
  CrashDisk::Inner& disk = disk_of(vfs);
  const int code = pass_or(disk, disk.boot, SQLITE_IOERR_ACCESS);
  if (code == SQLITE_OK) *there = disk.folder.find(name) != nullptr ? 1 : 0;
  return code;
}

int x_full_pathname(sqlite3_vfs*, const char* name, int room, char* out) {
  const std::size_t count = std::strlen(name);
  if (count >= static_cast<std::size_t>(room)) return SQLITE_CANTOPEN;
  std::memcpy(out, name, count + 1);
  return SQLITE_OK;
}

int x_randomness(sqlite3_vfs* vfs, int count, char* out) {
  for (int i = 0; i < count; ++i)
    out[i] = static_cast<char>(disk_of(vfs).randomness.roll());
  return count;
}

int x_sleep(sqlite3_vfs* vfs, int microseconds) {
  auto& now = disk_of(vfs).now;
  now = now + base::Duration{(microseconds + 999) / 1000};
  return microseconds;
}

int x_current_time_ms(sqlite3_vfs* vfs, sqlite3_int64* out) {
  *out = disk_of(vfs).now.ms + kJulianMs;
  return SQLITE_OK;
}

int x_current_time(sqlite3_vfs* vfs, double* days) {
  *days = static_cast<double>(disk_of(vfs).now.ms + kJulianMs) / 86'400'000.0;
  return SQLITE_OK;
}

int x_last_error(sqlite3_vfs*, int, char*) {
  return 0;
}

}  // namespace

CrashDisk::CrashDisk(std::string name, std::uint64_t seed) : inner_(std::make_unique<Inner>(seed)) {
  inner_->name = std::move(name);
  sqlite3_vfs& vfs = inner_->vfs;
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(OpenFile);
  vfs.mxPathname = 512;
  vfs.zName = inner_->name.c_str();
  vfs.pAppData = inner_.get();
  vfs.xOpen = x_open;
  vfs.xDelete = x_delete;
  vfs.xAccess = x_access;
  vfs.xFullPathname = x_full_pathname;
  vfs.xRandomness = x_randomness;
  vfs.xSleep = x_sleep;
  vfs.xCurrentTime = x_current_time;
  vfs.xGetLastError = x_last_error;
  vfs.xCurrentTimeInt64 = x_current_time_ms;
  constexpr int kNotDefault = 0;
  CHECK(sqlite3_vfs_register(&vfs, kNotDefault) == SQLITE_OK);
}

CrashDisk::~CrashDisk() {
  CHECK(inner_->handles.empty());
  sqlite3_vfs_unregister(&inner_->vfs);
}

const std::string& CrashDisk::name() const {
  return inner_->name;
}
void CrashDisk::power_cut() {
  if (!inner_->dark) inner_->power_cut();
}
void CrashDisk::power_cut_at(std::int64_t n) {
  inner_->cut_in = n;
}
bool CrashDisk::dark() const {
  return inner_->dark;
}
void CrashDisk::power_on() {
  inner_->dark = false;
  inner_->cut_in = 0;
  ++inner_->boot;
}
void CrashDisk::fail_at(std::int64_t n, Fault fault, Lasting lasting) {
  inner_->fail_in = n;
  inner_->fault = fault;
  inner_->lasting = lasting;
  inner_->failed = false;
  inner_->code = SQLITE_FULL;
}
void CrashDisk::refuse_writes(int code) {
  fail_at(1, Fault::full, Lasting::lasting);
  inner_->code = code;
}
void CrashDisk::heal() {
  inner_->fail_in = 0;
  inner_->lasting = Lasting::once;
}
bool CrashDisk::failed() const {
  return inner_->failed;
}
std::int64_t CrashDisk::calls() const {
  return inner_->calls;
}
void CrashDisk::set_time(base::Instant now) {
  inner_->now = now;
}

std::vector<std::string> CrashDisk::files() const {
  std::vector<std::string> names;
  for (const auto& [name, file] : inner_->folder.all())
    names.push_back(name);
  return names;
}
bool CrashDisk::has(std::string_view file) const {
  return inner_->folder.find(file) != nullptr;
}
std::string CrashDisk::read(std::string_view file) const {
  const auto found = inner_->folder.find(file);
  return found ? found->seen() : std::string();
}
void CrashDisk::write(std::string_view file, std::string bytes) {
  inner_->folder.put(std::string(file), std::move(bytes));
}
void CrashDisk::remove(std::string_view file) {
  inner_->folder.remove(std::string(file), DiskFolder::Synced::yes);
}
std::uint64_t CrashDisk::hash() const {
  std::string all;
  for (const auto& [name, file] : inner_->folder.all()) {
    all += name + '\0' + std::to_string(file->seen().size()) + '\0' + file->seen();
  }
  return base::hash64(all);
}

void seed_sqlite(int seed) {
  sqlite3* const none = nullptr;
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, seed, none);
}

}  // namespace sim
