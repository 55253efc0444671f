// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/server/admin.hpp"
#include "controller/server/agents.hpp"
#include "controller/server/changes.hpp"
#include "controller/server/enrolment.hpp"
#include "controller/server/logs.hpp"
#include "controller/server/objects.hpp"
#include "controller/server/seats.hpp"
#include "controller/server/watches.hpp"

namespace controller {

/// What the door must know of its house.
struct DoorSettings {
  Self self;
  Authority authority;
  std::string logs;     // folder
  std::string version;  // of the program
};

/// Everything that is asked of the controller comes through here: who, may he, and what is done.
class Door final : public wire::Service {
 public:
  Door(wire::Loop& loop, Rounds& rounds, Snapshots& snapshots, DoorSettings settings,
       const StoreCare& care);

  std::size_t body_max(const wire::Request& head) override;
  void on_request(wire::Request request, std::shared_ptr<wire::Exchange> exchange) override;
  void on_refused(const wire::Request& head, const wire::Refusal& refusal) override;

  /// The durable picture has moved.
  void moved();
  /// Ends every stream in good order.
  void close_all();

 private:
  std::optional<Rejection> judge(Call& call);
  void serve(const CallPtr& call);
  bool serve_object(const CallPtr& call);
  bool serve_agent(const CallPtr& call);
  void namespaces(const CallPtr& call);
  void health(const CallPtr& call);
  void metrics(const CallPtr& call);

  Rounds& rounds_;
  DoorSettings settings_;
  base::Metrics metrics_;
  Seats seats_;
  Watches watches_;
  Objects objects_;
  Agents agents_;
  Enrolment enrolment_;
  Logs logs_;
  Changes changes_;
  Admin admin_;
};

/// Headers that ask to act as somebody else; they are never obeyed and never ignored.
bool impersonates(const wire::Headers& headers);

}  // namespace controller
