// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/ports.hpp"
#include "wire/message.hpp"

/// What an answer of a model server proves, as functions of the answer alone. Whatever listens on
/// the port may be anything, so each says no with a reason unless the proof is complete.
namespace agentd {

ProbeAnswer judge_health(const wire::Response& response);
/// Of GET /v1/models: the name that requests will use is among those it serves.
ProbeAnswer judge_models(const wire::Response& response, const ProbeRequest& request);
/// Of llama.cpp's GET /props: the file that it loaded is the one that was asked for.
ProbeAnswer judge_props(const wire::Response& response, const ProbeRequest& request);
/// Of POST /v1/chat/completions: at least one token came back.
ProbeAnswer judge_generation(const wire::Response& response);

/// The request that asks for one short completion.
wire::Request generation_request(const ProbeRequest& request);

}  // namespace agentd
