// SPDX-License-Identifier: Apache-2.0
#include "cli/jsonpath.hpp"

#include "base/text.hpp"

namespace cli {
namespace {

using api::Json;

bool is_quoted(std::string_view text) {
  return text.size() >= 2 && (text.front() == '\'' || text.front() == '"') &&
         text.back() == text.front();
}

std::string_view unquoted(std::string_view text) {
  return is_quoted(text) ? text.substr(1, text.size() - 2) : text;
}

base::Error wrong(std::string_view text) {
  return base::invalid("not understood: " + base::quoted(text) +
                       " (forms: {.a.b}, [0], ['a.b'], [?(@.type==\"Ready\")])");
}

/// Where the bracket at the front of `text` closes; brackets in quotes do not count.
std::size_t closing(std::string_view text) {
  char quote = '\0';
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (quote != '\0') {
      if (text[i] == quote) quote = '\0';
    } else if (text[i] == '\'' || text[i] == '"') {
      quote = text[i];
    } else if (text[i] == ']') {
      return i;
    }
  }
  return std::string_view::npos;
}

}  // namespace

base::Result<JsonPath::Step> JsonPath::bracket(std::string_view inside) {
  if (is_quoted(inside)) return Step{Step::Kind::member, std::string(unquoted(inside)), {}, 0};
  if (inside.starts_with("?(@.") && inside.ends_with(')')) {
    const auto test = inside.substr(4, inside.size() - 5);
    const auto equal = test.find("==");
    if (equal == std::string_view::npos || equal == 0) return wrong(inside);
    return Step{Step::Kind::entry, std::string(base::trimmed(test.substr(0, equal))),
                std::string(unquoted(base::trimmed(test.substr(equal + 2)))), 0};
  }
  const auto index = base::to_integer(inside);
  if (!index || *index < 0) return wrong(inside);
  return Step{Step::Kind::item, {}, {}, static_cast<std::size_t>(*index)};
}

base::Result<JsonPath> JsonPath::parse(std::string_view text) {
  const auto whole = text;
  if (text.starts_with('{') && text.ends_with('}')) text = text.substr(1, text.size() - 2);
  if (text.starts_with('$')) text.remove_prefix(1);
  if (!text.empty() && text.front() != '.' && text.front() != '[') {
    auto dotted = parse("." + std::string(text));
    return dotted ? std::move(dotted) : wrong(whole);
  }
  JsonPath path;
  while (!text.empty()) {
    std::size_t end = 0;
    if (text.front() == '[') {
      end = closing(text);
      if (end == std::string_view::npos) return wrong(whole);
      auto step = bracket(text.substr(1, end - 1));
      if (!step) return wrong(whole);
      path.steps_.push_back(*std::move(step));
      ++end;
    } else {
      end = std::min(text.find_first_of(".[", 1), text.size());
      const auto key = text.substr(1, end - 1);
      if (text.front() != '.' || key.empty() || key.find_first_of("{} *") != key.npos)
        return wrong(whole);
      path.steps_.push_back({Step::Kind::member, std::string(key), {}, 0});
    }
    text.remove_prefix(end);
  }
  if (path.steps_.empty()) return wrong(whole);
  return path;
}

const Json* JsonPath::find(const Json& value) const {
  const Json* here = &value;
  for (const auto& step : steps_) {
    if (here == nullptr) return nullptr;
    if (step.kind == Step::Kind::member) {
      here = here->find(step.key);
      continue;
    }
    if (!here->is_array()) return nullptr;
    const Json* found = nullptr;
    const auto& items = here->items();
    if (step.kind == Step::Kind::item) {
      if (step.index < items.size()) found = &items[step.index];
    } else {
      for (const auto& item : items) {
        const Json* member = item.find(step.key);
        if (found == nullptr && member != nullptr && bare_text(*member) == step.value)
          found = &item;
      }
    }
    here = found;
  }
  return here;
}

std::string bare_text(const Json& value) {
  return value.is_string() ? value.string() : api::write_json(value);
}

}  // namespace cli
