// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"

#include <memory>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "base/text.hpp"

namespace base::log {
namespace {

constexpr std::size_t kValueBytes = 4096;  // one wild value must not flood the log

/// Never registered with spdlog: nobody else can reach or reconfigure it.
spdlog::logger& logger() {
  static const auto one = [] {
    auto made =
        std::make_unique<spdlog::logger>("orch", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        "%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc));
    made->set_level(spdlog::level::info);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *one;
}

/// `info claim.taken machine="spark-1" revision=12`: whole numbers stand bare.
std::string line(std::string_view word, std::string_view event, Fields fields) {
  std::string out(word);
  out += ' ';
  out += event;
  for (const auto& field : fields) {
    out += ' ';
    out += field.key;
    out += '=';
    out += to_integer(field.value) ? field.value : quoted(clipped(field.value, kValueBytes));
  }
  return out;
}

void write(spdlog::level::level_enum level, std::string_view word, std::string_view event,
           Fields fields) {
  if (!logger().should_log(level)) return;
  logger().log(level, spdlog::string_view_t(line(word, event, fields)));
}

}  // namespace

void error(std::string_view event, Fields fields) {
  write(spdlog::level::err, "error", event, fields);
}
void warn(std::string_view event, Fields fields) {
  write(spdlog::level::warn, "warn", event, fields);
}
void info(std::string_view event, Fields fields) {
  write(spdlog::level::info, "info", event, fields);
}
void debug(std::string_view event, Fields fields) {
  write(spdlog::level::debug, "debug", event, fields);
}

void to_stderr(Level level) {
  switch (level) {
    case Level::quiet: return logger().set_level(spdlog::level::warn);
    case Level::info: return logger().set_level(spdlog::level::info);
    case Level::debug: return logger().set_level(spdlog::level::debug);
  }
}

}  // namespace base::log
