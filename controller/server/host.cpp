// SPDX-License-Identifier: Apache-2.0
#include "controller/server/host.hpp"

#include "base/log.hpp"

#include <csignal>

namespace controller {
namespace {

constexpr base::Duration kRenewEvery{6 * 3'600'000};
constexpr base::Duration kDrain{3'000};   // of the 5 s that a SIGTERM may take
constexpr base::Duration kFarewell{100};  // for the last answers to leave

}  // namespace

base::Result<Addresses> hold_addresses(const std::vector<std::string>& listen,
                                       const std::string& socket) {
  Addresses out;
  for (const auto& address : listen) {
    auto held = wire::HeldAddress::tcp(address);
    if (!held) return std::move(held).error();
    out.public_ones.push_back(std::move(*held));
  }
  auto held = wire::HeldAddress::unix_socket(socket);
  if (!held) return std::move(held).error();
  out.admin.push_back(std::move(*held));
  return out;
}

Host::Host(Store& store, StoreCare care, const Loaded& loaded,
           const std::vector<SampleRow>& samples, HostSettings settings)
    : settings_(std::move(settings)),
      core_(loaded, samples, settings_.policy, uids_, moment()),
      store_(loop_, store),
      rounds_(loop_, core_, store_, care.idle),
      snapshots_(loop_, rounds_, care.begin_snapshot),
      upkeep_(loop_, rounds_, snapshots_, care.trim_changes, settings_.door.logs,
              settings_.nightly),
      door_(loop_, rounds_, snapshots_, settings_.door, care),
      server_(loop_, door_) {
  rounds_.on_durable = [this] { door_.moved(); };
  rounds_.on_hopeless = [this](const base::Error&) {
    exit_ = base::Exit::io;
    loop_.stop();
  };
}

Host::~Host() {
  // What is on its way refers to the members that go first.
  store_.finish();
}

base::Result<std::vector<std::string>> Host::open(Addresses addresses) {
  const auto tls = settings_.tls();
  if (!tls) return tls.error();
  std::vector<std::string> urls;
  for (auto& held : addresses.public_ones) {
    urls.push_back("https://" + held.address());
    server_.listen(std::move(held), *tls);
  }
  for (auto& held : addresses.admin)
    server_.listen_unix(std::move(held));
  loop_.on_signals({SIGTERM, SIGINT}, [this](int) { shut_down(); });
  renew_later();
  upkeep_.start();
  rounds_.start();
  return urls;
}

base::Exit Host::run() {
  loop_.run();
  server_.stop_accepting();
  store_.finish();  // a round that is on its way is still stored
  return exit_;
}

void Host::renew_later() {
  renewal_ = loop_.after(kRenewEvery, [this] {
    if (auto tls = settings_.tls())
      server_.use(*tls);
    else
      base::log::error("server.certificate_not_renewed", {{"why", tls.error().message}});
    renew_later();
  });
}

void Host::shut_down() {
  if (state_ == State::closing) return;
  state_ = State::closing;
  base::log::info("server.stops");
  server_.stop_accepting();
  door_.close_all();
  snapshots_.give_up();
  last_call_ = loop_.after(kDrain, [this] { loop_.stop(); });
  rounds_.stop([this] { last_call_ = loop_.after(kFarewell, [this] { loop_.stop(); }); });
}

}  // namespace controller
