// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/core/core.hpp"
#include "controller/server/call.hpp"
#include "controller/server/views.hpp"
#include "wire/loop.hpp"

#include <map>
#include <memory>
#include <optional>

namespace controller {

/// What a watch asks for.
struct WatchWish {
  View view;
  Selector selector;
  // Events after this revision; nothing: the objects as they are first.
  std::optional<std::int64_t> after;
  enum class Bookmarks : std::uint8_t { no, yes } bookmarks = Bookmarks::no;
  base::Duration timeout{0};  // 0: the server's own
};

/// All open watches. Each holds its place in the ring of events and takes from it as fast as its
/// client reads; nothing is queued for a slow one, and one that is too far behind is cut.
class Watches {
 public:
  Watches(wire::Loop& loop, const Core& core) : loop_(loop), core_(core) {}

  void start(CallPtr call, WatchWish wish);
  /// The durable picture has moved.
  void moved();
  /// Ends all of them in good order.
  void close_all();
  std::size_t count() const { return watches_.size(); }

 private:
  struct Watch;
  using Key = std::uint64_t;

  void pour(Key key);
  void pour_events(Watch& watch, const std::vector<WatchEvent>& events);
  void expire(Key key);
  void bookmark(Key key);
  void end(Key key);

  wire::Loop& loop_;
  const Core& core_;
  std::map<Key, std::shared_ptr<Watch>> watches_;
  Key last_key_ = 0;
  std::int64_t seen_ = 0;  // revision up to which `moved` has told
};

}  // namespace controller
