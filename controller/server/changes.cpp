// SPDX-License-Identifier: Apache-2.0
#include "controller/server/changes.hpp"

#include "base/text.hpp"
#include "base/units.hpp"

#include <algorithm>

namespace controller {
namespace {

using api::Json;

constexpr std::size_t kPage = 1000;  // lines read from the store at a time

Rejection unreadable(const base::Error& error) {
  return {500, "InternalError", "Internal error occurred: " + error.message, {}};
}

Rejection removed(std::int64_t after, std::int64_t floor) {
  const auto text = std::to_string(floor);
  const auto why = "the lines up to revision " + text + " are removed";
  return {410, "Expired",
          "from " + std::to_string(after) + " is too old: " + why +
              "; list the objects and go on from there, or ask with from=" + text,
          Json::object({{"causes", Json::array({Json::object({{"reason", "FieldValueInvalid"},
                                                              {"field", "from"},
                                                              {"message", why}})})}})};
}

/// Who waits for what a restored store may never reach would wait in silence.
Rejection ahead(std::int64_t after, std::int64_t current) {
  return {410,
          "Expired",
          "from " + std::to_string(after) + " has not been yet, the store is at " +
              std::to_string(current) +
              ": an older copy was restored; list the objects and go on from there",
          {}};
}

}  // namespace

struct Changes::Page {
  std::int64_t floor = 0;
  base::Result<std::vector<ChangeRow>> rows;
};

struct Changes::Reader {
  CallPtr call;
  enum class From : std::uint8_t { first, asked } from = From::first;
  enum class Head : std::uint8_t { owed, sent } head = Head::owed;
  std::int64_t after = 0;     // told up to this revision
  std::int64_t asked_at = 0;  // the durable revision when the page on its way was asked for
  enum class Mode : std::uint8_t { once, watch } mode = Mode::once;
  // reading: a page is on its way; full: the client is behind; rest: nothing more for now.
  enum class State : std::uint8_t { reading, full, rest } state = State::rest;
};

std::string change_line(const ChangeRow& row) {
  return api::write_json(Json::object({{"revision", row.revision},
                                       {"time", base::rfc3339(row.at)},
                                       {"who", row.who},
                                       {"verb", row.verb},
                                       {"object", row.kind + "/" + row.name},
                                       {"because", row.because}})) +
         "\n";
}

void Changes::show(const CallPtr& call) {
  auto reader = std::make_shared<Reader>();
  if (const auto from = call->parameter("from"); !from.empty()) {
    const auto number = base::to_integer(from);
    if (!number || *number < 0)
      return call->refuse(bad_request("from " + base::quoted(from) + ": expected a revision"));
    if (*number > rounds_.durable().revision)
      return call->refuse(ahead(*number, rounds_.durable().revision));
    reader->after = *number;
    reader->from = Reader::From::asked;
  }
  reader->call = call;
  if (call->request.flag("watch")) reader->mode = Reader::Mode::watch;
  const auto key = ++last_key_;
  readers_[key] = reader;
  call->exchange->on_closed = [this, key] { readers_.erase(key); };
  call->exchange->on_writable = [this, key] {
    const auto it = readers_.find(key);
    if (it == readers_.end() || it->second->state != Reader::State::full) return;
    it->second->state = Reader::State::rest;
    read_on(key);
  };
  read_on(key);
}

void Changes::read_on(Key key) {
  const auto it = readers_.find(key);
  if (it == readers_.end() || it->second->state != Reader::State::rest) return;
  it->second->state = Reader::State::reading;
  it->second->asked_at = rounds_.durable().revision;
  rounds_.store().run([this, key, after = it->second->after](Store& store) -> StoreThread::After {
    Page page{floor_ ? floor_() : 0, store.changes(after, kPage)};
    return [this, key, page = std::move(page)] { take(key, page); };
  });
}

void Changes::take(Key key, const Page& page) {
  const auto it = readers_.find(key);
  if (it == readers_.end()) return;
  const auto reader = it->second;
  // Lines that went while the reader was behind would be missing without a word.
  const bool gap = reader->from == Reader::From::asked && reader->after < page.floor;
  const bool begun = reader->head == Reader::Head::sent;
  if (!page.rows || gap) {
    readers_.erase(it);
    if (begun) return reader->call->exchange->abort();  // the reader must see that it is not whole
    return reader->call->refuse(page.rows ? removed(reader->after, page.floor)
                                          : unreadable(page.rows.error()));
  }
  if (!begun) reader->call->head("application/json");
  reader->head = Reader::Head::sent;
  reader->from = Reader::From::asked;
  reader->after = std::max(reader->after, page.floor);
  const auto& rows = page.rows;
  std::string text;
  for (const auto& row : *rows) {
    text += change_line(row);
    reader->after = row.revision;
  }
  reader->state = Reader::State::rest;
  if (!text.empty() && !reader->call->exchange->write(std::move(text))) {
    reader->state = Reader::State::full;
  } else if (rows->empty() && reader->mode == Reader::Mode::once) {
    end(key);
  } else if (!rows->empty() || rounds_.durable().revision > reader->asked_at) {
    read_on(key);
  }
}

void Changes::samples(const CallPtr& call) {
  const auto name = call->word("name");
  const auto* record = rounds_.durable().find("BenchRun", name);
  if (record == nullptr) return call->refuse(not_found(*api::find_kind("BenchRun"), name));
  rounds_.store().run([call, uid = record->uid](Store& store) -> StoreThread::After {
    auto rows = store.samples(uid);
    return [call, rows = std::move(rows)] {
      if (!rows) return call->refuse(unreadable(rows.error()));
      std::string text;
      for (const auto& row : *rows)
        text += row.bytes + "\n";
      call->answer_bytes(std::move(text));
    };
  });
}

void Changes::moved() {
  const auto readers = readers_;
  for (const auto& [key, reader] : readers)
    if (reader->mode == Reader::Mode::watch) read_on(key);
}

void Changes::end(Key key) {
  const auto it = readers_.find(key);
  if (it == readers_.end()) return;
  const auto reader = it->second;
  readers_.erase(it);
  reader->call->exchange->finish();
}

void Changes::close_all() {
  while (!readers_.empty())
    end(readers_.begin()->first);
}

}  // namespace controller
