// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace controller {

/// A log stream on disk: pieces of a few MiB, each named after the offset of its first byte, so
/// that offsets stay true when the oldest pieces go.
class LogFiles {
 public:
  explicit LogFiles(std::string folder) : folder_(std::move(folder)) {}

  struct Piece {
    std::int64_t start = 0, size = 0;
    std::int64_t end() const { return start + size; }
  };
  /// In order; empty for a stream that nobody wrote yet.
  base::Result<std::vector<Piece>> pieces() const;
  base::Result<std::int64_t> end() const;

  /// Adds what is new of `bytes`, which stand at `offset`, and syncs; gives the durable end, from
  /// which the writer goes on. What is there already is passed over; behind a gap nothing is
  /// written, unless `floor` says that nothing before it exists any more.
  base::Result<std::int64_t> append(std::int64_t offset, std::string_view bytes,
                                    std::int64_t floor) const;

  /// From `offset`, at most `bytes_max`; `at` moves to where the bytes really begin (later, when
  /// older ones are gone).
  struct Part {
    std::int64_t at = 0;
    std::string bytes;
  };
  base::Result<Part> read(std::int64_t offset, std::size_t bytes_max) const;
  /// Where the last `lines` lines begin.
  base::Result<std::int64_t> tail(std::int64_t lines) const;

 private:
  std::string path_of(std::int64_t start) const;
  base::Status drop_oldest(std::vector<Piece> pieces) const;

  std::string folder_;
};

}  // namespace controller
