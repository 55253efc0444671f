// SPDX-License-Identifier: Apache-2.0
#include "cli/run.hpp"

#include "cli/commands/commands.hpp"

#include <variant>

namespace cli {
namespace {

base::Exit start(Session& session, const Command& command) {
  return std::visit(
      base::Match{
          [&](const ApplyArguments& asked) { return run_apply(session, asked); },
          [&](const GetArguments& asked) { return run_get(session, asked); },
          [&](const DescribeArguments& asked) { return run_describe(session, asked); },
          [&](const DeleteArguments& asked) { return run_delete(session, asked); },
          [&](const LogsArguments& asked) { return run_logs(session, asked); },
          [&](const WaitArguments& asked) { return run_wait(session, asked); },
          [&](const ResultsArguments& asked) { return run_results(session, asked); },
          [&](const VersionArguments& asked) { return run_version(session, asked); },
          [&](const ApiResourcesArguments&) { return run_api_resources(session); },
          [&](const ExplainArguments& asked) { return run_explain(session, asked); },
      },
      command);
}

base::Exit answer(const std::vector<std::string>& words, Session& session) {
  const auto arguments = parse_arguments(words);
  session.global = arguments.global;
  if (session.global.color == Switch::off) session.console.no_color();
  if (arguments.failure) return fail(session, *arguments.failure);
  if (!arguments.help.empty()) {
    session.console.out(arguments.help);
    return base::Exit::done;
  }
  return start(session, *arguments.command);
}

}  // namespace

base::Exit run(const std::vector<std::string>& words, Session& session) {
  const auto exit = answer(words, session);
  if (session.console.flush()) return exit;
  // Whatever else happened, nobody got the result.
  session.console.note("error: standard output cannot be written to: it is closed or full");
  return base::Exit::io;
}

}  // namespace cli
