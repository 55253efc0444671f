// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/core/admission.hpp"
#include "controller/core/draft.hpp"

#include <string>
#include <vector>

namespace controller {

/// Makes uids; the only random thing that writes need. The program gives real ones, the simulator
/// seeded ones.
class Uids {
 public:
  virtual ~Uids() = default;
  virtual std::string next() = 0;
};

/// Several wishes of one asker, done together or not at all.
struct WriteRequest {
  std::vector<WriteOp> ops;
  Asker asker;
  enum class Run : std::uint8_t { real, dry } run = Run::real;
};

/// One admission for each op, in order. With a rejection among them nothing was done.
struct WriteOutcome {
  std::vector<Admission> admissions;
  bool refused() const;
};

/// Applies the request to `draft`; a refused or dry one leaves it as it was.
WriteOutcome apply_writes(Draft& draft, const WriteRequest& request, Uids& uids,
                          base::Instant wall);

/// Is the object held by a process that must be proved gone first (finalizer orch/claim)?
bool is_held(const reconcilers::World& world, const std::string& kind, const std::string& name);

}  // namespace controller
