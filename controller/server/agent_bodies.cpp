// SPDX-License-Identifier: Apache-2.0
#include "api/codec/check.hpp"
#include "base/text.hpp"
#include "controller/server/agents.hpp"

namespace controller {
namespace {

using api::Json;

constexpr std::size_t kComplaintsMax = 20;

Rejection refused(const std::string& what, const api::Findings& findings) {
  auto causes = Json::array();
  std::string list;
  for (const auto& f : findings) {
    if (causes.items().size() == kComplaintsMax) break;
    const auto message = base::clipped(f.message, 300);
    causes.push(
        Json::object({{"reason", "FieldValueInvalid"}, {"message", message}, {"field", f.path}}));
    list += (list.empty() ? "" : "; ") + f.path + ": " + message;
  }
  return {422, "Invalid", "the " + what + " is not acceptable: " + list,
          Json::object({{"causes", std::move(causes)}})};
}

}  // namespace

std::variant<api::Report, Rejection> read_report(std::string_view body) {
  const auto json = api::parse_json(body);
  if (!json) return bad_request("read the report: " + json.error().message);
  const auto findings =
      api::check(*json, api::type_of<api::Report>(), "report", api::Unknown::refuse);
  if (!findings.empty()) return refused("report", findings);
  return api::from_json<api::Report>(*json);
}

std::variant<std::vector<api::Sample>, Rejection> read_samples(std::string_view body,
                                                               const std::string& uid) {
  std::vector<api::Sample> samples;
  std::int64_t number = 0;
  while (!body.empty()) {
    const auto end = body.find('\n');
    const auto line = body.substr(0, end);
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
    ++number;
    if (base::trimmed(line).empty()) continue;
    const auto where = "line " + std::to_string(number);
    const auto json = api::parse_json(line);
    if (!json) return bad_request("read the samples: " + where + ": " + json.error().message);
    const auto findings =
        api::check(*json, api::type_of<api::Sample>(), where, api::Unknown::refuse);
    if (!findings.empty()) return refused("batch of samples", findings);
    samples.push_back(api::from_json<api::Sample>(*json));
    if (samples.back().run.empty()) samples.back().run = uid;
  }
  return samples;
}

}  // namespace controller
