// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"
#include "controller/core/store.hpp"
#include "reconcilers/world.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>

namespace controller {

/// An object as it is served: its canonical bytes, shared by everybody who reads them.
struct Record {
  std::string kind, name, uid;
  std::int64_t revision = 0;
  std::shared_ptr<const std::string> bytes;
};

/// Everything at one revision: the bytes for readers and the decoded world for decisions. Cheap to
/// copy; immutable once it is somebody's.
struct Picture {
  std::int64_t revision = 0;
  std::map<std::string, base::Table<Record>> records;  // by kind
  reconcilers::World world;

  const Record* find(std::string_view kind, std::string_view name) const;
  /// The object at (kind, name); null when absent.
  api::Json object(std::string_view kind, std::string_view name) const;
  void put(const Row& row);
  /// The same where `object`, of which the row's bytes were made, is still at hand.
  void put(const Row& row, const api::Json& object);
  void remove(const std::string& kind, const std::string& name);
  /// The whole picture has moved to `revision`.
  void move_to(std::int64_t at);
};

/// The scored and errored tasks of every run, as the store has them: what makes a sample new.
class SampleBook {
 public:
  enum class Verdict : std::uint8_t { fresh, repeated };
  /// Would this sample be a new row?
  Verdict look(const SampleRow& row) const;
  /// Counts it in, and refreshes the run's tally and its list of scored tasks.
  void add(const SampleRow& row, const api::Json& body, reconcilers::World& world);

 private:
  struct TaskState {
    bool scored = false, passed = false;
    std::set<std::pair<std::int64_t, bool>> rows;  // (attempt, scored) that are stored
  };
  std::map<std::string, std::map<std::string, TaskState>> tasks_;  // by run uid, by task
};

}  // namespace controller
