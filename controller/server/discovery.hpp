// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/server/call.hpp"

namespace controller {

// Documents by which clients find out what there is (kube-api.md sections 4 and 5), legacy and
// aggregated.
api::Json api_versions();
api::Json api_group_list();
api::Json api_group();
api::Json group_resources();
api::Json core_resources();
enum class Root : std::uint8_t { core, groups };
api::Json aggregated(Root root);

/// The index of OpenAPI v3 documents; the document's hash is in its address, since clients keep
/// documents by address.
api::Json openapi_v3_index(const std::string& document);
/// The 20 bytes that old clients take for a document.
std::string openapi_v2_stub();
api::Json version_document(const std::string& version);

/// Answers the call if its act is one of these.
void answer_discovery(const CallPtr& call, const std::string& version);

}  // namespace controller
