// SPDX-License-Identifier: Apache-2.0
#include "controller/server/watches.hpp"

#include "base/limits.hpp"
#include "base/log.hpp"
#include "controller/server/rounds.hpp"

namespace controller {
namespace {

constexpr base::Duration kBookmarkEvery{60'000};
constexpr base::Duration kTimeoutMin{30 * 60'000};   // without a wish: 30 to 60 minutes, so that
constexpr base::Duration kTimeoutSpan{30 * 60'000};  // watches do not all come again at once
constexpr std::size_t kBatch = 256;                  // events taken from the ring at a time

Rejection too_old(std::int64_t asked, std::int64_t current) {
  return {
      410,
      "Expired",
      "too old resource version: " + std::to_string(asked) + " (" + std::to_string(current) + ")",
      {}};
}

}  // namespace

struct Watches::Watch {
  CallPtr call;
  WatchWish wish;
  Records initial;  // still to be told as ADDED
  std::size_t next_initial = 0;
  std::int64_t cursor = 0;  // everything up to this revision is told
  std::size_t missed = 0;   // bytes of events since the client fell behind
  Line line = Line::first;
  enum class Flow : std::uint8_t { open, full } flow = Flow::open;
  wire::Loop::Timer timeout, bookmark;

  void say(const std::string& text) {
    line = Line::later;
    if (!call->exchange->write(text)) flow = Flow::full;
  }
};

void Watches::start(CallPtr call, WatchWish wish) {
  const auto key = ++last_key_;
  auto watch = std::make_shared<Watch>();
  watch->call = call;
  watch->cursor = core_.durable().revision;
  if (wish.after)
    watch->cursor = *wish.after;
  else
    watch->initial = select(core_.durable(), *wish.view.kind, wish.selector);
  watch->wish = std::move(wish);
  watches_[key] = watch;
  if (watches_.size() == 1) seen_ = core_.durable().revision;

  call->head("application/json");
  call->exchange->on_closed = [this, key] { watches_.erase(key); };
  call->exchange->on_writable = [this, key] {
    const auto it = watches_.find(key);
    if (it == watches_.end()) return;
    it->second->flow = Watch::Flow::open;
    it->second->missed = 0;
    pour(key);
  };
  auto wait = watch->wish.timeout;
  if (wait == base::Duration{0})
    wait = kTimeoutMin +
           base::Duration{static_cast<std::int64_t>(key * 7919 * 1000) % kTimeoutSpan.count()};
  watch->timeout = loop_.after(wait, [this, key] { expire(key); });
  if (watch->wish.bookmarks == WatchWish::Bookmarks::yes)
    watch->bookmark = loop_.after(kBookmarkEvery, [this, key] { bookmark(key); });
  pour(key);
}

void Watches::pour(Key key) {
  const auto it = watches_.find(key);
  if (it == watches_.end()) return;
  const auto watch = it->second;  // writing may end it
  const auto wall = moment().wall;
  while (watch->flow == Watch::Flow::open && watch->next_initial < watch->initial.size()) {
    const auto& record = *watch->initial[watch->next_initial++];
    watch->say(event_line(watch->wish.view, "ADDED", *record.bytes, watch->line, wall));
  }
  if (watch->next_initial == watch->initial.size()) watch->initial = {};
  watch->next_initial = watch->initial.empty() ? 0 : watch->next_initial;
  while (watch->flow == Watch::Flow::open && watches_.contains(key)) {
    const auto current = core_.durable().revision;
    const auto events =
        watch->cursor > current ? std::nullopt : core_.events_after(watch->cursor, kBatch);
    if (!events) {
      watch->say(error_line(too_old(watch->cursor, current).status()));
      return end(key);
    }
    if (events->empty()) {
      watch->cursor = current;
      return;
    }
    pour_events(*watch, *events);
  }
}

void Watches::pour_events(Watch& watch, const std::vector<WatchEvent>& events) {
  for (const auto& event : events) {
    if (watch.flow == Watch::Flow::full) return;
    if (event.revision <= watch.cursor) continue;
    watch.cursor = event.revision;
    if (event.kind != watch.wish.view.kind->name) continue;
    if (const auto told = tell(event, watch.wish.selector))
      watch.say(event_line(watch.wish.view, told->type, *told->bytes, watch.line, moment().wall));
  }
}

void Watches::moved() {
  if (watches_.empty()) return;
  const auto fresh = core_.events_after(seen_, SIZE_MAX);
  const auto before = seen_;
  seen_ = core_.durable().revision;
  const auto open = watches_;  // telling one may end it
  for (const auto& [key, watch] : open) {
    if (watch->flow == Watch::Flow::full) {
      for (const auto& event : fresh ? *fresh : std::vector<WatchEvent>{})
        if (event.kind == watch->wish.view.kind->name) watch->missed += event.bytes();
      if (watch->missed < base::limits::kWatchBacklogBytes) continue;
      base::log::warn("watch.cut", {{"who", watch->call->who.name}, {"why", "too slow"}});
      watches_.erase(key);
      watch->call->exchange->abort();
    } else if (fresh && watch->initial.empty() && watch->cursor >= before) {
      pour_events(*watch, *fresh);
    } else {
      pour(key);
    }
  }
}

void Watches::bookmark(Key key) {
  const auto it = watches_.find(key);
  if (it == watches_.end()) return;
  auto& watch = *it->second;
  if (watch.flow == Watch::Flow::open && watch.initial.empty())
    watch.say(bookmark_line(watch.wish.view, watch.cursor, watch.line, moment().wall));
  watch.bookmark = loop_.after(kBookmarkEvery, [this, key] { bookmark(key); });
}

void Watches::expire(Key key) {
  const auto it = watches_.find(key);
  if (it == watches_.end()) return;
  auto& watch = *it->second;
  const bool tells = watch.wish.bookmarks == WatchWish::Bookmarks::yes;
  if (tells && watch.flow == Watch::Flow::open && watch.initial.empty())
    watch.say(bookmark_line(watch.wish.view, watch.cursor, watch.line, moment().wall));
  end(key);
}

void Watches::end(Key key) {
  const auto it = watches_.find(key);
  if (it == watches_.end()) return;
  const auto watch = it->second;
  watches_.erase(it);
  watch->call->exchange->finish();
}

void Watches::close_all() {
  while (!watches_.empty())
    end(watches_.begin()->first);
}

}  // namespace controller
