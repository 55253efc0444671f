// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/server/call.hpp"
#include "controller/server/rounds.hpp"

#include <functional>
#include <map>
#include <memory>

namespace controller {

/// A line of the change log as JSON.
std::string change_line(const ChangeRow& row);

/// Streams that come out of the store: the change log, and the samples of a run.
class Changes {
 public:
  /// `floor` says after which revision the log is whole, on the store's thread; may be empty.
  Changes(Rounds& rounds, std::function<std::int64_t()> floor)
      : rounds_(rounds), floor_(std::move(floor)) {}

  /// `GET /changes?from=REVISION&watch=true`: what came after that revision, or from the first line
  /// that is there. 410 where lines after that revision are removed.
  void show(const CallPtr& call);
  /// `GET …/benchruns/NAME/samples`
  void samples(const CallPtr& call);
  /// The durable picture has moved: watchers read on.
  void moved();
  void close_all();

 private:
  struct Reader;
  struct Page;
  using Key = std::uint64_t;

  void read_on(Key key);
  void take(Key key, const Page& page);
  void end(Key key);

  Rounds& rounds_;
  std::function<std::int64_t()> floor_;
  std::map<Key, std::shared_ptr<Reader>> readers_;
  Key last_key_ = 0;
};

}  // namespace controller
