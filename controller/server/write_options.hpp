// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/server/call.hpp"

#include <optional>
#include <string>
#include <variant>

namespace controller {

/// `fieldValidation`; Warn where nobody says.
std::variant<FieldValidation, Rejection> validation_of(const wire::Request& request);

/// Which patch a Content-Type means; nothing: 415.
std::optional<WriteOp::Verb> patch_verb(std::string_view content_type);
Rejection unknown_patch();

/// What a DELETE's body (or query) says.
struct DeleteOptions {
  std::optional<Rejection> rejection;
  std::optional<std::string> uid, resource_version;
  DryRun::Run run = DryRun::Run::real;
};
DeleteOptions delete_options_of(const Call& call);

/// The Status of an object that is gone.
api::Json removed_status(const api::Kind& kind, const api::Json& object);

/// A refusal as its verb tells it: a patch with unknown fields is Invalid, not a bad request.
Rejection as_told(const Rejection& rejection, WriteOp::Verb verb, const api::Kind& kind,
                  const std::string& name);

}  // namespace controller
