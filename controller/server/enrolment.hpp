// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/server/call.hpp"
#include "controller/server/join_token.hpp"
#include "controller/server/rounds.hpp"
#include "wire/pki.hpp"

namespace controller {

/// Who signs, and for which cluster.
struct Authority {
  std::string cluster;
  wire::KeyPair ca;
  std::string fingerprint;  // of the CA
};

/// A machine's certificate for the key of `request`.
base::Result<std::string> sign_machine(const Authority& authority, const std::string& machine,
                                       const std::string& request, base::Instant wall);

/// How a machine gets its identity, and a new one before the old one ends.
class Enrolment {
 public:
  Enrolment(Rounds& rounds, const Authority& authority) : rounds_(rounds), authority_(authority) {}

  /// `POST …/machines/NAME/token?ttl=1h`
  void make_token(const CallPtr& call);
  /// `POST /agent/v1/enroll` with {token, request}
  void enroll(const CallPtr& call);
  /// `POST /agent/v1/machines/NAME/renew` with {request}
  void renew(const CallPtr& call);

 private:
  void forget_old_tokens();

  Rounds& rounds_;
  const Authority& authority_;
};

/// `ttl` of a new token: an hour when empty; at most 30 days.
base::Result<base::Duration> token_life(const std::string& text);

}  // namespace controller
