// SPDX-License-Identifier: Apache-2.0
#include "base/hooks.hpp"
#include "base/limits.hpp"
#include "controller/commands.hpp"

#include <CLI/CLI.hpp>

#include <sys/resource.h>
#include <sys/stat.h>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace {

using controller::DataDir;
using controller::Outcome;

struct Arguments {
  std::string data_dir;
  controller::InitArguments init;
  controller::RunArguments run;
  controller::TokenArguments token;
  controller::KubeconfigArguments kubeconfig;
  std::string file;
};

void add_run_options(CLI::App& app, controller::RunArguments& run) {
  app.add_option("--listen", run.listen, "Where to serve, HOST:PORT; port 0 picks a free one")
      ->default_str("127.0.0.1:7443");
  app.add_option("--beat", run.beat, "Time between two reports of an agent")->capture_default_str();
  app.add_option("--stale-after", run.stale_after, "Silence after which a machine counts as lost")
      ->capture_default_str();
  app.add_option("--snapshots", run.snapshots, "Where a snapshot of the store goes every night")
      ->type_name("DIR");
  app.add_option("--keep", run.keep, "How many of them stay")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
}

void add_calls(CLI::App& app, Arguments& a) {
  auto* init = app.add_subcommand("init", "Make the data directory of a new cluster");
  init->add_option("--cluster", a.init.cluster, "Name of the cluster")->capture_default_str();
  init->add_option("--san", a.init.hosts, "One more host name or address of the server");
  add_run_options(app, a.run);
  add_run_options(*app.add_subcommand("run", "Serve until SIGTERM (the default)"), a.run);
  auto* token = app.add_subcommand("token", "Print a join token for one machine");
  token->add_option("--machine", a.token.machine, "Name of the machine")->required();
  token->add_option("--ttl", a.token.ttl, "How long it can be used")->capture_default_str();
  auto* config = app.add_subcommand("kubeconfig", "Write a kubeconfig for one more person");
  config->add_option("--user", a.kubeconfig.user, "Name of the person")->required();
  config->add_option("--role", a.kubeconfig.role, "What the person may do")
      ->required()
      ->check(CLI::IsMember({"admins", "operators", "viewers"}));
  config->add_option("--ttl", a.kubeconfig.ttl, "How long it is valid")->capture_default_str();
  config->add_option("FILE", a.kubeconfig.file, "A new file")->required();
  app.add_subcommand("snapshot", "Write a consistent copy of the store")
      ->add_option("FILE", a.file, "A new file")
      ->required();
  app.add_subcommand("check", "Run every test on the store");
  app.add_subcommand("restore", "Put a snapshot in the place of the store")
      ->add_option("FILE", a.file, "A snapshot")
      ->required();
}

Outcome call(const CLI::App& app, const Arguments& a) {
  const DataDir dir(a.data_dir);
  if (app.got_subcommand("init")) return controller::init(dir, a.init);
  if (app.got_subcommand("token")) return controller::token(dir, a.token);
  if (app.got_subcommand("kubeconfig")) return controller::kubeconfig(dir, a.kubeconfig);
  if (app.got_subcommand("snapshot")) return controller::snapshot(dir, a.file);
  if (app.got_subcommand("check")) return controller::check(dir);
  if (app.got_subcommand("restore")) return controller::restore(dir, a.file);
  return controller::run(dir, a.run);
}

/// As many descriptors as we may have: each connection is one, and the usual 1024 would leave none
/// for the store's own files.
void raise_descriptors() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4 * base::limits::kConnections);
  ::setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace

int main(int argc, char** argv) {
  ::umask(077);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error like a full disk
#ifdef ORCH_TEST_HOOKS
  if (const char* text = std::getenv("ORCH_FAILPOINT"); text != nullptr)
    if (const auto wrong = base::set_failpoints(text); !wrong.empty()) {
      std::fprintf(stderr, "orch-controller: %s\n", wrong.c_str());
      return static_cast<int>(base::Exit::usage);
    }
#endif
  raise_descriptors();
  Arguments arguments;
  arguments.run.version = ORCH_VERSION;
  CLI::App app("Keeps a rig of machines doing what its operator wrote down.", "orch-controller");
  app.set_version_flag("--version", std::string("orch-controller ") + ORCH_VERSION);
  app.add_option("--data-dir", arguments.data_dir, "Where everything is kept")
      ->required()
      ->type_name("DIR");
  app.require_subcommand(0, 1);
  add_calls(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::fprintf(stderr, "orch-controller: %s (see orch-controller --help)\n", error.what());
    return static_cast<int>(base::Exit::usage);
  }
  const auto outcome = call(app, arguments);
  if (!outcome.good()) std::fprintf(stderr, "orch-controller: %s\n", outcome.message.c_str());
  return static_cast<int>(outcome.exit);
}
