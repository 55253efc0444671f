// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"
#include "api/kinds.hpp"

#include <string>
#include <string_view>

namespace controller {

/// Why a request is not done: a Kubernetes Status (kube-api.md section 12). `code` is the HTTP
/// status.
struct Rejection {
  int code = 500;
  std::string reason, message;
  api::Json details;
  bool operator==(const Rejection&) const = default;

  api::Json status() const;
};

Rejection bad_request(std::string message);
Rejection not_found(const api::Kind& kind, const std::string& name);
Rejection already_exists(const api::Kind& kind, const std::string& name);
Rejection conflict(const api::Kind& kind, const std::string& name, const std::string& why);
Rejection invalid(const api::Kind& kind, const std::string& name, const api::Findings& findings);
Rejection forbidden(std::string message);
Rejection unavailable(int code, std::string reason, std::string message);

/// `machines.orch`, as messages name a resource.
std::string resource_text(const api::Kind& kind);

}  // namespace controller
