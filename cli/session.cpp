// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"

#include "api/codec/yaml.hpp"
#include "base/text.hpp"

namespace cli {

base::Exit fail(Session& session, const Failure& failure) {
  if (session.global.format == Format::json) {
    session.console.out(api::write_json_pretty(status_of(failure)));
    return failure.exit;
  }
  for (const auto& line : failure.lines)
    session.console.note(base::printable(line));
  session.console.note("error: " + base::printable(failure.message));
  return failure.exit;
}

bool wants_value(const Session& session) {
  return session.global.format == Format::json || session.global.format == Format::yaml;
}

void print_value(Session& session, const api::Json& value) {
  const bool yaml = session.global.format == Format::yaml;
  session.console.out(
      session.console.foreign(yaml ? api::write_yaml(value) : api::write_json_pretty(value)));
}

}  // namespace cli
