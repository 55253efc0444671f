// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"
#include "base/time.hpp"
#include "wire/client.hpp"

#include <string>

namespace agentd {

/// Who this agent is: `<data-dir>/membership.json` (0600), written whole when the machine joins and
/// when its certificate is renewed.
struct Membership {
  std::string cluster, machine, controller;  // controller: https://host:port
  std::string key, certificate, ca;          // PEM

  static base::Result<Membership> load(const std::string& data_dir);
  base::Status save(const std::string& data_dir) const;
};

/// A join token: `orch1.<id>.<secret>.<fingerprint of the CA>.<machine>`.
struct JoinToken {
  std::string id, secret, ca_fingerprint, machine;
  static base::Result<JoinToken> parse(const std::string& text);
  std::string text() const;
};

/// Makes a key here, has it certified, and trusts only the CA that the token names.
base::Result<Membership> join(wire::Loop& loop, const std::string& controller,
                              const JoinToken& token, const std::string& machine);

/// A new certificate for a new key, asked for with the one that is still good.
base::Result<std::string> renewal_body(const std::string& key, const std::string& machine);

}  // namespace agentd
