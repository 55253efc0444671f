// SPDX-License-Identifier: Apache-2.0
#include "agentd/harness/python_json.hpp"

#include <algorithm>

#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"

namespace agentd {
namespace {

constexpr std::size_t kDepth = 100;  // nested turns, steps and logs
constexpr std::string_view kReplaced = "\\ufffd";

std::optional<unsigned> unit_at(std::string_view text, std::size_t at) {
  if (text.size() < at + 6 || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
  const auto bytes = base::from_hex(text.substr(at + 2, 4));
  if (!bytes) return std::nullopt;
  return static_cast<unsigned char>((*bytes)[0]) * 256U + static_cast<unsigned char>((*bytes)[1]);
}

/// Rewrites the text piece by piece; what it does not know it leaves for the strict reader.
class Mender {
 public:
  explicit Mender(std::string_view text) : text_(text) {}

  std::string mend() {
    while (at_ < text_.size()) {
      if (text_[at_] == '"') {
        copy_string();
      } else if (text_[at_] == '-' || is_digit(text_[at_])) {
        copy_number();
      } else if (!copy_word("NaN", "null") && !copy_word("Infinity", "null")) {
        out_ += text_[at_++];
      }
    }
    return std::move(out_);
  }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  bool copy_word(std::string_view word, std::string_view instead) {
    if (text_.substr(at_, word.size()) != word) return false;
    out_ += instead;
    at_ += word.size();
    return true;
  }

  void copy_string() {
    out_ += text_[at_++];
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\') {
        copy_escape();
      } else {
        out_ += text_[at_++];
      }
    }
    if (at_ < text_.size()) out_ += text_[at_++];
  }

  void copy_escape() {
    const auto unit = unit_at(text_, at_);
    if (!unit) {
      out_ += text_.substr(at_, 2);
      at_ = std::min(at_ + 2, text_.size());
      return;
    }
    const bool high = *unit >= 0xD800 && *unit < 0xDC00;
    const bool low = *unit >= 0xDC00 && *unit < 0xE000;
    const auto next = unit_at(text_, at_ + 6);
    if (high && next && *next >= 0xDC00 && *next < 0xE000) {
      out_ += text_.substr(at_, 12);
      at_ += 12;
      return;
    }
    out_ += high || low || *unit == 0 ? kReplaced : text_.substr(at_, 6);
    at_ += 6;
  }

  void copy_number() {
    if (copy_word("-Infinity", "null")) return;
    const auto end = std::min(text_.find_first_not_of("+-.eE0123456789", at_), text_.size());
    const auto number = text_.substr(at_, end - at_);
    constexpr std::size_t kSafeDigits = 18, kDoubleDigits = 300;
    const bool whole = number.find_first_of(".eE") == std::string_view::npos;
    if (whole && number.size() > kDoubleDigits) {
      out_ += "null";
    } else {
      out_ += number;
      if (whole && number.size() > kSafeDigits) out_ += "e0";
    }
    at_ = end;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::optional<api::Json> parse_python_json(std::string_view text) {
  if (auto value = api::parse_json(text, kDepth)) return *std::move(value);
  const std::string clean = base::clean_utf8(text);
  if (auto value = api::parse_json(Mender(clean).mend(), kDepth)) return *std::move(value);
  return std::nullopt;
}

base::Result<std::vector<HarnessLine>> read_harness_lines(const std::string& path) {
  const auto text = base::read_file(path, base::limits::kResultFileBytes);
  std::vector<HarnessLine> lines;
  if (!text && text.error().code == base::Code::not_found) return lines;
  if (!text) return text.error();
  for (std::size_t at = 0; at < text->size();) {
    const auto found = text->find('\n', at);
    const auto end = found == std::string::npos ? text->size() : found + 1;
    HarnessLine line;
    line.text = text->substr(at, std::min(found, text->size()) - at);
    line.end = static_cast<std::int64_t>(end);
    if (!base::trimmed(line.text).empty()) line.value = parse_python_json(line.text);
    lines.push_back(std::move(line));
    at = end;
  }
  return lines;
}

}  // namespace agentd
