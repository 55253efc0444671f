// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/process/record.hpp"

#include <optional>
#include <string>

namespace agentd {

/// One record, held against the kernel's own picture of this moment.
struct Sight {
  Child child;
  std::optional<Intent> intent;
  std::optional<Started> started;
  bool guarded = false;     // its shim lives
  bool other_boot = false;  // the machine was started anew since: nothing of it can be left
  std::string why;          // when the state is unknown

  Tree tree() const;
};

/// `boot_id`: of now. Never fails: what cannot be told is `unknown`.
Sight look_at(const std::string& folder, const std::string& id, const std::string& boot_id);

}  // namespace agentd
