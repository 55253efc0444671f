// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/disk/sql.hpp"

#include <memory>

#include <sqlite3.h>

namespace sim {
namespace {

int add_row(void* rows, int columns, char** cells, char**) {
  std::string row;
  for (int i = 0; i < columns; ++i) {
    if (i > 0) row += '|';
    if (cells[i] != nullptr) row += cells[i];
  }
  static_cast<std::vector<std::string>*>(rows)->push_back(std::move(row));
  return SQLITE_OK;
}

int flags_of(Access access) {
  switch (access) {
    case Access::read: return SQLITE_OPEN_READONLY;
    case Access::write: return SQLITE_OPEN_READWRITE;
    case Access::create: return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  }
  return 0;
}

}  // namespace

base::Result<std::vector<std::string>> run_sql(const std::string& file, const std::string& vfs,
                                               std::string_view sql, Access access) {
  sqlite3* opened = nullptr;
  int code =
      sqlite3_open_v2(file.c_str(), &opened, flags_of(access), vfs.empty() ? nullptr : vfs.c_str());
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> db(opened, sqlite3_close);
  std::vector<std::string> rows;
  if (code == SQLITE_OK) {
    code = sqlite3_exec(db.get(), std::string(sql).c_str(), add_row, &rows, nullptr);
  }
  if (code != SQLITE_OK) return base::invalid(sqlite3_errmsg(db.get()));
  return rows;
}

void limit_sqlite_memory(std::int64_t bytes) {
  sqlite3_hard_heap_limit64(bytes);
}

std::int64_t sqlite_memory() {
  return sqlite3_memory_used();
}

}  // namespace sim
