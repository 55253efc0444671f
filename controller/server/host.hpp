// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/exit_code.hpp"
#include "controller/server/door.hpp"
#include "controller/server/rounds.hpp"
#include "controller/server/store_thread.hpp"
#include "controller/server/upkeep.hpp"
#include "wire/pki.hpp"
#include "wire/server.hpp"

#include <functional>
#include <string>
#include <vector>

namespace controller {

/// Real uids.
class RandomUids final : public Uids {
 public:
  std::string next() override { return wire::random_uuid(); }
};

/// The addresses of a controller, held before anything on the disk is changed.
struct Addresses {
  std::vector<wire::HeldAddress> public_ones;
  std::vector<wire::HeldAddress> admin;  // the unix socket
};
/// Each `host:port`, and the path of the admin socket.
base::Result<Addresses> hold_addresses(const std::vector<std::string>& listen,
                                       const std::string& socket);

struct HostSettings {
  reconcilers::Policy policy;
  DoorSettings door;
  NightlySettings nightly;
  /// The server's certificate as it is due now; asked at the start and every few hours.
  std::function<base::Result<wire::Tls>()> tls;
};

/// A controller that serves: the loop's thread with the core and all sockets, and the store's
/// thread.
class Host {
 public:
  /// `loaded` and `samples` are the store's, read before its thread begins.
  Host(Store& store, StoreCare care, const Loaded& loaded, const std::vector<SampleRow>& samples,
       HostSettings settings);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// Opens the doors; gives each `https://host:port`.
  base::Result<std::vector<std::string>> open(Addresses addresses);
  /// Serves until SIGTERM or SIGINT, or until the store can't be trusted any more.
  base::Exit run();

 private:
  void renew_later();
  void shut_down();

  HostSettings settings_;
  RandomUids uids_;
  wire::Loop loop_;
  Core core_;
  StoreThread store_;
  Rounds rounds_;
  Snapshots snapshots_;
  Upkeep upkeep_;
  Door door_;
  wire::Server server_;
  base::Exit exit_ = base::Exit::done;
  enum class State : std::uint8_t { serving, closing } state_ = State::serving;
  wire::Loop::Timer renewal_, last_call_;
};

}  // namespace controller
