// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "cli/console.hpp"

#include <string>
#include <string_view>

namespace cli {

/// A log on its way to standard output. Into a file or a pipe it goes byte for byte; a terminal
/// sees it by whole lines and without escapes, which may come in pieces.
class LogText {
 public:
  explicit LogText(Terminal out_is) : out_is_(out_is) {}
  std::string take(std::string_view bytes);
  /// What is left after the last byte: a line without an end.
  std::string take_rest();

 private:
  Terminal out_is_;
  std::string rest_;
};

}  // namespace cli
