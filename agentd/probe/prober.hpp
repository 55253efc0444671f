// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/ports.hpp"
#include "wire/client.hpp"
#include "wire/loop.hpp"
#include "wire/message.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace agentd {

/// Asks model servers over plain HTTP on loopback. Answers come from the loop, never out of `ask`.
class HttpProber : public Prober {
 public:
  using OnAnswer = std::function<void(const std::string& ticket, ProbeAnswer answer)>;

  /// The loop must outlive the prober; `on_answer` is called on its thread.
  HttpProber(wire::Loop& loop, OnAnswer on_answer);

  void ask(const std::string& ticket, const ProbeRequest& request) override;
  void drop(const std::string& ticket) override;
  base::Result<PortState> port_state(std::int64_t port) override;
  base::Result<std::int64_t> free_port(const std::vector<std::int64_t>& avoid) override;

 private:
  struct Question {
    ProbeRequest request;
    std::unique_ptr<wire::Client> client;
    wire::Client::Call call;
    wire::Loop::Timer later;  // takes the answer when nothing of the client is on the stack
    int step = 0;             // of an identity: first the models, then llama.cpp's own account
    std::map<std::string, std::string> identity;
  };
  using Judge = std::function<ProbeAnswer(const wire::Response&)>;

  void send(const std::string& ticket, wire::Request request, Judge judge);
  void take(const std::string& ticket, ProbeAnswer answer);

  wire::Loop& loop_;
  OnAnswer on_answer_;
  std::map<std::string, Question> questions_;
};

}  // namespace agentd
