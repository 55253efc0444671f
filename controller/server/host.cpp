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

Host::Host(Store& store, StoreCare care, const Loaded& loaded,
           const std::vector<SampleRow>& samples, HostSettings settings)
    : settings_(std::move(settings)),
      core_(loaded, samples, settings_.policy, uids_, moment()),
      store_(loop_, store),
      rounds_(loop_, core_, store_, care.idle),
      door_(loop_, rounds_, settings_.door, care),
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

base::Result<std::vector<std::string>> Host::open() {
  auto tls = settings_.tls();
  if (!tls) return std::move(tls).error();
  std::vector<std::string> urls;
  for (const auto& address : settings_.listen) {
    auto real = server_.listen(address, *tls);
    if (!real) return std::move(real).error();
    urls.push_back("https://" + *real);
  }
  if (auto open = server_.listen_unix(settings_.socket); !open) return std::move(open).error();
  loop_.on_signals({SIGTERM, SIGINT}, [this](int) { shut_down(); });
  renew_later();
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
  last_call_ = loop_.after(kDrain, [this] { loop_.stop(); });
  rounds_.stop([this] { last_call_ = loop_.after(kFarewell, [this] { loop_.stop(); }); });
}

}  // namespace controller
