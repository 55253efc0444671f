// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/print.hpp"
#include "cli/remote.hpp"

namespace cli {

using api::Json;

base::Exit run_version(Session& session, const VersionArguments& asked) {
  auto versions =
      Json::object({{"clientVersion", Json::object({{"gitVersion", "v" ORCH_VERSION}})}});
  if (!wants_value(session)) session.console.out("client v" ORCH_VERSION "\n");
  if (asked.server == Switch::off) {
    if (wants_value(session)) print_value(session, versions);
    return base::Exit::done;
  }
  Remote remote(session);
  auto answer = remote.get("/version");
  if (!answer) return fail(session, *answer.failure);
  if (!wants_value(session)) {
    session.console.out("server " + cell_text(answer.value.text_at("gitVersion")) + " at " +
                        remote.server() + "\n");
    return base::Exit::done;
  }
  versions.set("serverVersion", std::move(answer.value));
  print_value(session, versions);
  return base::Exit::done;
}

}  // namespace cli
