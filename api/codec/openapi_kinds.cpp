// SPDX-License-Identifier: Apache-2.0
#include "api/codec/openapi.hpp"
#include "api/kinds.hpp"

namespace api {

Json openapi_v3() {
  return openapi_v3_of(kinds());
}

}  // namespace api
