// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/core/rejection.hpp"

#include <map>
#include <memory>
#include <string>

namespace controller {

/// Places for streams, so many for each identity: who forgets to close his takes them from himself
/// alone.
class Seats {
 public:
  Seats() : taken_(std::make_shared<Taken>()) {}
  /// A place for as long as what is given is held; nothing when `who` has all of his.
  std::shared_ptr<void> take(const std::string& who);

 private:
  using Taken = std::map<std::string, std::size_t>;
  std::shared_ptr<Taken> taken_;  // places may outlive us
};

Rejection too_many_streams(const std::string& who);

}  // namespace controller
