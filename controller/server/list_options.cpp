// SPDX-License-Identifier: Apache-2.0
#include "controller/server/list_options.hpp"

#include "base/text.hpp"

namespace controller {
namespace {

constexpr std::string_view kOptions = "ListOptions";
using Reason = api::Finding::Reason;

/// The number in a `resourceVersion`; nothing when absent or empty.
std::variant<std::optional<std::int64_t>, Rejection> version_of(const wire::Request& request) {
  const auto text = request.parameter("resourceVersion").value_or("");
  if (text.empty()) return std::optional<std::int64_t>{};
  const auto number = base::to_integer(text);
  if (!number || *number < 0)
    return bad_option(kOptions, "resourceVersion",
                      "Invalid value: " + base::quoted(text) + ": must be a whole number",
                      Reason::invalid);
  return number;
}

Rejection too_large(std::int64_t asked, std::int64_t current) {
  auto causes = api::Json::array({api::Json::object(
      {{"reason", "ResourceVersionTooLarge"}, {"message", "Too large resource version"}})});
  return {504, "Timeout",
          "Timeout: Too large resource version: " + std::to_string(asked) +
              ", current: " + std::to_string(current),
          api::Json::object({{"causes", std::move(causes)}, {"retryAfterSeconds", 1}})};
}

Rejection initial_events_refused(std::string_view verb) {
  return bad_option(kOptions, "sendInitialEvents",
                    "Forbidden: sendInitialEvents is forbidden for " + std::string(verb) +
                        (verb == "watch" ? " unless the WatchList feature gate is enabled" : ""),
                    Reason::forbidden);
}

Rejection match_refused(const std::string& why) {
  return bad_option(kOptions, "resourceVersionMatch",
                    "Forbidden: resourceVersionMatch is forbidden " + why, Reason::forbidden);
}

}  // namespace

std::optional<Rejection> check_list_options(const wire::Request& request, std::int64_t revision) {
  if (request.parameter("sendInitialEvents")) return initial_events_refused("list");
  const auto version = version_of(request);
  if (const auto* wrong = std::get_if<Rejection>(&version)) return *wrong;
  const auto asked = std::get<0>(version);
  const auto match = request.parameter("resourceVersionMatch").value_or("");
  if (!match.empty() && !asked) return match_refused("unless resourceVersion is provided");
  if (!match.empty() && match != "Exact" && match != "NotOlderThan")
    return bad_option(kOptions, "resourceVersionMatch",
                      "Unsupported value: " + base::quoted(match) +
                          ": supported values: \"Exact\", \"NotOlderThan\"",
                      Reason::not_supported);
  const bool gone = !request.parameter("continue").value_or("").empty() ||
                    (match == "Exact" && *asked < revision);
  if (gone)
    return Rejection{410,
                     "Expired",
                     "The provided continue parameter or resource version is too old to display a "
                     "consistent list result.",
                     {}};
  if (asked && *asked > revision) return too_large(*asked, revision);
  return std::nullopt;
}

std::variant<WatchWish, Rejection> watch_wish_of(const wire::Request& request) {
  if (request.parameter("sendInitialEvents")) return initial_events_refused("watch");
  if (!request.parameter("resourceVersionMatch").value_or("").empty())
    return match_refused("for watch unless sendInitialEvents is provided");
  const auto version = version_of(request);
  if (const auto* wrong = std::get_if<Rejection>(&version)) return *wrong;
  WatchWish wish;
  if (const auto asked = std::get<0>(version); asked && *asked > 0) wish.after = asked;
  if (request.flag("allowWatchBookmarks")) wish.bookmarks = WatchWish::Bookmarks::yes;
  const auto timeout = request.parameter("timeoutSeconds").value_or("");
  if (timeout.empty()) return wish;
  const auto seconds = base::to_integer(timeout);
  if (!seconds || *seconds < 0 || *seconds > 1'000'000)
    return bad_option(kOptions, "timeoutSeconds",
                      "Invalid value: " + base::quoted(timeout) + ": must be whole seconds",
                      Reason::invalid);
  wish.timeout = base::seconds(*seconds);
  return wish;
}

}  // namespace controller
