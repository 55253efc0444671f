// SPDX-License-Identifier: Apache-2.0
#include "agentd/arguments.hpp"

#include "base/exit_code.hpp"
#include "base/version.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <vector>

namespace agentd {
namespace {

constexpr const char* kAbout =
    "The agent of one machine: runs model servers and benches as the controller asks, and reports "
    "what it sees.\nRestarting it is safe: children stay, and the next start adopts them.";
constexpr const char* kExamples =
    "Examples:\n"
    "  join, then run:  orch-agentd --data-dir A --controller https://HOST:7443 --name box1 --join "
    "TOKEN\n"
    "  run again:       orch-agentd --data-dir A\n"
    "  stop everything: orch-agentd --data-dir A down\n"
    "A token comes from: orch-controller --data-dir D token --machine box1\n"
    "Exit codes: 0 done, 64 wrong flag, 65 malformed token, 69 controller unreachable, 75 another "
    "agent runs here,\n  77 not allowed, 78 the state on disk is not usable.";

}  // namespace

Parse parse_arguments(int argc, char** argv) {
  Parse parse;
  auto& a = parse.arguments;
  CLI::App app{kAbout, "orch-agentd"};
  app.footer(kExamples);
  app.set_version_flag("--version", std::string("orch-agentd ") + std::string(base::kVersion));
  std::vector<std::string> labels;
  app.add_option("--data-dir", a.data_dir, "Folder of this agent: identity, children, runs")
      ->type_name("A");
  app.add_option("--controller", a.controller, "https://HOST:PORT of the controller")
      ->type_name("URL");
  app.add_option("--name", a.name, "Name of this machine")->type_name("NAME");
  app.add_option("--join", a.join, "Join token: the token, @FILE, or - for standard input")
      ->type_name("TOKEN");
  app.add_option("--runs", a.runs_folder, "Where run directories lie (default A/runs)")
      ->type_name("DIR");
  app.add_option("--label", labels, "Label k=v of the Machine that it proposes; repeatable")
      ->type_name("K=V");
  app.add_flag("--verbose,-v", a.verbose, "Log decisions too");
  auto* down =
      app.add_subcommand("down", "Stop every child on this machine and wait until it is gone");
  auto* shim = app.add_subcommand("shim", "")->group("");
  shim->add_option("folder", a.shim_folder)->required();
  app.fallthrough();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) {
      parse.exit = app.exit(e);
      return parse;
    }
    std::fprintf(stderr, "orch-agentd: %s (see orch-agentd --help)\n", e.what());
    parse.exit = static_cast<int>(base::Exit::usage);
    return parse;
  }
  if (down->parsed()) a.command = Arguments::Command::down;
  if (shim->parsed()) a.command = Arguments::Command::shim;
  if (a.command != Arguments::Command::shim && a.data_dir.empty()) {
    std::fprintf(stderr, "orch-agentd: --data-dir is needed; see orch-agentd --help\n");
    parse.exit = static_cast<int>(base::Exit::usage);
  }
  for (const auto& label : labels) {
    const auto at = label.find('=');
    if (at == std::string::npos || at == 0) {
      std::fprintf(stderr, "orch-agentd: --label \"%s\" is not of the form k=v\n", label.c_str());
      parse.exit = static_cast<int>(base::Exit::usage);
      continue;
    }
    a.labels[label.substr(0, at)] = label.substr(at + 1);
  }
  return parse;
}

}  // namespace agentd
