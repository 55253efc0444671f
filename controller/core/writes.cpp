// SPDX-License-Identifier: Apache-2.0
#include "controller/core/writes.hpp"

#include "base/units.hpp"

#include <algorithm>

namespace controller {
namespace {

using api::Json;

Json finalizers_of(const Json& object) {
  const Json* list = object.at({"metadata", "finalizers"});
  return list != nullptr && list->is_array() ? *list : Json::array();
}

Admission remove(Draft& draft, const WriteOp& op, const Asker& asker, base::Instant wall) {
  const auto& kind = *api::find_kind(op.kind);
  auto live = draft.picture().object(kind.name, op.name);
  if (live.is_null()) return not_found(kind, op.name);
  const auto& metadata = *live.find("metadata");
  if (op.uid && *op.uid != metadata.text_at("uid"))
    return conflict(kind, op.name,
                    "Precondition failed: UID in precondition: " + *op.uid +
                        ", UID in object meta: " + metadata.text_at("uid"));
  if (op.resource_version && *op.resource_version != metadata.text_at("resourceVersion"))
    return conflict(
        kind, op.name,
        "Precondition failed: ResourceVersion in precondition: " + *op.resource_version +
            ", ResourceVersion in object meta: " + metadata.text_at("resourceVersion"));
  if (!metadata.text_at("deletionTimestamp").empty())
    return Admitted{Admitted::What::marked, std::move(live), {}};
  auto finalizers = finalizers_of(live);
  if (is_held(draft.picture().world, op.kind, op.name)) finalizers.push(api::kClaimFinalizer);
  if (finalizers.items().empty()) {
    draft.remove(asker.name, op.kind, op.name, "deleted by " + asker.name, wall);
    return Admitted{Admitted::What::removed, std::move(live), {}};
  }
  auto& m = live["metadata"];
  m.set("finalizers", std::move(finalizers));
  m.set("deletionTimestamp", base::rfc3339(wall));
  m.set("deletionGracePeriodSeconds", 0);
  m.set("generation", m.integer_at("generation", 1) + 1);
  Admitted marked{Admitted::What::marked, {}, {}};
  marked.object =
      draft.put(asker.name, "delete", std::move(live), "deletion asked for by " + asker.name, wall);
  marked.bytes = draft.picture().find(op.kind, op.name)->bytes;
  return marked;
}

/// A deleted object whose last finalizer went is gone.
Admission store(Draft& draft, Admitted admitted, const WriteOp& op, const Asker& asker,
                base::Instant wall) {
  const auto name = admitted.object.at({"metadata", "name"})->string();
  const auto& metadata = *admitted.object.find("metadata");
  if (!metadata.text_at("deletionTimestamp").empty() &&
      finalizers_of(admitted.object).items().empty() &&
      !is_held(draft.picture().world, op.kind, name)) {
    draft.remove(asker.name, op.kind, name, "the last finalizer is gone", wall);
    admitted.what = Admitted::What::removed;
    return admitted;
  }
  const bool created = admitted.what == Admitted::What::created;
  const auto* verb = created ? "create" : op.part == WriteOp::Part::status ? "status" : "update";
  admitted.object = draft.put(asker.name, verb, std::move(admitted.object),
                              std::string(verb) + " by " + asker.name, wall);
  admitted.bytes = draft.picture().find(op.kind, name)->bytes;
  return admitted;
}

Admission one(Draft& draft, const WriteOp& op, const Asker& asker, Uids& uids, base::Instant wall) {
  const auto* kind = api::find_kind(op.kind);
  if (kind == nullptr) return bad_request("no kind \"" + op.kind + "\"");
  if (op.verb == WriteOp::Verb::remove) return remove(draft, op, asker, wall);
  auto name = op.name;
  if (name.empty() && op.verb == WriteOp::Verb::apply)
    if (const Json* said = op.body.at({"metadata", "name"}); said != nullptr && said->is_string())
      name = said->string();
  const auto live = name.empty() ? Json() : draft.picture().object(kind->name, name);
  const bool creates =
      op.verb == WriteOp::Verb::create || (op.verb == WriteOp::Verb::apply && live.is_null());
  if (!creates && live.is_null()) return not_found(*kind, name);
  auto admission = creates ? admit_create(draft.picture(), op, asker, uids.next(), wall)
                           : admit_update(draft.picture(), op, asker, live);
  auto* admitted = std::get_if<Admitted>(&admission);
  if (admitted == nullptr || admitted->what == Admitted::What::unchanged) return admission;
  return store(draft, std::move(*admitted), op, asker, wall);
}

}  // namespace

bool WriteOutcome::refused() const {
  return std::any_of(admissions.begin(), admissions.end(),
                     [](const Admission& a) { return std::holds_alternative<Rejection>(a); });
}

bool is_held(const reconcilers::World& world, const std::string& kind, const std::string& name) {
  if (kind == "Machine") return world.claims.contains(name);
  if (kind == "ModelDeployment") {
    const auto* deployment = world.deployments.find(name);
    return deployment != nullptr && reconcilers::has_claim(world, deployment->metadata.uid);
  }
  if (kind == "BenchRun") {
    const auto* run = world.runs.find(name);
    return run != nullptr && api::is_bound(run->status.phase);
  }
  return false;
}

WriteOutcome apply_writes(Draft& draft, const WriteRequest& request, Uids& uids,
                          base::Instant wall) {
  // One op that is refused has changed nothing, so only several need a save point.
  const bool may_undo = request.ops.size() > 1 || request.run == WriteRequest::Run::dry;
  std::optional<Draft> before;
  if (may_undo) before = draft;
  WriteOutcome outcome;
  for (const auto& op : request.ops)
    outcome.admissions.push_back(one(draft, op, request.asker, uids, wall));
  if (may_undo && (outcome.refused() || request.run == WriteRequest::Run::dry))
    draft = std::move(*before);
  return outcome;
}

}  // namespace controller
