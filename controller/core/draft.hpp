// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/time.hpp"
#include "controller/core/picture.hpp"
#include "controller/core/store.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace controller {

/// What happened to one object at one revision, with what it was before.
struct WatchEvent {
  enum class Type : std::uint8_t { added, modified, deleted };
  std::int64_t revision = 0;
  Type type = Type::added;
  std::string kind, name;
  std::shared_ptr<const std::string> before,
      after;  // before: null when added; after of a deletion:
              // the last state under the deletion's revision
  std::size_t bytes() const {
    return 64 + (before ? before->size() : 0) + (after ? after->size() : 0);
  }
};

/// The round that is being built: the next picture and everything that must be stored with it.
/// Copying it is a save point.
class Draft {
 public:
  Draft() = default;
  explicit Draft(Picture start) : picture_(std::move(start)) {}

  const Picture& picture() const { return picture_; }
  reconcilers::World& world() { return picture_.world; }

  /// Stores `object` under the next revision, and gives it back with that in its metadata. `verb`
  /// is for the log.
  api::Json put(const std::string& who, const std::string& verb, api::Json object,
                const std::string& because, base::Instant wall);
  void remove(const std::string& who, const std::string& kind, const std::string& name,
              const std::string& because, base::Instant wall);
  /// The same (run, task, attempt, scored) twice is one; the first stays.
  void add_sample(SampleRow row);

  bool changed() const { return !events_.empty() || !samples_.empty(); }
  /// The one transaction of all this.
  Round round() const;
  const std::vector<WatchEvent>& events() const { return events_; }
  const std::vector<SampleRow>& samples() const { return samples_; }
  /// (kind, name) of everything put or removed since the last call.
  std::vector<std::pair<std::string, std::string>> take_touched();

 private:
  void log(const std::string& who, const std::string& verb, const std::string& kind,
           const std::string& name, const std::string& because, base::Instant wall);

  Picture picture_;
  std::map<std::pair<std::string, std::string>, Row> puts_;
  std::map<std::pair<std::string, std::string>, bool> removals_;
  std::vector<ChangeRow> changes_;
  std::vector<SampleRow> samples_;
  std::set<std::tuple<std::string, std::string, std::int64_t, bool>> sample_keys_;
  std::vector<WatchEvent> events_;
  std::vector<std::pair<std::string, std::string>> touched_;
};

}  // namespace controller
