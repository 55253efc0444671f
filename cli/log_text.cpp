// SPDX-License-Identifier: Apache-2.0
#include "cli/log_text.hpp"

#include "base/limits.hpp"
#include "base/text.hpp"

#include <utility>

namespace cli {
namespace {

/// Where a line that has no end may be cut: never inside a character.
std::size_t border_before(std::string_view text, std::size_t at) {
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80)
    --at;
  return at;
}

}  // namespace

std::string LogText::take(std::string_view bytes) {
  if (out_is_ == Terminal::no) return std::string(bytes);
  rest_ += bytes;
  auto whole = rest_.rfind('\n');
  if (whole == std::string::npos) {
    if (rest_.size() <= base::limits::kLogLineBytes) return {};
    whole = border_before(rest_, rest_.size() - 1);
  } else {
    ++whole;
  }
  const auto out = base::printable(std::string_view(rest_).substr(0, whole));
  rest_.erase(0, whole);
  return out;
}

std::string LogText::take_rest() {
  return base::printable(std::exchange(rest_, {}));
}

}  // namespace cli
