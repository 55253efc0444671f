// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"

namespace api {

/// RFC 7386; nulls in the patch delete.
Json merge_patched(Json target, const Json& patch);

/// RFC 6902; an op that fails (test, missing path) is `conflict`, a malformed patch `invalid`.
base::Result<Json> json_patched(Json target, const Json& patch);

/// The merge patch that turns `before` into `after`; null when equal.
Json merge_patch_between(const Json& before, const Json& after);

}  // namespace api
