// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/server/watches.hpp"

#include <optional>
#include <variant>

namespace controller {

/// Nothing when the state at `revision` is what the LIST asks for; `limit` is ignored, so a
/// `continue` is never ours.
std::optional<Rejection> check_list_options(const wire::Request& request, std::int64_t revision);

/// Where a watch begins and how it is kept; `sendInitialEvents` is refused in the way that makes
/// clients list and watch.
std::variant<WatchWish, Rejection> watch_wish_of(const wire::Request& request);

}  // namespace controller
