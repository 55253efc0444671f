// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sim {

/// Runs SQL on a file by a plain connection, as a person with the sqlite3 program would, to look at
/// what the store wrote or to damage it. The rows of the last statement, cells joined by '|'.
enum class Access { read, write, create };
base::Result<std::vector<std::string>> run_sql(const std::string& file, const std::string& vfs,
                                               std::string_view sql, Access access);

/// No more than this many bytes of memory for SQLite in the whole process; 0: no bound.
void limit_sqlite_memory(std::int64_t bytes);
std::int64_t sqlite_memory();

}  // namespace sim
