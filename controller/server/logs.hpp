// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/server/call.hpp"
#include "controller/server/rounds.hpp"
#include "wire/loop.hpp"

#include <map>
#include <memory>
#include <string>

namespace controller {

/// The logs of deployments and runs: shipped by agents, read by people. They are files beside the
/// store; one life of an object has one stream on each machine that worked on it.
class Logs {
 public:
  Logs(wire::Loop& loop, Rounds& rounds, std::string folder)
      : loop_(loop), rounds_(rounds), folder_(std::move(folder)) {}

  /// `PUT …/logs/STREAM?offset=N[&uid=…][&floor=N]`, STREAM being `deployment.NAME` or `run.NAME`.
  void take(const CallPtr& call);
  /// `GET …/log?follow&tailLines=N&offset=N&stream=UID/MACHINE&previous`: `Orch-Log-Stream` and
  /// `Orch-Log-Offset` of the answer say what its first byte is. Who counts from there goes on
  /// after a cut with `stream` and `offset`, and loses and repeats nothing: with `offset` an answer
  /// never leaps over a gap, it is cut.
  void show(const CallPtr& call);
  /// The durable picture has moved: followers of what has ended come to their end.
  void moved();
  void close_all();

 private:
  struct Reader;
  using Key = std::uint64_t;
  struct Source {
    std::string stream, uid, machine;
    std::string life() const { return stream + "/" + uid; }
    std::string key() const { return life() + "/" + machine; }
  };

  Source now_at(const std::string& stream) const;
  std::variant<Source, Rejection> source_of(const Call& call) const;
  std::string folder_of(const Source& source) const { return folder_ + "/" + source.key(); }
  bool has_bytes_of(const Source& source) const;
  std::string machine_to_show(const Source& source) const;
  /// What was written last below a folder, other than `besides`.
  std::string newest_in(const std::string& folder, const std::string& besides) const;
  Source previous_of(const Source& now) const;
  std::variant<Source, Rejection> source_to_show(const Call& call) const;
  std::variant<std::int64_t, Rejection> place_to_show(const Call& call, const Source& source) const;
  bool has_ended(const Reader& reader) const;
  void pour(Key key);
  void grew(const Source& source);
  void end(Key key);
  void cut(Key key);

  wire::Loop& loop_;
  Rounds& rounds_;
  std::string folder_;
  std::map<Key, std::shared_ptr<Reader>> readers_;
  Key last_key_ = 0;
};

}  // namespace controller
