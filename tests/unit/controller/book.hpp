// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "tests/unit/controller/desk.hpp"

#include <string>
#include <vector>

namespace controller {

inline constexpr base::Instant kWall{1'800'000'000'000};  // 2027-01-15T08:00:00Z

/// A draft to write into, without rounds and without decisions.
struct Book {
  Draft draft;
  CountedUids uids;

  WriteOutcome write(std::vector<WriteOp> ops, Asker asker = {"alice", api::Writer::person},
                     WriteRequest::Run run = WriteRequest::Run::real) {
    return apply_writes(draft, {std::move(ops), std::move(asker), run}, uids, kWall);
  }
  Admission write(WriteOp op) {
    return write(std::vector<WriteOp>{std::move(op)}).admissions.at(0);
  }
  Admission write_as_system(WriteOp op) {
    return write({std::move(op)}, {"orch", api::Writer::system}).admissions.at(0);
  }
  api::Json object(const std::string& kind, const std::string& name) const {
    return draft.picture().object(kind, name);
  }
  std::int64_t revision() const { return draft.picture().revision; }
  /// Written by the scheduler's hand: "d" holds "a".
  void claim(const std::string& machine, const std::string& deployment) {
    const auto holder = object("ModelDeployment", deployment);
    const auto* uid = holder.at({"metadata", "uid"});
    auto claim = parsed(R"({"apiVersion":"orch/v1","kind":"Claim","metadata":{},"spec":{}})");
    claim["metadata"].set("name", machine);
    claim["spec"].set("deployment", deployment);
    claim["spec"].set("uid", uid != nullptr ? *uid : api::Json("gone"));
    draft.put("orch", "create", std::move(claim), "a claim", kWall);
  }
};

}  // namespace controller
