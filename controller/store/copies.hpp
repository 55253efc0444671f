// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/store/database.hpp"

namespace controller {

/// A checked copy with the views, readable by the sqlite3 program; `conflict` where the name is
/// taken. On the system's own VFS the name appears when the copy is whole and synced.
base::Status copy_for_people(Database& database, const FileName& file);

}  // namespace controller
