// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/core/draft.hpp"
#include "controller/core/writes.hpp"
#include "reconcilers/plan.hpp"

namespace controller {

/// Does what a plan says. A change that was decided on an older revision of its object is passed
/// over (its key comes again, since the object was touched). True when something was changed.
enum class Applied : std::uint8_t { nothing, something };
Applied apply_plan(Draft& draft, const reconcilers::Plan& plan, Uids& uids, base::Instant wall);

}  // namespace controller
