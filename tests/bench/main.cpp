// SPDX-License-Identifier: Apache-2.0
#include "base/exit_code.hpp"
#include "tests/bench/rounds.hpp"
#include "tests/bench/side.hpp"
#include "tests/bench/warden.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace bench {

void give_up(const std::string& why) {
  std::fprintf(stderr, "bench-api: %s\n", why.c_str());
  std::_Exit(1);
}

}  // namespace bench

int main(int argc, char** argv) {
  CLI::App app{"Figures of the API beside a real etcd, one JSON line each.", "bench-api"};
  bench::Plan plan;
  plan.controller =
      std::filesystem::read_symlink("/proc/self/exe").parent_path().string() + "/orch-controller";
  std::string above = "/var/tmp", only = "all";
  app.add_option("--etcd", plan.etcd, "The etcd program (3.4)")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--controller", plan.controller, "The orch-controller; default: beside this one");
  app.add_option("--dir", above, "Where both keep their data: on the disk to be measured");
  app.add_option("--only", only, "serving, size, or all")
      ->check(CLI::IsMember({"serving", "size", "all"}));
  app.add_option("--rounds", plan.rounds, "Interleaved rounds")->check(CLI::Range(1, 1000));
  app.add_option("--seconds", plan.seconds, "Of each figure of updates")->check(CLI::Range(1, 600));
  app.add_option("--objects", plan.objects, "While updates are measured")
      ->check(CLI::Range(64, 1'000'000));
  app.add_option("--many", plan.many, "While memory is measured")->check(CLI::Range(64, 1'000'000));
  app.add_option("--puts", plan.puts, "Of each figure of put-to-watch")
      ->check(CLI::Range(1, 1'000'000));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(base::Exit::usage);
  }
  return bench::with_folder(above, [&](const std::string& folder) {
    plan.folder = folder;
    if (only != "size") bench::measure_serving(plan);
    if (only != "serving") bench::measure_size(plan);
    return 0;
  });
}
