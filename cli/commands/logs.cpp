// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "base/text.hpp"
#include "cli/commands/commands.hpp"
#include "cli/log_text.hpp"
#include "cli/remote.hpp"
#include "cli/resource.hpp"

#include <algorithm>

namespace cli {
namespace {

/// The kinds whose processes write.
bool has_log(const api::Kind& kind) {
  return kind.name == "BenchRun" || kind.name == "ModelDeployment";
}

std::optional<Failure> not_one_log(const Targets& targets) {
  if (targets.failure) return targets.failure;
  const bool one = targets.list.size() == 1 && targets.list.front().names.size() == 1;
  if (one && has_log(*targets.list.front().kind)) return std::nullopt;
  if (one)
    return wrong_usage(std::string(targets.list.front().kind->plural) +
                       " write no log; benchruns and modeldeployments do");
  return wrong_usage("whose log? name one: run/NAME or md/NAME");
}

Query query_of(const LogsArguments& asked) {
  Query query;
  if (asked.follow == Switch::on) query.emplace_back("follow", "true");
  if (asked.tail) query.emplace_back("tailLines", std::to_string(*asked.tail));
  return query;
}

}  // namespace

base::Exit run_logs(Session& session, const LogsArguments& asked) {
  const auto targets = parse_targets(asked.words);
  if (const auto failure = not_one_log(targets)) return fail(session, *failure);
  const auto& target = targets.list.front();
  Remote remote(session);
  auto& console = session.console;
  LogText text(console.out_is());
  const Remote::Stream stream{object_path(*target.kind, target.names.front()) + "/log",
                              query_of(asked), "text/plain, */*", base::Duration{0}, std::nullopt};
  const auto end = remote.stream(stream, [&](std::string_view bytes) {
    console.out(text.take(bytes));
    const bool held_back = asked.follow == Switch::off;
    return held_back || console.flush() ? Remote::More::yes : Remote::More::no;
  });
  console.out(text.take_rest());
  return end.failure ? fail(session, *end.failure) : base::Exit::done;
}

}  // namespace cli
