// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/server/call.hpp"
#include "controller/server/rounds.hpp"

#include <string>
#include <vector>

namespace controller {

/// One thing that must hold for the controller to be ready.
struct HealthCheck {
  std::string name;
  std::string problem;  // empty: fine
};

/// The text of /livez and /readyz, in Kubernetes' form.
std::string health_text(const std::vector<HealthCheck>& checks, std::string_view path);

void answer_health(const CallPtr& call, const std::vector<HealthCheck>& checks);

/// The figures of the core beside those that were counted at the door.
std::string metrics_text(base::Metrics& metrics, const Core& core, const std::string& version);

}  // namespace controller
