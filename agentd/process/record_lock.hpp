// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/process/fd.hpp"
#include "base/result.hpp"

#include <string>

namespace agentd {

/// The lock of a record's folder, held by its shim for as long as the shim lives. It belongs to the
/// open file, so that it ends with the holder however that dies, and it can be asked about without
/// being taken: a look never makes a starting shim believe that another one is there.
class RecordLock {
 public:
  /// `unavailable` when somebody holds it, `not_found` when the folder is gone.
  static base::Result<RecordLock> take(const std::string& folder);
  static base::Result<bool> is_held(const std::string& folder);

 private:
  explicit RecordLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace agentd
