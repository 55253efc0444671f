// SPDX-License-Identifier: Apache-2.0
#include "api/codec/path.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace api {
namespace {

constexpr std::size_t kKeyBytes = 128;  // longer keys are shown by their beginning

bool is_word(std::string_view key) {
  if (key.empty() || key.size() > kKeyBytes) return false;
  return std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

}  // namespace

void append_member(std::string& path, std::string_view key) {
  if (is_word(key)) {
    if (!path.empty()) path += '.';
    path += key;
    return;
  }
  path += '[';
  path += base::quoted(key.size() > kKeyBytes ? base::clipped(key, kKeyBytes) : std::string(key));
  path += ']';
}

void append_item(std::string& path, std::size_t index) {
  path += '[';
  path += std::to_string(index);
  path += ']';
}

std::string member_path(std::string_view path, std::string_view key) {
  std::string out(path);
  append_member(out, key);
  return out;
}

std::string item_path(std::string_view path, std::size_t index) {
  std::string out(path);
  append_item(out, index);
  return out;
}

}  // namespace api
