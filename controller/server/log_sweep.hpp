// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"
#include "base/time.hpp"

#include <string>
#include <vector>

namespace controller {

/// The logs of one life of an object: `FOLDER/STREAM/UID/MACHINE/…`.
struct LogLife {
  std::string stream, uid;
  /// Whether `FOLDER/STREAM/UID.gone` says since when the object is gone.
  enum class Mark : std::uint8_t { none, gone } mark = Mark::none;
  bool operator==(const LogLife&) const = default;

  /// "BenchRun" or "ModelDeployment", and the object's name.
  std::string_view kind() const;
  std::string name() const;
};

/// How long the logs of an object that is gone are kept: somebody may still want to know why.
constexpr base::Duration kKeepLogs{24LL * 3'600'000};

/// All lives that have logs, in order. What is no log of ours is not listed.
base::Result<std::vector<LogLife>> list_log_lives(const std::string& folder);

/// What the store says of this life. There is no third case: a store that can't be read serves
/// nobody.
enum class InStore : std::uint8_t { present, absent };

/// Marks the life of an object that is gone, takes the mark off when it is there again (a snapshot
/// was restored), and removes the logs a day after the mark. `now` is the wall clock.
base::Status tend_log_life(const std::string& folder, const LogLife& life, InStore in_store,
                           base::Instant now);

}  // namespace controller
