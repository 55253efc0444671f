// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/store/database.hpp"

#include <memory>

namespace controller {

/// A checked copy with the views, readable by the sqlite3 program, in the making. On the system's
/// own VFS the name appears when the copy is whole and synced. Ends before its source does; what is
/// not whole is swept away.
class Copying {
 public:
  /// `conflict` where the name is taken.
  static base::Result<Copying> begin(Database& source, const FileName& file);
  Copying(Copying&&) noexcept;
  Copying& operator=(Copying&&) = delete;
  ~Copying();

  /// Copies some pages more; by the thread that uses the source, which may commit between two.
  base::Result<Backup::Rest> step(int pages);
  /// Views, check, sync and the name. Takes its time, and leaves the source alone: any thread.
  base::Status finish();
  /// Makes `finish` fail soon; from any thread.
  void give_up();

 private:
  struct Inner;
  explicit Copying(std::unique_ptr<Inner> inner);
  std::unique_ptr<Inner> inner_;
};

/// All of it at once.
base::Status copy_for_people(Database& database, const FileName& file);

}  // namespace controller
