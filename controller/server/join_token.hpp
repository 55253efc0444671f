// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "controller/core/rejection.hpp"
#include "controller/core/writes.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace controller {

/// A machine's leave to join, as people carry it:
/// `orch1.<id>.<secret>.<fingerprint of the CA>.<machine>`.
struct JoinToken {
  std::string id, secret, ca_fingerprint, machine;
  std::string text() const;
};
/// What is wrong with a text that is none.
base::Result<JoinToken> parse_token(std::string_view text);

/// Wrong secrets that end a token.
inline constexpr std::int64_t kWrongTriesMax = 5;

/// A fresh one and the write that stores it: its id and a hash, never the secret.
struct NewToken {
  JoinToken token;
  WriteOp write;
};
NewToken make_token(const std::string& machine, const std::string& ca_fingerprint,
                    base::Instant expires);

/// Holds a token against what is stored under its id (null: nothing). A wrong secret costs a try.
struct TokenVerdict {
  std::optional<Rejection> rejection;
  std::optional<WriteOp> count;  // the write that counts a wrong try
};
TokenVerdict judge_token(const JoinToken& token, const api::Json& stored, base::Instant wall);
/// Uses the token up, if nobody else did so meanwhile (compare-and-set on its revision).
WriteOp use_token(const api::Json& stored, base::Instant wall);

/// Is this stored token of no use to anybody any more, not even to explain a refusal?
bool is_forgotten(const api::Json& stored, base::Instant wall);

}  // namespace controller
