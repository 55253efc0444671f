// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

/// One line an event: a constant word and fields. Text is never parsed, and logging never
/// influences behaviour. Safe from every thread. `error`: someone must act; `warn`: we healed it;
/// `info`: a transition; `debug`: a decision without change.
namespace base::log {

struct Field {
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  Field(std::string_view k, std::int64_t v) : key(k), value(std::to_string(v)) {}
  Field(std::string_view k, std::uint64_t v) : key(k), value(std::to_string(v)) {}
  Field(std::string_view k, int v) : key(k), value(std::to_string(v)) {}
  std::string_view key;
  std::string value;
};
using Fields = std::initializer_list<Field>;

void error(std::string_view event, Fields fields = {});
void warn(std::string_view event, Fields fields = {});
void info(std::string_view event, Fields fields = {});
void debug(std::string_view event, Fields fields = {});

/// To stderr (the default before any call), with debug lines when `verbose`.
enum class Level { quiet, info, debug };
void to_stderr(Level level);

}  // namespace base::log
