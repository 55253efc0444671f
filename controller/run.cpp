// SPDX-License-Identifier: Apache-2.0
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "controller/commands.hpp"
#include "controller/local_client.hpp"
#include "controller/own_hosts.hpp"
#include "controller/pki/authority.hpp"
#include "controller/server/host.hpp"
#include "controller/store/sqlite_store.hpp"

#include <unistd.h>

namespace controller {
namespace {

constexpr std::string_view kDefaultListen = "127.0.0.1:7443";
constexpr base::Duration kAdminLife{365LL * 24 * 3'600'000};

Outcome store_failed(const base::Error& error) {
  return failed(exit_of_store(error), error.message);
}

base::Exit exit_of_listen(const base::Error& error) {
  switch (error.code) {
    case base::Code::unavailable:
    case base::Code::conflict: return base::Exit::busy;
    case base::Code::invalid: return base::Exit::usage;
    case base::Code::forbidden: return base::Exit::not_allowed;
    default: return base::Exit::io;
  }
}

/// HOST:PORT, with the host of IPv6 in brackets; whether it can be had is found out later.
bool is_address(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  const auto port = base::to_integer(std::string_view(text).substr(colon + 1));
  return port && *port >= 0 && *port <= 65'535;
}

Outcome read_policy(const RunArguments& arguments, reconcilers::Policy& policy) {
  const auto beat = parse_life(arguments.beat);
  const auto stale = parse_life(arguments.stale_after);
  if (!beat)
    return failed(base::Exit::usage,
                  "--beat " + base::quoted(arguments.beat) + ": expected a duration such as 15s");
  if (!stale)
    return failed(base::Exit::usage, "--stale-after " + base::quoted(arguments.stale_after) +
                                         ": expected a duration such as 90s");
  if (*stale < 2 * *beat)
    return failed(base::Exit::usage,
                  "--stale-after must be at least twice --beat, or one late "
                  "report makes a machine lost");
  policy = {*beat, *stale};
  return {};
}

/// Where this machine's own programs find a server that listens on `url`.
std::string local_url(std::string url) {
  for (const std::string_view any : {"https://0.0.0.0:", "https://[::]:"})
    if (url.starts_with(any)) return "https://127.0.0.1:" + url.substr(any.size());
  return url;
}

base::Status point_kubeconfig(const DataDir& dir, const wire::KeyPair& ca,
                              const std::string& cluster, const std::string& url) {
  const auto wall = base::wall_now();
  const auto old = base::read_file(dir.kubeconfig(), 1 << 20);
  auto fresh = old ? redirected(*old, ca, url, wall)
                   : base::Result<std::string>(base::not_found("there is none"));
  if (!fresh) fresh = make_kubeconfig(ca, {"admin", "admins", cluster, url, kAdminLife}, wall);
  if (!fresh) return std::move(fresh).error();
  if (old && *fresh == *old) return base::ok();
  return base::write_file(dir.kubeconfig(), *fresh, 0600);
}

/// Tells where we serve: to people and scripts.
base::Status announce(const DataDir& dir, const wire::KeyPair& ca, const std::string& cluster,
                      const std::vector<std::string>& urls) {
  std::string lines;
  for (const auto& url : urls)
    lines += url + "\n";
  const auto first = urls.empty() ? std::string() : local_url(urls.front());
  if (auto pointed = point_kubeconfig(dir, ca, cluster, first); !pointed) return pointed;
  if (auto written = base::write_file(dir.listen_file(), lines, 0600); !written) return written;
  for (const auto& url : urls)
    say("ready " + url);
  return base::ok();
}

HostSettings settings_for(const DataDir& dir, const RunArguments& arguments,
                          const wire::KeyPair& ca, const std::string& cluster) {
  HostSettings s;
  s.door.self = {cluster, static_cast<std::uint32_t>(::geteuid())};
  const auto facts = wire::read_certificate(ca.certificate);
  s.door.authority = {cluster, ca, facts ? facts->fingerprint : ""};
  s.door.logs = dir.logs();
  s.door.version = arguments.version;
  s.nightly = {arguments.snapshots, arguments.keep};
  s.tls = [pki = dir.pki(), ca]() -> base::Result<wire::Tls> {
    auto pair = load_server(pki, ca, own_hosts(), base::wall_now());
    if (!pair) return std::move(pair).error();
    return wire::Tls::server(pair->certificate, pair->key, ca.certificate);
  };
  return s;
}

constexpr int kPagesInStep = 64;  // rounds wait for one step: about a millisecond

base::Result<Snapshot> begin_snapshot(SqliteStore& store, const std::string& file) {
  auto begun = store.begin_snapshot(file);
  if (!begun) return std::move(begun).error();
  const auto copying = std::make_shared<Copying>(std::move(*begun));
  Snapshot out;
  out.step = [copying]() -> base::Result<Snapshot::Rest> {
    auto rest = copying->step(kPagesInStep);
    if (!rest) return std::move(rest).error();
    return *rest == Backup::Rest::more ? Snapshot::Rest::more : Snapshot::Rest::none;
  };
  out.finish = [copying] { return copying->finish(); };
  out.give_up = [copying] { copying->give_up(); };
  return out;
}

StoreCare care_of(SqliteStore& store) {
  StoreCare care;
  care.idle = [&store] { return store.idle(); };
  care.check = [&store] { return store.check(); };
  care.changes_floor = [&store] { return store.changes_floor(); };
  care.trim_changes = [&store](base::Instant now) -> StoreCare::Trimmed {
    auto done = store.trim_changes(now);
    const bool more = done.rest == SqliteStore::Trimmed::Rest::more;
    return {more ? StoreCare::Rest::more : StoreCare::Rest::none, std::move(done.error)};
  };
  care.begin_snapshot = [&store](const std::string& file) { return begin_snapshot(store, file); };
  return care;
}

Outcome serve(const DataDir& dir, const RunArguments& arguments, Addresses addresses,
              SqliteStore& store) {
  const auto ca = load_ca(dir.pki());
  if (!ca)
    return failed(
        ca.error().code == base::Code::forbidden ? base::Exit::not_allowed : base::Exit::bad_state,
        ca.error().message);
  auto settings = settings_for(dir, arguments, *ca, store.cluster());
  if (auto read = read_policy(arguments, settings.policy); !read.good()) return read;
  // What can refuse a start comes before the term is raised.
  if (const auto tls = settings.tls(); !tls)
    return failed(tls.error().code == base::Code::invalid ? base::Exit::bad_state
                                                          : exit_of_listen(tls.error()),
                  tls.error().message);
  const auto loaded = store.load();
  if (!loaded) return store_failed(loaded.error());
  const auto samples = store.samples("");
  if (!samples) return store_failed(samples.error());
  Host host(store, care_of(store), *loaded, *samples, std::move(settings));
  const auto urls = host.open(std::move(addresses));
  if (!urls) return failed(exit_of_listen(urls.error()), urls.error().message);
  if (auto told = announce(dir, *ca, store.cluster(), *urls); !told)
    return failed(base::Exit::io, told.error().message);
  base::log::info(
      "server.ready",
      {{"cluster", store.cluster()}, {"revision", loaded->revision}, {"address", urls->front()}});
  const auto exit = host.run();
  ::unlink(dir.listen_file().c_str());
  if (exit == base::Exit::done) return {};
  return failed(exit, "the store can't be written any more; start again, which checks it first");
}

/// The folder of the snapshots, which hold every secret of the store: ours alone.
Outcome open_snapshots(const std::string& folder) {
  if (folder.empty()) return {};
  const auto said = [&](const base::Error& error) { return "--snapshots " + error.message; };
  if (!base::facts_of(folder))
    if (auto made = base::make_folder(folder, 0700); !made)
      return failed(base::Exit::cannot_create, said(made.error()));
  if (auto ours = base::check_private(folder); !ours)
    return failed(base::Exit::not_allowed, said(ours.error()));
  if (const auto names = base::list_folder(folder); !names)
    return failed(base::Exit::cannot_create, said(names.error()));
  return {};
}

}  // namespace

Outcome run(const DataDir& dir, const RunArguments& arguments) {
  reconcilers::Policy unused;
  if (auto read = read_policy(arguments, unused); !read.good()) return read;
  for (const auto& address : arguments.listen)
    if (!is_address(address))
      return failed(base::Exit::usage,
                    "--listen " + base::quoted(address) + ": expected HOST:PORT");
  if (auto checked = dir.check_cluster(); !checked.good()) return checked;
  if (auto fit = open_snapshots(arguments.snapshots); !fit.good()) return fit;
  // Another call may have the lock for a moment; a controller that runs answers.
  const auto turn = take_turn(dir);
  if (!turn.failure.good()) return turn.failure;
  if (!turn.lock)
    return failed(base::Exit::busy,
                  "a controller runs on " + base::quoted(dir.path()) + " already: " + turn.holder);
  if (auto made = dir.make(); !made) return failed(base::Exit::io, made.error().message);
  // A start that can't serve must not raise the store's term, so the addresses come first.
  auto addresses = hold_addresses(
      arguments.listen.empty() ? std::vector{std::string(kDefaultListen)} : arguments.listen,
      dir.socket());
  if (!addresses) return failed(exit_of_listen(addresses.error()), addresses.error().message);
  ::unlink(dir.listen_file().c_str());  // of one that was killed
  auto store = SqliteStore::open({dir.database(), {}});
  if (!store) return store_failed(store.error());
  return serve(dir, arguments, std::move(*addresses), **store);
}

}  // namespace controller
