// SPDX-License-Identifier: Apache-2.0
#include "cli/arguments.hpp"

#include "base/text.hpp"
#include "cli/help.hpp"

#include <gtest/gtest.h>

namespace cli {
namespace {

Arguments parsed(const std::string& line) {
  return parse_arguments(line.empty() ? std::vector<std::string>{} : base::split(line, ' '));
}

TEST(Arguments, WrongLinesAreNamed) {
  struct Case {
    std::string line, says;
  };
  const Case cases[] = {
      {"gett", "unknown command \"gett\"; did you mean \"get\"? (see orch --help)"},
      {"edit", "unknown command \"edit\" (see orch --help)"},
      {"get --wacht", "unknown flag \"--wacht\"; did you mean \"--watch\"? (see orch get --help)"},
      {"get -o jsno", "-o jsno: get prints table|wide|json|yaml|name"},
      {"logs run/a -o yaml", "-o yaml: logs prints table|json"},
      {"apply", "apply what? -f FILE, -f FOLDER or -f - (see orch apply --help)"},
      {"apply -f a --dry-run=yes", "--dry-run=yes: one of none, client, server"},
      {"apply -f a.yaml b.yaml", "unknown argument \"b.yaml\" (see orch apply --help)"},
      {"wait run/a", "wait for what? e.g. --for=condition=Ready (see orch wait --help)"},
      {"wait run/a --for=delete --timeout=soon",
       "\"soon\" is no duration such as 30s or 5m (see orch wait --help)"},
      {"logs run/a --tail=-1", "\"-1\" is no count (see orch logs --help)"},
      {"explain", "explain what? e.g. run or bench.spec.resume"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.line);
    const auto arguments = parsed(c.line);
    ASSERT_TRUE(arguments.failure);
    EXPECT_EQ(arguments.failure->exit, base::Exit::usage);
    EXPECT_EQ(arguments.failure->message, c.says);
  }
}

TEST(Arguments, ErrorsOfTheLineItselfFollowTheOutputFlag) {
  EXPECT_EQ(parsed("gett -o json").global.format, Format::json);
  EXPECT_EQ(parsed("get --wacht -ojson").global.format, Format::json);
  EXPECT_EQ(parsed("get --wacht").global.format, Format::table);
}

TEST(Arguments, TheOutputFlagHasEveryForm) {
  for (const auto* flag : {"-o yaml", "-oyaml", "-o=yaml", "--output yaml", "--output=yaml"}) {
    SCOPED_TRACE(flag);
    const auto arguments = parsed("get run " + std::string(flag));
    EXPECT_FALSE(arguments.failure);
    EXPECT_EQ(arguments.global.format, Format::yaml);
  }
}

TEST(Arguments, CommonFlagsStandBeforeOrBehindTheCommand) {
  for (const auto* line :
       {"--kubeconfig k --context c get run", "get run --context=c --kubeconfig k"}) {
    SCOPED_TRACE(line);
    const auto arguments = parsed(line);
    ASSERT_TRUE(arguments.command);
    EXPECT_EQ(arguments.global.kubeconfig, "k");
    EXPECT_EQ(arguments.global.context, "c");
    EXPECT_EQ(std::get<GetArguments>(*arguments.command).words, std::vector<std::string>{"run"});
  }
}

TEST(Arguments, FilesAreRepeatableAndStandardInputIsOne) {
  const auto arguments = parsed("apply -f a.yaml -f - --filename=b");
  ASSERT_TRUE(arguments.command);
  EXPECT_EQ(std::get<ApplyArguments>(*arguments.command).files.paths,
            (std::vector<std::string>{"a.yaml", "-", "b"}));
}

TEST(Arguments, ValuesOfFlags) {
  const auto wait = parsed("wait run/a --for=jsonpath={.status.phase}=Hot --timeout -1s");
  ASSERT_TRUE(wait.command);
  EXPECT_EQ(std::get<WaitArguments>(*wait.command).what, "jsonpath={.status.phase}=Hot");
  EXPECT_EQ(std::get<WaitArguments>(*wait.command).timeout, -base::seconds(1));
  const auto del = parsed("delete run a --wait=false --ignore-not-found --timeout=5m");
  ASSERT_TRUE(del.command);
  EXPECT_EQ(std::get<DeleteArguments>(*del.command).wait, Switch::off);
  EXPECT_EQ(std::get<DeleteArguments>(*del.command).ignore_not_found, Switch::on);
  EXPECT_EQ(std::get<DeleteArguments>(*del.command).timeout, base::minutes(5));
  const auto logs = parsed("logs -f run/a --tail 5");
  ASSERT_TRUE(logs.command);
  EXPECT_EQ(std::get<LogsArguments>(*logs.command).follow, Switch::on);
  EXPECT_EQ(std::get<LogsArguments>(*logs.command).tail, 5);
}

TEST(Arguments, EveryCommandHasHelpWithExamplesAndItsFlags) {
  for (const auto& command : command_helps()) {
    SCOPED_TRACE(command.name);
    for (const auto& line :
         {std::string(command.name) + " --help", "help " + std::string(command.name),
          std::string(command.name) + " -h"}) {
      const auto help = parsed(line).help;
      EXPECT_NE(help.find("Examples:\n  orch " + std::string(command.name)), std::string::npos)
          << help;
      EXPECT_NE(help.find("--kubeconfig FILE"), std::string::npos);
    }
    EXPECT_NE(parsed("").help.find("\n  " + std::string(command.name) + " "), std::string::npos);
  }
}

/// An example in the help that does not parse teaches a mistake.
TEST(Arguments, EveryExampleOfTheHelpIsALineThatParses) {
  for (const auto& command : command_helps()) {
    for (const auto& line : base::split(command.examples, '\n')) {
      const auto from = line.find("orch ");
      if (from == std::string::npos) continue;
      auto words = line.substr(from + 5);
      words = std::string(base::trimmed(words.substr(0, words.find('#'))));
      SCOPED_TRACE(words);
      const auto arguments = parsed(words);
      EXPECT_FALSE(arguments.failure) << arguments.failure->message;
      EXPECT_TRUE(arguments.command);
    }
  }
}

}  // namespace
}  // namespace cli
