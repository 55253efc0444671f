// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"

#include <string>

namespace agentd {

/// What a failed entry of a BFCL score file says. `failure`: malformedJson, noCall, wrongArguments,
/// hallucinatedTool, graderMismatch, timeout or infrastructure.
struct BfclFailure {
  std::string failure, message;
};

BfclFailure classify_bfcl(const api::Json& entry);

}  // namespace agentd
