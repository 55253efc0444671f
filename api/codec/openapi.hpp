// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"
#include "api/meta/type.hpp"

#include <span>

namespace api {

struct Kind;

/// The structural schema of a type (kube-api.md section 5): type, properties, required, items,
/// enum, minimum, maximum, default, description.
Json schema_of(const Type& type);

/// The OpenAPI v3 document of the group-version `orch/v1` over all kinds: one path per kind with
/// the PATCH operation that kubectl looks for, and the components for `explain`.
Json openapi_v3();
/// The same over any kinds.
Json openapi_v3_of(std::span<const Kind> kinds);

/// `orch explain benchrun.spec`: name, type, documentation and fields of the type at a path of
/// field names; `not_found` names the nearest field.
base::Result<std::string> explain(const std::string& kind_name, const Type& type,
                                  std::string_view path);

}  // namespace api
