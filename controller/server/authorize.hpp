// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/core/rejection.hpp"
#include "wire/message.hpp"

#include <optional>
#include <string>
#include <vector>

namespace controller {

/// What a route asks of the one who comes.
enum class Need : std::uint8_t {
  nothing,   // no certificate
  viewer,    // reads
  writer,    // writes specs (operators)
  admin,     // tokens, status
  machine,   // the machine that the path names
  same_user  // the user that runs the controller, through its unix socket
};

/// Who comes, as the transport proved it.
struct Identity {
  enum class Rank : std::uint8_t { nobody, machine, viewer, writer, admin };
  Rank rank = Rank::nobody;
  std::string name;  // of the person, or "machine/box1"
  std::vector<std::string> groups;
  std::string machine;  // of a machine
  bool is_local = false;
  bool operator==(const Identity&) const = default;
};

/// What the controller itself is, to tell its own certificates and user from others.
struct Self {
  std::string cluster;
  std::uint32_t uid = 0;
};

/// The only reader of certificates: a machine by its URI name, people by their organization. A
/// machine's certificate is never also a person's.
Identity identify(const wire::Peer& peer, const Self& self);

/// What is asked for, in the words of the refusal.
struct Target {
  std::string verb;                // get, list, create …
  std::string plural, name, part;  // of an object; part: "status", "log"
  std::string machine;             // that an agent's path names
  std::string path;
};

/// Nothing when the one who comes may do it; else 401 or 403.
std::optional<Rejection> authorize(const Identity& who, Need need, const Target& target);

}  // namespace controller
