// SPDX-License-Identifier: Apache-2.0
#include "cli/wish.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace cli {
namespace {

using api::Json;

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

bool has_condition(const Wish& wish, const Json& object) {
  const Json* all = object.at({"status", "conditions"});
  if (all == nullptr || !all->is_array()) return false;
  const Json* metadata = object.find("metadata");
  const auto generation = metadata == nullptr ? 0 : metadata->integer_at("generation");
  return std::any_of(all->items().begin(), all->items().end(), [&](const Json& condition) {
    const auto observed = condition.integer_at("observedGeneration");
    return same_word(condition.text_at("type"), wish.condition) &&
           same_word(condition.text_at("status"), wish.status) &&
           (observed == 0 || observed >= generation);
  });
}

bool has_value(const Wish& wish, const Json& object) {
  const Json* found = wish.path.find(object);
  if (found == nullptr || found->is_null()) return false;
  const auto text = bare_text(*found);
  return wish.wanted ? text == *wish.wanted : !text.empty();
}

FoundWish refused(const std::string& text) {
  return {{},
          wrong_usage("--for=" + text +
                      " is not understood; forms: condition=NAME[=STATUS], delete, create, "
                      "jsonpath='{.status.phase}'=VALUE")};
}

/// The value may follow the braces, and paths hold `=` in their filters.
FoundWish parse_value(const std::string& text, Wish wish) {
  const auto rest = std::string_view(text).substr(std::string_view("jsonpath=").size());
  const auto close = rest.find('}');
  const auto equal =
      rest.starts_with('{') ? rest.find('=', std::min(close, rest.size())) : rest.find('=');
  auto path = JsonPath::parse(rest.substr(0, equal));
  if (!path) return {{}, wrong_usage("--for=" + text + ": " + path.error().message)};
  wish.kind = Wish::Kind::value;
  wish.path = *std::move(path);
  if (equal != std::string_view::npos) wish.wanted = std::string(rest.substr(equal + 1));
  return {std::move(wish), std::nullopt};
}

}  // namespace

FoundWish parse_wish(const std::string& text) {
  Wish wish;
  wish.text = text;
  if (text == "delete" || text == "create") {
    wish.kind = text == "delete" ? Wish::Kind::gone : Wish::Kind::there;
    return {std::move(wish), std::nullopt};
  }
  if (text.starts_with("jsonpath=")) return parse_value(text, std::move(wish));
  if (!text.starts_with("condition=")) return refused(text);
  const auto parts = base::split(text.substr(std::string_view("condition=").size()), '=');
  if (parts.empty() || parts.front().empty() || parts.size() > 2) return refused(text);
  wish.condition = parts.front();
  if (parts.size() == 2) wish.status = parts.back();
  return {std::move(wish), std::nullopt};
}

bool fulfilled(const Wish& wish, const Json* object) {
  switch (wish.kind) {
    case Wish::Kind::gone: return object == nullptr;
    case Wish::Kind::there: return object != nullptr;
    case Wish::Kind::condition: return object != nullptr && has_condition(wish, *object);
    case Wish::Kind::value: return object != nullptr && has_value(wish, *object);
  }
  return false;
}

}  // namespace cli
