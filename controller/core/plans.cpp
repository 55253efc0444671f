// SPDX-License-Identifier: Apache-2.0
#include "controller/core/plans.hpp"

#include "api/codec/check.hpp"
#include "api/event.hpp"
#include "base/check.hpp"
#include "base/hooks.hpp"
#include "base/text.hpp"
#include "base/units.hpp"

#include <variant>

namespace controller {
namespace {

using api::Json;

constexpr std::string_view kSystem = "orch";
constexpr std::size_t kEventsMax = 2000;  // beyond it the oldest go

struct Applier {
  Draft& draft;
  const std::string& because;
  Uids& uids;
  base::Instant wall;

  Json fresh(std::string_view kind, std::string_view name) const {
    auto object = Json::object({{"apiVersion", api::kApiVersion}, {"kind", kind}});
    object.set("metadata", Json::object({{"name", name},
                                         {"uid", uids.next()},
                                         {"generation", 1},
                                         {"creationTimestamp", base::rfc3339(wall)}}));
    return object;
  }

  /// The object, if it is still the one that the decision saw.
  Json current(std::string_view kind, const std::string& name, std::int64_t revision) const {
    const auto* record = draft.picture().find(kind, name);
    if (record == nullptr || record->revision != revision) return {};
    return draft.picture().object(kind, name);
  }

  bool put(const char* verb, Json object) const {
    draft.put(std::string(kSystem), verb, std::move(object), because, wall);
    return true;
  }

  bool set_status(std::string_view kind, const std::string& name, std::int64_t revision,
                  Json status) const {
    auto object = current(kind, name, revision);
    if (object.is_null()) return false;
    object.set("status", std::move(status));
    return put("status", std::move(object));
  }

  bool operator()(const reconcilers::SetMachineStatus& c) const {
    return set_status("Machine", c.name, c.revision, api::to_json(c.status));
  }
  bool operator()(const reconcilers::SetDeploymentStatus& c) const {
    return set_status("ModelDeployment", c.name, c.revision, api::to_json(c.status));
  }
  bool operator()(const reconcilers::SetRunStatus& c) const {
    return set_status("BenchRun", c.name, c.revision, api::to_json(c.status));
  }

  bool operator()(const reconcilers::TakeClaim& c) const {
    if (draft.picture().find("Claim", c.machine) != nullptr) return false;
    auto claim = fresh("Claim", c.machine);
    api::ClaimSpec spec;
    spec.deployment = c.deployment;
    spec.uid = c.uid;
    const auto revision = ORCH_MUTANT("epoch-not-raised") ? 1 : draft.picture().revision + 1;
    spec.epoch = {draft.picture().world.term, revision};
    spec.since = {wall};
    claim.set("spec", api::to_json(spec));
    return put("create", std::move(claim));
  }
  bool operator()(const reconcilers::SetClaim& c) const {
    auto claim = current("Claim", c.machine, c.revision);
    if (claim.is_null()) return false;
    claim.set("spec", api::to_json(c.spec));
    return put("update", std::move(claim));
  }
  bool operator()(const reconcilers::DropClaim& c) const {
    if (current("Claim", c.machine, c.revision).is_null()) return false;
    draft.remove(std::string(kSystem), "Claim", c.machine, because, wall);
    return true;
  }

  bool operator()(const reconcilers::CreateDeployment& c) const {
    if (draft.picture().find("ModelDeployment", c.name) != nullptr) return false;
    auto object = fresh("ModelDeployment", c.name);
    object["metadata"].set("labels", Json::object({{api::kOriginLabel, "queue"}}));
    object.set("spec", api::to_json(c.spec));
    return put("create", std::move(object));
  }

  bool operator()(const reconcilers::AskDelete& c) const {
    if (current(c.kind, c.name, c.revision).is_null()) return false;
    WriteRequest request;
    WriteOp op;
    op.verb = WriteOp::Verb::remove;
    op.kind = c.kind;
    op.name = c.name;
    request.ops.push_back(std::move(op));
    request.asker = {std::string(kSystem), api::Writer::system};
    return !apply_writes(draft, request, uids, wall).refused();
  }

