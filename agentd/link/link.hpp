// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/agent.hpp"
#include "agentd/link/log_shipper.hpp"
#include "agentd/link/membership.hpp"
#include "wire/client.hpp"
#include "wire/loop.hpp"

#include <functional>
#include <memory>
#include <string>

namespace agentd {

/// The agent's one way out: assignments in, reports, samples and logs out. Everything may be lost
/// or repeated on the way; whole states repair that. On the loop's thread.
class Link {
 public:
  /// `changed`: an assignment came or something was acknowledged; the agent should step.
  Link(wire::Loop& loop, Agent& agent, Membership membership, std::string data_dir,
       std::map<std::string, std::string> labels, std::function<void()> changed);
  ~Link();
  base::Status start();
  /// After every step of the agent: sends what is due.
  void pump();
  /// The first report has been accepted.
  std::function<void()> on_ready;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace agentd
