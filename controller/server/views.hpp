// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/kinds.hpp"
#include "controller/core/draft.hpp"
#include "controller/core/picture.hpp"
#include "controller/server/negotiation.hpp"
#include "controller/server/selectors.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace controller {

/// How a client wants to see objects of a kind.
struct View {
  const api::Kind* kind = nullptr;
  Form form = Form::object;
  api::Include include = api::Include::metadata;
};

using Records = std::vector<std::shared_ptr<const Record>>;

/// The objects of a kind that a selector lets through, by name.
Records select(const Picture& picture, const api::Kind& kind, const Selector& selector);

std::string list_text(const View& view, const Records& records, std::int64_t revision,
                      base::Instant wall);
std::string object_text(const View& view, const std::string& bytes, base::Instant wall);

/// What a watcher with `selector` is told of an event: `kept` (bytes of the object, never null) and
/// how; nothing when it concerns him not. Leaving the selection is a deletion.
struct Told {
  std::string_view type;
  std::shared_ptr<const std::string> bytes;
};
std::optional<Told> tell(const WatchEvent& event, const Selector& selector);

/// A line of a watch. Tables have their columns in the first line only.
enum class Line : std::uint8_t { first, later };
std::string event_line(const View& view, std::string_view type, const std::string& bytes, Line line,
                       base::Instant wall);
std::string bookmark_line(const View& view, std::int64_t revision, Line line, base::Instant wall);
std::string error_line(const api::Json& status);

/// `orch/v1`, or `v1` for the kinds of the core group.
std::string_view api_version_of(const api::Kind& kind);

}  // namespace controller
