// SPDX-License-Identifier: Apache-2.0
#include "api/assignment.hpp"
#include "api/bench.hpp"
#include "api/bench_run.hpp"
#include "api/claim.hpp"
#include "api/machine.hpp"
#include "api/machine_group.hpp"
#include "api/meta/describe.hpp"
#include "api/model.hpp"
#include "api/model_deployment.hpp"
#include "api/runtime.hpp"
#include "api/sample.hpp"

/// The descriptions of all that is stored or sent, made in this one file: each of them is hundreds
/// of functions, and a file that only converts a value links to them.
namespace api {

template const Type& type_of<Meta>();
template const Type& type_of<PlainStatus>();
template const Type& type_of<MachineSpec>();
template const Type& type_of<MachineStatus>();
template const Type& type_of<MachineGroupSpec>();
template const Type& type_of<RuntimeSpec>();
template const Type& type_of<ModelSpec>();
template const Type& type_of<ModelDeploymentSpec>();
template const Type& type_of<ModelDeploymentStatus>();
template const Type& type_of<BenchSpec>();
template const Type& type_of<BenchRunSpec>();
template const Type& type_of<BenchRunStatus>();
template const Type& type_of<ClaimSpec>();
template const Type& type_of<Assignment>();
template const Type& type_of<Report>();
template const Type& type_of<Sample>();

}  // namespace api
