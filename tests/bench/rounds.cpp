// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/rounds.hpp"

#include "tests/bench/figures.hpp"
#include "tests/bench/side.hpp"

#include <cstdio>
#include <filesystem>
#include <functional>

namespace bench {
namespace {

constexpr int kClients[] = {1, 8, 64};
constexpr int kWarmUp = 300'000;  // microseconds: connections and caches, not counted

void say(const std::string& text) {
  std::fprintf(stderr, "bench-api: %s\n", text.c_str());
}

std::string count_text(int count) {
  return count % 1000 == 0 ? std::to_string(count / 1000) + "k" : std::to_string(count);
}

void print(const Figure& figure) {
  say(spread_line(figure));
  std::printf("%s\n", json_line(figure).c_str());
  std::fflush(stdout);
}

/// A controller and an etcd, each in a folder of its own on the same disk.
struct Rig {
  Rig(const Plan& plan, const std::string& name)
      : folder(plan.folder + "/" + name),
        ours((std::filesystem::create_directories(folder + "/ours"),
              make_ours(plan.controller, folder + "/ours"))),
        etcd((std::filesystem::create_directories(folder + "/etcd"),
              make_etcd(plan.etcd, folder + "/etcd"))) {}
  ~Rig() {
    ours.reset();
    etcd.reset();
    std::filesystem::remove_all(folder);
  }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  /// Asks both, one after the other; who is first alternates, since the first warms the machine.
  void measure(Figure& figure, int round, const std::function<double(Side&)>& of) {
    for (const int turn : {round, round + 1})
      turn % 2 == 0 ? figure.ours.push_back(of(*ours)) : figure.theirs.push_back(of(*etcd));
    char line[160];
    std::snprintf(line, sizeof line, "round %d: %s ours %.2f etcd %.2f %s", round + 1,
                  figure.work.c_str(), figure.ours.back(), figure.theirs.back(),
                  figure.unit.c_str());
    say(line);
  }

  std::string folder;
  std::unique_ptr<Side> ours, etcd;
};

void fill(Rig& rig, int count) {
  for (Side* side : {rig.ours.get(), rig.etcd.get()}) {
    const auto began = micros_now();
    side->fill(count);
    char line[120];
    std::snprintf(line, sizeof line, "%s: %d objects written in %.1f s",
                  side == rig.ours.get() ? "ours" : "etcd", count,
                  milliseconds(micros_now() - began) / 1000);
    say(line);
  }
}

std::vector<double> in_milliseconds(const std::vector<Micros>& spans) {
  std::vector<double> all;
  for (const auto span : spans)
    all.push_back(milliseconds(span));
  return all;
}

/// The processor's time is no figure of its own: it says what the others' load does not change.
void measure_updates(Rig& rig, const Plan& plan, int round, int clients, Figure& rate,
                     Figure& cost) {
  rig.measure(rate, round, [&](Side& side) {
    (void)side.updates(clients, Micros{kWarmUp});
    const auto before = side.usage();
    const double found = side.updates(clients, std::chrono::seconds(plan.seconds));
    const double used = side.usage().cpu_seconds - before.cpu_seconds;
    (&side == rig.ours.get() ? cost.ours : cost.theirs)
        .push_back(used * 1e6 / (found * plan.seconds));
    return found;
  });
}

/// One pass of puts gives both figures.
void measure_watch(Rig& rig, const Plan& plan, int round, Figure& p50, Figure& p99) {
  std::vector<double> high;
  rig.measure(p50, round, [&](Side& side) {
    const auto spans = in_milliseconds(side.put_to_watch(plan.puts));
    (&side == rig.ours.get() ? p99.ours : p99.theirs).push_back(quantile(spans, 0.99));
    return quantile(spans, 0.5);
  });
}

}  // namespace

void measure_serving(const Plan& plan) {
  Rig rig(plan, "serving");
  fill(rig, plan.objects);
  std::vector<Figure> updates;
  for (const int clients : kClients)
    updates.push_back({"update/s c=" + std::to_string(clients), "1/s", {}, {}});
  Figure p50{"put-to-watch p50", "ms", {}, {}}, p99{"put-to-watch p99", "ms", {}, {}};
  Figure cost{"processor time of the server, an update", "us", {}, {}};
  Figure list{"list " + count_text(plan.objects), "ms", {}, {}};
  for (int round = 0; round < plan.rounds; ++round) {
    for (std::size_t i = 0; i < updates.size(); ++i)
      measure_updates(rig, plan, round, kClients[i], updates[i], cost);
    measure_watch(rig, plan, round, p50, p99);
    rig.measure(list, round, [](Side& side) { return milliseconds(side.list()); });
  }
  for (const auto& figure : updates)
    print(figure);
  for (const auto& figure : {p50, p99, list})
    print(figure);
  say(spread_line(cost));
}

void measure_size(const Plan& plan) {
  Rig rig(plan, "size");
  fill(rig, plan.many);
  Figure memory{"memory " + count_text(plan.many), "MiB", {}, {}};
  rig.measure(memory, 0, [](Side& side) { return side.usage().resident_mib; });
  Figure restart{"restart " + count_text(plan.many), "ms", {}, {}};
  Figure after{"memory after restart", "MiB", {}, {}};
  for (int round = 0; round < plan.rounds; ++round) {
    rig.measure(restart, round, [](Side& side) { return milliseconds(side.restart()); });
    rig.measure(after, round, [](Side& side) { return side.usage().resident_mib; });
  }
  print(memory);
  print(restart);
  say(spread_line(after));
}

}  // namespace bench
