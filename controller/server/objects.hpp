// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/server/call.hpp"
#include "controller/server/rounds.hpp"
#include "controller/server/watches.hpp"

namespace controller {

/// Reads and writes of objects, as the Kubernetes API has them (kube-api.md sections 6 to 11).
class Objects {
 public:
  Objects(Rounds& rounds, Watches& watches) : rounds_(rounds), watches_(watches) {}

  /// LIST, or WATCH when the query says so.
  void list(const CallPtr& call, const api::Kind& kind);
  void get(const CallPtr& call, const api::Kind& kind);
  void create(const CallPtr& call);
  void replace(const CallPtr& call);
  void patch(const CallPtr& call);
  void remove(const CallPtr& call);
  void remove_many(const CallPtr& call);

 private:
  void watch(const CallPtr& call, const View& view, Selector selector);
  void write(const CallPtr& call, WriteOp op);

  Rounds& rounds_;
  Watches& watches_;
};

/// `labelSelector` and `fieldSelector` of a call, and the namespace in its path.
std::variant<Selector, Rejection> selector_of(const Call& call, const api::Kind& kind);
/// The shape that the call asks for.
std::variant<View, Rejection> view_of(const Call& call, const api::Kind& kind);

}  // namespace controller
