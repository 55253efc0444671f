// SPDX-License-Identifier: Apache-2.0
#include "agentd/probe/judge.hpp"

#include <algorithm>

#include "api/codec/json.hpp"
#include "base/text.hpp"

namespace agentd {
namespace {

using api::Json;

constexpr std::size_t kDepth = 64;
constexpr std::size_t kShown = 120;  // of text that somebody else wrote

ProbeAnswer no(std::string why) {
  return {false, std::move(why), {}};
}

std::string shown(std::string_view text) {
  return base::quoted(base::clipped(base::printable(base::trimmed(text)), kShown));
}

/// `answers 503: "Loading model"`; OpenAI's servers put the reason in `error.message`.
std::string refusal(const wire::Response& response) {
  std::string text = "answers " + std::to_string(response.status);
  const auto value = api::parse_json(response.body, kDepth);
  const Json* message = value ? value->at({"error", "message"}) : nullptr;
  if (message != nullptr && message->is_string()) return text + ": " + shown(message->string());
  if (base::trimmed(response.body).empty()) return text;
  return text + ": " + shown(response.body);
}

/// The object that a good answer is; else why it is none.
base::Result<Json> object_of(const wire::Response& response, const std::string& where) {
  if (response.status != 200) return base::unavailable(where + " " + refusal(response));
  auto value = api::parse_json(response.body, kDepth);
  if (!value || !value->is_object()) {
    return base::unavailable(where + " answers no JSON object: " + shown(response.body));
  }
  return value;
}

bool is_filled(const Json* value) {
  if (value == nullptr) return false;
  if (value->is_string()) return !value->string().empty();
  return value->is_array() && !value->items().empty();
}

/// An absolute path must be the very one; of a file named otherwise the name must fit. A source
/// that names no file (a repository) proves nothing and is not held against the server.
bool is_loaded(const std::string& path, const std::string& source) {
  if (source.starts_with('/')) return path == source;
  const std::string name = source.substr(source.rfind('/') + 1);
  if (!name.ends_with(".gguf")) return true;
  return path == name || path.ends_with("/" + name);
}

}  // namespace

ProbeAnswer judge_health(const wire::Response& response) {
  if (response.status == 200) return {true, "", {}};
  return no("health check " + refusal(response));
}

ProbeAnswer judge_models(const wire::Response& response, const ProbeRequest& request) {
  const auto value = object_of(response, "/v1/models");
  if (!value) return no(value.error().message);
  const Json* data = value->find("data");
  if (data == nullptr || !data->is_array()) return no("/v1/models answers without a list");
  std::vector<std::string> ids;
  for (const auto& model : data->items()) {
    const auto id = model.text_at("id");
    if (id != request.model_name) {
      if (!id.empty()) ids.push_back(shown(id));
      continue;
    }
    ProbeAnswer answer{true, "", {{"model", id}}};
    for (const char* key : {"owned_by", "root"}) {
      const auto text = base::clipped(base::printable(model.text_at(key)), kShown);
      if (!text.empty()) answer.identity[key] = text;
    }
    return answer;
  }
  if (ids.size() > 5) ids.resize(5);
  const std::string serves = ids.empty() ? "no model" : base::join(ids, ", ");
  return no("the server serves " + serves + ", not " + base::quoted(request.model_name));
}

ProbeAnswer judge_props(const wire::Response& response, const ProbeRequest& request) {
  const auto value = object_of(response, "/props");
  if (!value) return no(value.error().message);
  const auto path = value->text_at("model_path");
  if (!request.model_source.empty() && !is_loaded(path, request.model_source)) {
    return no("the server has loaded " + shown(path) + ", not " +
              base::quoted(request.model_source));
  }
  ProbeAnswer answer{true, "", {}};
  const auto put = [&](const char* key, std::string_view text) {
    if (!text.empty()) answer.identity[key] = base::clipped(base::printable(text), kShown);
  };
  put("model_path", path);
  put("build", value->text_at("build_info"));
  if (const auto slots = value->integer_at("total_slots"); slots > 0) {
    put("slots", std::to_string(slots));
  }
  return answer;
}

ProbeAnswer judge_generation(const wire::Response& response) {
  const auto value = object_of(response, "/v1/chat/completions");
  if (!value) return no(value.error().message);
  const Json* usage = value->find("usage");
  const bool counted = usage != nullptr && usage->integer_at("completion_tokens") > 0;
  const Json* choices = value->find("choices");
  if (choices == nullptr || !choices->is_array() || choices->items().empty()) {
    return no("the generation came back without a choice");
  }
  const Json* message = choices->items().front().find("message");
  const bool filled = message != nullptr && (is_filled(message->find("content")) ||
                                             is_filled(message->find("reasoning_content")) ||
                                             is_filled(message->find("tool_calls")));
  if (!counted && !filled) return no("the generation came back without a token");
  return {true, "", {}};
}

wire::Request generation_request(const ProbeRequest& request) {
  constexpr const char* kPrompt = "Say hello.";
  const std::string& prompt = request.prompt.empty() ? kPrompt : request.prompt;
  const Json body = Json::object(
      {{"model", request.model_name},
       {"messages", Json::array({Json::object({{"role", "user"}, {"content", prompt}})})},
       {"max_tokens", std::max<std::int64_t>(request.max_tokens, 1)},
       {"temperature", 0},
       {"stream", false}});
  wire::Request out;
  out.method = "POST";
  out.target = "/v1/chat/completions";
  out.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  out.body = api::write_json(body);
  return out;
}

}  // namespace agentd
