// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/kinds.hpp"
#include "base/time.hpp"

#include <string>
#include <vector>

namespace cli {

/// What `describe` prints of one object and its events: what it is, what was asked, what is seen,
/// and why it is not further. Shows nothing that never happened.
std::string description_of(const api::Kind& kind, const api::Json& object,
                           const std::vector<api::Json>& events, base::Instant now);

}  // namespace cli
