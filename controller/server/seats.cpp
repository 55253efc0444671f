// SPDX-License-Identifier: Apache-2.0
#include "controller/server/seats.hpp"

#include "base/limits.hpp"
#include "base/text.hpp"

namespace controller {
namespace {

constexpr int kRetryAfterSeconds = 5;

}  // namespace

std::shared_ptr<void> Seats::take(const std::string& who) {
  auto& count = (*taken_)[who];
  if (count >= base::limits::kStreams) return nullptr;
  ++count;
  // What is held is the table itself; letting go counts down.
  return {taken_.get(), [taken = taken_, who](void*) {
            const auto mine = taken->find(who);
            if (--mine->second == 0) taken->erase(mine);
          }};
}

Rejection too_many_streams(const std::string& who) {
  return {429, "TooManyRequests",
          base::quoted(who) + " has " + std::to_string(base::limits::kStreams) +
              " streams open already (watches and followed logs): close one, or ask by another "
              "certificate",
          api::Json::object({{"retryAfterSeconds", kRetryAfterSeconds}})};
}

}  // namespace controller
