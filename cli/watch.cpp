// SPDX-License-Identifier: Apache-2.0
#include "cli/watch.hpp"

#include "base/clock.hpp"

#include <algorithm>
#include <set>

namespace cli {
namespace {

using api::Json;
using More = Remote::More;

constexpr base::Duration kSilence = base::minutes(3);  // bookmarks come about once a minute
constexpr base::Duration kFirstPause{100};
constexpr base::Duration kLongestPause = base::seconds(5);
constexpr base::Duration kGiveUp = base::minutes(2);  // a restart of the controller takes seconds

const Json kNothing;

/// The metadata of an object, or of the row of a Table that stands for it.
const Json& metadata_of(const Json& object) {
  const Json* metadata = object.find("metadata");
  const Json* rows = object.find("rows");
  if (rows != nullptr && rows->is_array() && !rows->items().empty())
    metadata = rows->items().front().at({"object", "metadata"});
  return metadata == nullptr ? kNothing : *metadata;
}

/// The objects of a list; the rows of a Table, each as a Table of its own.
std::vector<Json> objects_of(const Json& list) {
  std::vector<Json> out;
  const Json* rows = list.find("rows");
  const Json* items = rows != nullptr ? rows : list.find("items");
  if (items == nullptr || !items->is_array()) return out;
  for (const auto& item : items->items()) {
    if (rows == nullptr) {
      out.push_back(item);
      continue;
    }
    auto table = Json::object({{"kind", "Table"}, {"rows", Json::array({item})}});
    if (const Json* columns = list.find("columnDefinitions"))
      table.set("columnDefinitions", *columns);
    out.push_back(std::move(table));
  }
  return out;
}

bool is_expired(const Json& status) {
  return status.integer_at("code") == 410 || status.text_at("reason") == "Expired" ||
         status.text_at("reason") == "Gone";
}

/// One list-and-watch on its way.
class Watching {
 public:
  using OnChange = std::function<More(const Change&)>;

  Watching(Remote& remote, const Watched& watched, const OnChange& on_change)
      : remote_(remote), watched_(watched), on_change_(on_change) {}

  WatchEnd run(const std::function<More(const Json&)>& on_list);

 private:
  /// What to do after a stream or a list ended.
  enum class Next { watch, list, wait, over };

  Next list();
  Next follow();
  Next tell(const std::vector<Change>& changes);
  Next after(const Remote::StreamEnd& end);
  Next lost(Failure why);
  void found();
  More take_line(const std::string& line);
  bool late() const { return watched_.deadline && base::steady_now() >= *watched_.deadline; }

