// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/server/call.hpp"
#include "controller/server/rounds.hpp"
#include "wire/loop.hpp"

#include <map>
#include <memory>

namespace controller {

/// How far an agent's clock was off when it last reported.
struct ClockSkew {
  base::Duration off{0};  // its clock minus ours
  bool is_bad() const;
  std::string text() const;  // a sentence; empty when it is fine
};

/// The agents' side of the door: assignments out, reports and samples in (agent-protocol.md).
class Agents {
 public:
  Agents(wire::Loop& loop, Rounds& rounds) : loop_(loop), rounds_(rounds) {}

  void assignment(const CallPtr& call);
  void report(const CallPtr& call);
  void samples(const CallPtr& call);
  /// `GET …/machines/NAME/live`: what was last heard, never stored.
  void live(const CallPtr& call) const;

  /// The durable picture has moved: streams whose assignment is another one now get it soon.
  void moved();
  void close_all();
  std::size_t count() const { return streams_.size(); }

 private:
  struct Stream;
  using Key = std::uint64_t;

  void beat(Key key);
  void tell_changes();
  void send(Stream& stream, const api::Assignment& assignment);

  wire::Loop& loop_;
  Rounds& rounds_;
  std::map<Key, std::shared_ptr<Stream>> streams_;
  Key last_key_ = 0;
  std::map<std::string, ClockSkew> skews_;
  wire::Loop::Timer soon_;
  enum class Soon : std::uint8_t { still, asked } asked_ = Soon::still;
};

/// The samples of a body of JSON lines, each held against its declaration.
std::variant<std::vector<api::Sample>, Rejection> read_samples(std::string_view body,
                                                               const std::string& uid);
std::variant<api::Report, Rejection> read_report(std::string_view body);

}  // namespace controller
