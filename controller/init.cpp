// SPDX-License-Identifier: Apache-2.0
#include "base/clock.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "controller/commands.hpp"
#include "controller/own_hosts.hpp"
#include "controller/pki/authority.hpp"
#include "controller/store/sqlite_store.hpp"
#include "wire/pki.hpp"

#include <cstdio>

namespace controller {
namespace {

constexpr base::Duration kAdminLife{365LL * 24 * 3'600'000};
constexpr std::string_view kDefaultUrl = "https://127.0.0.1:7443";

Outcome io_failed(const base::Error& error) {
  const bool full = error.code == base::Code::unavailable || error.code == base::Code::internal;
  return failed(full ? base::Exit::io : base::Exit::cannot_create, error.message);
}

Outcome already(const DataDir& dir) {
  return failed(base::Exit::bad_state,
                base::quoted(dir.path()) +
                    " holds a cluster already: nothing was changed; start it with orch-controller "
                    "--data-dir " +
                    dir.path() + " run, or name another directory");
}

/// Everything but the store, which comes last: until it is there, there is no cluster.
Outcome make_files(const DataDir& dir, const std::string& cluster,
                   const std::vector<std::string>& hosts) {
  const auto wall = base::wall_now();
  if (auto made = make_authority(dir.pki(), cluster, hosts, wall); !made)
    return io_failed(made.error());
  const auto ca = load_ca(dir.pki());
  if (!ca) return io_failed(ca.error());
  const auto config = make_kubeconfig(
      *ca, {"admin", "admins", cluster, std::string(kDefaultUrl), kAdminLife}, wall);
  if (!config) return io_failed(config.error());
  if (auto written = base::write_file(dir.kubeconfig(), *config, 0600); !written)
    return io_failed(written.error());
  return {};
}

}  // namespace

void say(const std::string& line) {
  std::fputs((line + "\n").c_str(), stdout);
  std::fflush(stdout);
}

std::optional<base::Duration> parse_life(const std::string& text) {
  auto life = base::parse_duration(text);
  if (!life && text.ends_with('d'))
    if (const auto days = base::to_integer(std::string_view(text).substr(0, text.size() - 1));
        days && *days < 36'500)
      life = base::hours(24 * *days);
  if (!life || *life <= base::Duration{0}) return std::nullopt;
  return life;
}

Outcome init(const DataDir& dir, const InitArguments& arguments) {
  if (!base::is_dns_label(arguments.cluster) || arguments.cluster.size() > 40)
    return failed(base::Exit::usage,
                  "--cluster " + base::quoted(arguments.cluster) +
                      ": a name is at most 40 lower-case letters, digits and '-'");
  if (base::facts_of(dir.path()))
    if (auto checked = dir.check(); !checked.good()) return checked;
  if (dir.has_cluster()) return already(dir);
  // Before the first write: the keys of a cluster whose store is gone are all that is left of it.
  if (auto lost = dir.check_not_lost(); !lost.good()) return lost;
  if (auto made = dir.make(); !made) return io_failed(made.error());
  const auto lock = dir.lock();
  if (!lock) return failed(base::Exit::busy, lock.error().message);
  if (dir.has_cluster()) return already(dir);

  const auto cluster = arguments.cluster + "-" + base::to_hex(wire::random_bytes(4));
  auto hosts = own_hosts();
  for (const auto& host : arguments.hosts)
    hosts.push_back(host);
  if (auto made = make_files(dir, cluster, hosts); !made.good()) return made;
  if (auto stored = create_store({dir.database(), {}}, cluster); !stored)
    return failed(exit_of_store(stored.error()), stored.error().message);
  const auto ca = load_ca(dir.pki());
  if (!ca) return io_failed(ca.error());
  say("cluster " + cluster);
  say("ca-fingerprint " + wire::read_certificate(ca->certificate)->fingerprint);
  say("kubeconfig " + dir.kubeconfig());
  return {};
}

}  // namespace controller
