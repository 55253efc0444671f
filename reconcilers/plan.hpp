// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/bench_run.hpp"
#include "api/claim.hpp"
#include "api/machine.hpp"
#include "api/model_deployment.hpp"
#include "base/time.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace reconcilers {

// Each verb names the revision of the object on which it was decided; one that moved on in the
// meantime makes the change void, and the key comes again.

struct SetMachineStatus {
  std::string name;
  std::int64_t revision = 0;
  api::MachineStatus status;
  bool operator==(const SetMachineStatus&) const = default;
};
struct SetDeploymentStatus {
  std::string name;
  std::int64_t revision = 0;
  api::ModelDeploymentStatus status;
  bool operator==(const SetDeploymentStatus&) const = default;
};
struct SetRunStatus {
  std::string name;
  std::int64_t revision = 0;
  api::BenchRunStatus status;
  bool operator==(const SetRunStatus&) const = default;
};
/// Only on a machine that has no claim.
struct TakeClaim {
  std::string machine, deployment, uid;
  bool operator==(const TakeClaim&) const = default;
};
struct SetClaim {
  std::string machine;
  std::int64_t revision = 0;
  api::ClaimSpec spec;
  bool operator==(const SetClaim&) const = default;
};
struct DropClaim {
  std::string machine;
  std::int64_t revision = 0;
  bool operator==(const DropClaim&) const = default;
};
/// A deployment that nobody wrote (label orch.origin=queue).
struct CreateDeployment {
  std::string name;
  api::ModelDeploymentSpec spec;
  bool operator==(const CreateDeployment&) const = default;
};
/// Asks for the end of an object, as DELETE does.
struct AskDelete {
  std::string kind, name;
  std::int64_t revision = 0;
  bool operator==(const AskDelete&) const = default;
};
/// Lets a deleted object go: nothing holds it any more.
struct LetGo {
  std::string kind, name;
  std::int64_t revision = 0;
  bool operator==(const LetGo&) const = default;
};
/// Binds a run to a bench host and a hot deployment: the next attempt begins.
struct BindRun {
  std::string run;
  std::int64_t revision = 0;
  std::string machine, deployment, uid;
  bool operator==(const BindRun&) const = default;
};
/// For `describe`; equal ones are counted.
struct RecordEvent {
  std::string kind, name, uid, type, reason, message;
  bool operator==(const RecordEvent&) const = default;
};

using Change =
    std::variant<SetMachineStatus, SetDeploymentStatus, SetRunStatus, TakeClaim, SetClaim,
                 DropClaim, CreateDeployment, AskDelete, LetGo, BindRun, RecordEvent>;

/// Why a plan is what it is: one word for programs, one sentence for people.
struct Because {
  std::string reason, message;
  bool operator==(const Because&) const = default;
};

/// The only effect of a decision.
struct Plan {
  std::vector<Change> changes;
  Because because;
  std::optional<base::Duration> look_again;  // from now, if nothing happens before
};

}  // namespace reconcilers
