// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/store/database.hpp"

namespace controller {

/// The database beside the log, as SQLite reads it.
struct LogOwner {
  FileName file;
  std::int64_t pages = 0;
  std::int64_t page_bytes = 0;
  std::int64_t head_page = 0;  // the page that every commit writes
};

/// Looks for acknowledged commits that SQLite would drop without a word; `invalid` when there are.
///
/// SQLite reads the log up to the first frame that is not whole and takes the rest for the torn end
/// of the last, never acknowledged commit. But a commit is synced before the next one begins, so
/// two commits behind that frame prove that what lies before them was whole once: the log is
/// damaged, not torn. This holds because every start of a store, and every round that found no
/// room, begins a new log. And SQLite ignores all of a log whose header is not whole: rightly so if
/// a cut hit it while a new log was begun, for then the old one is in the file already.
base::Status scan_log(const LogOwner& owner);

}  // namespace controller
