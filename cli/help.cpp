// SPDX-License-Identifier: Apache-2.0
#include "cli/help.hpp"

#include "cli/print.hpp"

#include <algorithm>

namespace cli {
namespace {

constexpr CommandHelp kCommands[] = {
    {"apply", "make manifests true: all of them or none", "apply -f FILE|FOLDER|- ...",
     "Every document is checked here first, with file, line and column; with one error nothing is\n"
     "sent. The whole batch is then one write.",
     "orch apply -f manifests/demo/\n"
     "orch apply -f model.yaml -f run.yaml\n"
     "sed s/NAME/a/ run.yaml | orch apply -f -\n"
     "orch apply -f run.yaml --dry-run=server     # what would happen\n"},
    {"get", "list objects", "get KIND[,KIND] [NAME...] | KIND/NAME...",
     "Kinds go by plural, singular or short name; \"orch\" means all of them.",
     "orch get machines,models\n"
     "orch get run -w                             # and go on with every change\n"
     "orch get run/smoke -o yaml\n"
     "orch get md -o wide -l family=smollm2\n"},
    {"describe", "everything about objects, with reasons and events",
     "describe KIND [NAME...] | KIND/NAME...", "",
     "orch describe run/smoke\n"
     "orch describe machine box1\n"},
    {"delete", "let objects go, and wait until they are gone",
     "delete KIND NAME... | KIND/NAME... | -f FILE", "",
     "orch delete run/smoke\n"
     "orch delete -f manifests/demo/              # last document first\n"
     "orch delete run -l owner=me --wait=false\n"},
    {"logs", "what a run or a model server wrote", "logs run/NAME | md/NAME", "",
     "orch logs -f run/smoke                      # goes on after a restart of the controller\n"
     "orch logs --previous run/smoke\n"
     "orch logs --tail 50 md/smollm2\n"},
    {"wait", "wait until objects are as they should be", "wait KIND/NAME... --for=WISH",
     "Ends with 1 when the time is over first.",
     "orch wait run/smoke --for=condition=Complete --timeout=10m\n"
     "orch wait md/smollm2 --for=condition=Ready\n"
     "orch wait run/smoke --for=jsonpath='{.status.phase}'=Succeeded\n"
     "orch wait run/smoke --for=delete\n"},
    {"results", "what runs scored, by category", "results [RUN...]",
     "Without names: of every run that has begun. A task counts by its first score; one that\n"
     "infrastructure broke is never a failure of the model.",
     "orch results\n"
     "orch results smoke\n"
     "orch results smoke -o json\n"},
    {"explain", "what the fields of a kind mean", "explain KIND[.FIELD...]", "",
     "orch explain run\n"
     "orch explain bench.spec.resume\n"},
    {"api-resources", "the kinds and their short names", "api-resources", "",
     "orch api-resources\n"},
    {"version", "versions of this program and of the controller", "version", "",
     "orch version\n"
     "orch version --client                       # needs no controller\n"},
};

std::string flags_text(const std::vector<FlagHelp>& flags) {
  Grid grid({{""}, {""}});
  for (const auto& flag : flags)
    grid.add({flag.names, flag.text});
  return grid.text(Grid::Heads::hidden, "  ");
}

}  // namespace

std::span<const CommandHelp> command_helps() {
  return kCommands;
}

const CommandHelp* find_command_help(std::string_view name) {
  const auto found = std::find_if(std::begin(kCommands), std::end(kCommands),
                                  [&](const CommandHelp& c) { return c.name == name; });
  return found == std::end(kCommands) ? nullptr : found;
}

std::string help_of_program(const std::vector<FlagHelp>& flags) {
  Grid grid({{""}, {""}});
  for (const auto& command : kCommands)
    grid.add({std::string(command.name), std::string(command.brief)});
  return "orch says what should be true of a rig, and shows what is.\n\nUsage: orch COMMAND ...\n\n"
         "Commands:\n" +
         grid.text(Grid::Heads::hidden, "  ") + "\nFlags:\n" + flags_text(flags) +
         "\nThe cluster is found through --kubeconfig, $ORCH_KUBECONFIG, $KUBECONFIG or\n"
         "~/.config/orch/kubeconfig, in this order.\n\nExamples:\n"
         "  orch apply -f manifests/demo/\n  orch get run -w\n  orch results\n\n"
         "orch COMMAND --help tells more of each.\n";
}

std::string help_of_command(const CommandHelp& command, const std::vector<FlagHelp>& own,
                            const std::vector<FlagHelp>& common) {
  std::string out = "orch " + std::string(command.name) + ": " + std::string(command.brief) +
                    "\n\nUsage: orch " + std::string(command.usage) + "\n";
  if (!command.more.empty()) out += "\n" + std::string(command.more) + "\n";
  out += "\nExamples:\n" + indented(command.examples, "  ");
  if (!own.empty()) out += "\nFlags:\n" + flags_text(own);
  return out + "\nCommon flags:\n" + flags_text(common);
}

}  // namespace cli