  Remote& remote_;
  const Watched& watched_;
  const OnChange& on_change_;
  Known known_;
  WatchEnd end_;
  bool expired_ = false;
  std::optional<Failure> refused_;
  base::Duration pause_ = kFirstPause;
  std::optional<base::Instant> lost_since_;
  bool said_lost_ = false;
};

WatchEnd Watching::run(const std::function<More(const Json&)>& on_list) {
  auto first = remote_.get(watched_.path, watched_.query, watched_.accept);
  if (!first) return {WatchEnd::How::failed, std::move(first.failure)};
  known_.take_list(first.value);
  if (on_list(first.value) == More::no) return {};
  Next next = Next::watch;
  while (next != Next::over) {
    if (late()) return {WatchEnd::How::ran_out, std::nullopt};
    if (next == Next::wait) {
      auto wait = std::exchange(pause_, std::min(pause_ * 2, kLongestPause));
      if (watched_.deadline) wait = std::min(wait, *watched_.deadline - base::steady_now());
      remote_.pause(std::max(wait, base::Duration{1}));
      next = expired_ ? Next::list : Next::watch;
    } else {
      next = next == Next::list ? list() : follow();
    }
  }
  return std::move(end_);
}

Watching::Next Watching::list() {
  auto answer = remote_.get(watched_.path, watched_.query, watched_.accept);
  if (!answer) return lost(*std::move(answer.failure));
  expired_ = false;
  found();
  return tell(known_.take_list(answer.value));
}

Watching::Next Watching::tell(const std::vector<Change>& changes) {
  for (const auto& change : changes)
    if (on_change_(change) == More::no) return Next::over;
  return Next::watch;
}

More Watching::take_line(const std::string& line) {
  const auto event = api::parse_json(line, 64);
  if (!event) return More::yes;  // a line that nobody can read changes nothing
  const Json* object = event->find("object");
  if (event->text_at("type") == "ERROR") {
    expired_ = object != nullptr && is_expired(*object);
    if (!expired_ && object != nullptr)
      refused_ = failure_of(static_cast<int>(object->integer_at("code", 500)), write_json(*object));
    return More::no;
  }
  pause_ = kFirstPause;
  const auto change = known_.take_event(*event);
  return change ? on_change_(*change) : More::yes;
}

Watching::Next Watching::follow() {
  auto query = watched_.query;
  query.insert(
      query.end(),
      {{"watch", "1"}, {"allowWatchBookmarks", "true"}, {"resourceVersion", known_.revision()}});
  Lines lines;
  const auto begun = base::steady_now();
  auto ended = remote_.stream({watched_.path, query, watched_.accept, kSilence, watched_.deadline},
                              [&](std::string_view bytes) {
                                lines.add(bytes);
                                while (const auto line = lines.next())
                                  if (take_line(*line) == More::no) return More::no;
                                return More::yes;
                              });
  if (ended.began == Remote::StreamEnd::Began::yes) {
    // A stream that lived is a server that is back; one that ends at once must not spin.
    found();
    if (base::steady_now() - begun > base::seconds(1)) pause_ = kFirstPause;
  }
  return after(ended);
}

Watching::Next Watching::after(const Remote::StreamEnd& end) {
  using How = Remote::StreamEnd::How;
  if (refused_) return lost(*std::exchange(refused_, std::nullopt));
  if (expired_) return Next::wait;
  if (end.how == How::stopped) return Next::over;
  if (end.how != How::failed || !end.failure) return Next::wait;
  expired_ = is_expired(end.failure->status);
  return expired_ ? Next::wait : lost(*end.failure);
}

/// The server went away while somebody watches: it may come back. A refusal is final.
Watching::Next Watching::lost(Failure why) {
  const bool may_come_back = why.exit == base::Exit::unreachable || why.exit == base::Exit::busy;
  const auto now = base::steady_now();
  if (!lost_since_) lost_since_ = now;
  if (may_come_back && now - *lost_since_ < kGiveUp) {
    // A cut alone is healed at once and worth no word; a server that is away is.
    if (why.message.starts_with("reach ") && !std::exchange(said_lost_, true))
      remote_.session().console.note(why.message + "; trying again");
    return Next::wait;
  }
  end_ = {WatchEnd::How::failed, std::move(why)};
  return Next::over;
}

/// The server answers as it should.
void Watching::found() {
  lost_since_.reset();
  said_lost_ = false;
}

}  // namespace

std::optional<std::string> Lines::next() {
  const auto end = rest_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  auto line = rest_.substr(0, end);
  rest_.erase(0, end + 1);
  return line;
}

std::vector<Change> Known::take_list(const Json& list) {
  std::vector<Change> out;
  std::set<std::string> present;
  for (auto& object : objects_of(list)) {
    const Json& metadata = metadata_of(object);
    Entry now{metadata.text_at("uid"), metadata.text_at("resourceVersion"), object};
    const auto name = metadata.text_at("name");
    present.insert(name);
    auto& then = entries_[name];
    if (then.uid == now.uid && then.revision == now.revision) continue;
    if (!then.uid.empty() && then.uid != now.uid)
      out.push_back({Change::Type::deleted, name, then.uid, std::move(then.object)});
    out.push_back({then.uid == now.uid ? Change::Type::modified : Change::Type::added, name,
                   now.uid, std::move(object)});
    then = std::move(now);
  }
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    if (present.contains(entry->first)) {
      ++entry;
      continue;
    }
    out.push_back(
        {Change::Type::deleted, entry->first, entry->second.uid, std::move(entry->second.object)});
    entry = entries_.erase(entry);
  }
  if (const Json* metadata = list.find("metadata"))
    revision_ = metadata->text_at("resourceVersion");
  return out;
}

std::optional<Change> Known::take_event(const Json& event) {
  const Json* object = event.find("object");
  if (object == nullptr) return std::nullopt;
  const auto type = event.text_at("type");
  const Json& metadata = metadata_of(*object);
  const auto revision = metadata.text_at("resourceVersion");
  if (!revision.empty()) revision_ = revision;
  if (type != "ADDED" && type != "MODIFIED" && type != "DELETED") return std::nullopt;
  const auto name = metadata.text_at("name");
  const auto uid = metadata.text_at("uid");
  if (type == "DELETED") {
    entries_.erase(name);
    return Change{Change::Type::deleted, name, uid, *object};
  }
  auto& then = entries_[name];
  if (then.uid == uid && then.revision == revision && !revision.empty()) return std::nullopt;
  const bool known = !then.uid.empty();
  then = {uid, revision, *object};
  return Change{known ? Change::Type::modified : Change::Type::added, name, uid, *object};
}

WatchEnd watch(Remote& remote, const Watched& watched,
               const std::function<More(const Json& list)>& on_list,
               const std::function<More(const Change&)>& on_change) {
  return Watching(remote, watched, on_change).run(on_list);
}

}  // namespace cli
