// SPDX-License-Identifier: Apache-2.0
#include "controller/server/join_token.hpp"

#include "base/text.hpp"
#include "base/units.hpp"
#include "wire/pki.hpp"

#include <algorithm>

namespace controller {
namespace {

using api::Json;

constexpr std::string_view kPrefix = "orch1";
constexpr std::size_t kIdDigits = 16, kSecretDigits = 32, kPrintDigits = 64;
constexpr base::Duration kRemembered{24 * 3'600'000};  // used or expired ones, for good refusals

bool is_hex(const std::string& text, std::size_t digits) {
  return text.size() == digits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

const Json& state_of(const Json& stored) {
  static const Json nothing = Json::object();
  const Json* status = stored.find("status");
  return status != nullptr ? *status : nothing;
}

std::optional<base::Instant> time_at(const Json& state, std::string_view key) {
  return base::parse_rfc3339(state.text_at(key));
}

/// A change of the stored state, void when the token has changed since.
WriteOp change(const Json& stored, Json state) {
  const auto& metadata = *stored.find("metadata");
  WriteOp op;
  op.verb = WriteOp::Verb::merge_patch;
  op.part = WriteOp::Part::status;
  op.kind = "JoinToken";
  op.name = metadata.text_at("name");
  op.body = Json::object(
      {{"metadata", Json::object({{"resourceVersion", metadata.text_at("resourceVersion")}})},
       {"status", std::move(state)}});
  return op;
}

}  // namespace

std::string JoinToken::text() const {
  return std::string(kPrefix) + "." + id + "." + secret + "." + ca_fingerprint + "." + machine;
}

base::Result<JoinToken> parse_token(std::string_view text) {
  const auto parts = base::split(base::trimmed(text), '.');
  const auto wrong = [](const std::string& why) {
    return base::invalid("the join token is malformed: " + why +
                         "; a token is the one line that orch-controller token prints");
  };
  if (parts.empty() || parts[0] != kPrefix) return wrong("it does not begin with \"orch1.\"");
  if (parts.size() != 5)
    return wrong("it has " + std::to_string(parts.size()) + " parts between dots, not 5");
  JoinToken token{parts[1], parts[2], parts[3], parts[4]};
  if (!is_hex(token.id, kIdDigits)) return wrong("its id is not 16 hexadecimal digits");
  if (!is_hex(token.secret, kSecretDigits)) return wrong("its secret is not 32 hexadecimal digits");
  if (!is_hex(token.ca_fingerprint, kPrintDigits))
    return wrong("its fingerprint is not 64 hexadecimal digits");
  if (!base::is_dns_label(token.machine)) return wrong("it names no machine");
  return token;
}

NewToken make_token(const std::string& machine, const std::string& ca_fingerprint,
                    base::Instant expires) {
  NewToken made;
  made.token = {base::to_hex(wire::random_bytes(kIdDigits / 2)),
                base::to_hex(wire::random_bytes(kSecretDigits / 2)), ca_fingerprint, machine};
  made.write.verb = WriteOp::Verb::create;
  made.write.kind = "JoinToken";
  made.write.body =
      Json::object({{"metadata", Json::object({{"name", made.token.id}})},
                    {"status", Json::object({{"machine", machine},
                                             {"sha256", wire::sha256_hex(made.token.secret)},
                                             {"expires", base::rfc3339(expires)},
                                             {"wrongTries", 0}})}});
  return made;
}

TokenVerdict judge_token(const JoinToken& token, const Json& stored, base::Instant wall) {
  const auto refuse = [](const std::string& why) {
    return TokenVerdict{forbidden("the join token " + why +
                                  ": make a new one with "
                                  "orch-controller token --machine NAME"),
                        std::nullopt};
  };
  if (stored.is_null())
    return refuse("is not known here (used up long ago, or made by another controller)");
  const auto& state = state_of(stored);
  const auto tries = state.integer_at("wrongTries");
  if (tries >= kWrongTriesMax) return refuse("was ended by five wrong tries");
  if (!wire::equal_in_constant_time(wire::sha256_hex(token.secret), state.text_at("sha256"))) {
    auto verdict = refuse("has a wrong secret");
    verdict.count = change(stored, Json::object({{"wrongTries", tries + 1}}));
    return verdict;
  }
  if (const auto used = time_at(state, "used"))
    return refuse("was used up at " + base::rfc3339(*used));
  const auto expires = time_at(state, "expires");
  if (!expires || *expires <= wall) return refuse("expired at " + state.text_at("expires"));
  if (state.text_at("machine") != token.machine)
    return refuse("is for machine " + base::quoted(state.text_at("machine")) + ", not for " +
                  base::quoted(token.machine));
  return {};
}

WriteOp use_token(const Json& stored, base::Instant wall) {
  return change(stored, Json::object({{"used", base::rfc3339(wall)}}));
}

bool is_forgotten(const Json& stored, base::Instant wall) {
  const auto& state = state_of(stored);
  const auto used = time_at(state, "used");
  const auto over = used ? used : time_at(state, "expires");
  return !over || *over + kRemembered < wall;
}

}  // namespace controller
