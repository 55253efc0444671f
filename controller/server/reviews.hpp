// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/server/call.hpp"

#include <string>
#include <vector>

namespace controller {

/// What somebody asks whether he may do it; "*" is any.
struct Wish {
  std::string verb;
  std::string group, resource, subresource, name;  // of a resource
  std::string path;                                // of anything else
};

/// Whether it is allowed: empty, or why not. Asks the table of routes, as a request would.
std::string why_not(const Identity& who, const Wish& wish);

/// All that he may do, as `kubectl auth can-i --list` shows it: the status of a
/// SelfSubjectRulesReview.
api::Json rules_of(const Identity& who);

/// The spec of a review out of a body, which is JSON or protobuf.
std::variant<api::Json, Rejection> read_review(const Call& call, std::string_view api_version,
                                               std::string_view kind);

/// `POST` of a SelfSubjectAccessReview, a SelfSubjectRulesReview or a SelfSubjectReview: nothing is
/// stored.
void answer_review(const CallPtr& call);

}  // namespace controller