  bool operator()(const reconcilers::LetGo& c) const {
    auto object = current(c.kind, c.name, c.revision);
    if (object.is_null()) return false;
    Json::Array left;
    if (const Json* list = object.at({"metadata", "finalizers"}); list && list->is_array())
      for (const auto& f : list->items())
        if (f != Json(api::kClaimFinalizer)) left.push_back(f);
    if (left.empty()) {
      draft.remove(std::string(kSystem), c.kind, c.name, because, wall);
      return true;
    }
    const auto* now = object.at({"metadata", "finalizers"});
    if (now->items().size() == left.size()) return false;  // others still hold it
    object["metadata"].set("finalizers", Json(std::move(left)));
    return put("update", std::move(object));
  }

  bool operator()(const reconcilers::BindRun& c) const {
    const auto* run = draft.picture().world.runs.find(c.run);
    if (run == nullptr || run->revision != c.revision) return false;
    auto status = run->status;
    status.phase = api::RunState::scheduled;
    ++status.attempt;
    status.machine = c.machine;
    status.deployment = c.deployment;
    status.deployment_uid = c.uid;
    status.next_retry = {};
    status.reasons.clear();
    api::set_condition(status.conditions,
                       {"Complete",
                        "False",
                        "Scheduled",
                        "attempt " + std::to_string(status.attempt) + " on " + c.machine,
                        {},
                        run->metadata.generation},
                       wall);
    return set_status("BenchRun", c.run, c.revision, api::to_json(status));
  }

  bool operator()(const reconcilers::RecordEvent& c) const {
    const auto key = c.kind + '\0' + c.uid + '\0' + c.type + '\0' + c.reason + '\0' + c.message;
    std::string bytes;
    const auto hash = base::hash64(key);
    for (int shift = 40; shift >= 0; shift -= 8)
      bytes += static_cast<char>((hash >> shift) & 0xff);
    const auto name = base::fitted_name(c.name + "-" + base::to_hex(bytes));
    auto event = draft.picture().object("Event", name);
    if (event.is_null()) {
      event = fresh("Event", name);
      event.set("apiVersion", "v1");
      event["metadata"].set("namespace", "default");
      event.set("involvedObject", Json::object({{"apiVersion", api::kApiVersion},
                                                {"kind", c.kind},
                                                {"name", c.name},
                                                {"uid", c.uid}}));
      event.set("type", c.type);
      event.set("reason", c.reason);
      event.set("message", base::clipped(base::clean_utf8(c.message), 1024));
      event.set("firstTimestamp", base::rfc3339(wall));
      event.set("reportingComponent", "orch");
      event.set("reportingInstance", "");
      event.set("source", Json::object({{"component", "orch"}}));
    }
    event.set("count", event.integer_at("count") + 1);
    event.set("lastTimestamp", base::rfc3339(wall));
    put("create", std::move(event));
    drop_oldest_events();
    return true;
  }

  void drop_oldest_events() const {
    const auto& all = draft.picture().records.find("Event")->second;
    if (all.size() <= kEventsMax) return;
    const Record* oldest = nullptr;
    for (const auto& [name, record] : all)
      if (oldest == nullptr || record->revision < oldest->revision) oldest = record;
    const std::string name = oldest->name;
    draft.remove(std::string(kSystem), "Event", name, "events are bounded", wall);
  }
};

}  // namespace

Applied apply_plan(Draft& draft, const reconcilers::Plan& plan, Uids& uids, base::Instant wall) {
  const std::string because = plan.because.message.empty()
                                  ? plan.because.reason
                                  : plan.because.reason + ": " + plan.because.message;
  const Applier applier{draft, because, uids, wall};
  auto applied = Applied::nothing;
  for (const auto& change : plan.changes) {
    // An event tells of the change before it: without that, there is nothing to tell.
    const bool event = std::holds_alternative<reconcilers::RecordEvent>(change);
    if (event && applied == Applied::nothing) continue;
    if (std::visit(applier, change)) applied = Applied::something;
  }
  return applied;
}

}  // namespace controller
