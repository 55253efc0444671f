// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "cli/remote.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace cli {

/// One change of one object. `object` is the object, or a Table of one row where tables were asked.
struct Change {
  enum class Type { added, modified, deleted };
  Type type = Type::added;
  std::string name, uid;
  api::Json object;
};

/// Whole lines out of pieces; a line may come in any number of them.
class Lines {
 public:
  void add(std::string_view bytes) { rest_ += bytes; }
  /// The next whole line without its end; nothing until there is one.
  std::optional<std::string> next();
  /// What came after the last line's end.
  const std::string& rest() const { return rest_; }

 private:
  std::string rest_;
};

/// What is known of a collection while it is watched; tells changes apart from repetitions.
class Known {
 public:
  /// The changes that lead from what was known to this list (objects or a Table).
  std::vector<Change> take_list(const api::Json& list);
  /// The change of one watch event; nothing for bookmarks and repetitions.
  std::optional<Change> take_event(const api::Json& event);
  /// From where a watch goes on.
  const std::string& revision() const { return revision_; }

 private:
  struct Entry {
    std::string uid, revision;
    api::Json object;
  };
  std::map<std::string, Entry> entries_;
  std::string revision_;
};

/// A collection to list and then to watch.
struct Watched {
  std::string path;
  Query query;  // selectors
  std::string_view accept = kJsonType;
  std::optional<base::Instant> deadline;  // on the steady clock
};

struct WatchEnd {
  enum class How { stopped, ran_out, failed };
  How how = How::stopped;
  std::optional<Failure> failure;
};

/// Lists, then watches until a reader has enough, the time is over, or the server is lost for too
/// long. A cut stream goes on where it was; where that is too old, the list is read anew and only
/// what differs is told.
WatchEnd watch(Remote& remote, const Watched& watched,
               const std::function<Remote::More(const api::Json& list)>& on_list,
               const std::function<Remote::More(const Change&)>& on_change);

}  // namespace cli
