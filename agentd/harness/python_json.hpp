// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"
#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agentd {

/// What Python's json module writes and our strict reader refuses, because models wrote it: NaN and
/// infinities (read as null), integers of any length (as doubles), NUL, lone surrogates and broken
/// UTF-8 (as U+FFFD). Nothing where the text is no value even so, e.g. a torn line.
std::optional<api::Json> parse_python_json(std::string_view text);

/// One line of a file of JSON lines.
struct HarnessLine {
  std::string text;                // without its end
  std::optional<api::Json> value;  // nothing when it cannot be read
  std::int64_t end = 0;            // offset in the file behind it
};

/// The lines that a newline ends, and what is behind the last one when that is a whole value. A
/// blank line has no value. Empty when the file is absent.
base::Result<std::vector<HarnessLine>> read_harness_lines(const std::string& path);

}  // namespace agentd
