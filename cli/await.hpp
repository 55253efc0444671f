// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "cli/remote.hpp"
#include "cli/resource.hpp"
#include "cli/wish.hpp"

namespace cli {

/// One object to wait for. With a `uid`, another life of the name counts as absent.
struct Awaited {
  const api::Kind* kind = nullptr;
  std::string name, uid;
};

/// Waits until the wish is fulfilled; nothing then, else why not: time over (exit 1), the object is
/// absent or went away although it must be there (exit 1), the server lost.
std::optional<Failure> await(Remote& remote, const Awaited& awaited, const Wish& wish,
                             std::optional<base::Instant> deadline);

}  // namespace cli
