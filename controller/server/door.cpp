// SPDX-License-Identifier: Apache-2.0
#include "controller/server/door.hpp"

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "controller/server/batch.hpp"
#include "controller/server/discovery.hpp"
#include "controller/server/health.hpp"
#include "controller/server/reviews.hpp"

#include <algorithm>

namespace controller {
namespace {

namespace limits = base::limits;
using api::Json;

constexpr std::size_t kSmallBody = 64 * 1024;

const api::Kind& events_kind() {
  return *api::find_kind("Event");
}

}  // namespace

bool impersonates(const wire::Headers& headers) {
  constexpr std::string_view prefix = "impersonate-";
  return std::any_of(headers.begin(), headers.end(), [&](const wire::Header& h) {
    return h.name.size() >= prefix.size() &&
           std::equal(prefix.begin(), prefix.end(), h.name.begin(), [](char wanted, char c) {
             return wanted == (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
           });
  });
}

Door::Door(wire::Loop& loop, Rounds& rounds, Snapshots& snapshots, DoorSettings settings,
           const StoreCare& care)
    : rounds_(rounds),
      settings_(std::move(settings)),
      watches_(loop, rounds.core()),
      objects_(rounds, watches_),
      agents_(loop, rounds),
      enrolment_(rounds, settings_.authority),
      logs_(loop, rounds, settings_.logs),
      changes_(rounds, care.changes_floor),
      admin_(rounds, snapshots, care.check) {}

std::size_t Door::body_max(const wire::Request& head) {
  const auto found = find_route(head.method, head.path);
  const auto who = identify(head.peer, settings_.self);
  if (found.route == nullptr || who.rank == Identity::Rank::nobody) return kSmallBody;
  return found.route->act == Act::batch ? limits::kApplyBytes : limits::kBodyBytes;
}

void Door::on_request(wire::Request request, std::shared_ptr<wire::Exchange> exchange) {
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->exchange = std::move(exchange);
  call->metrics = &metrics_;
  call->who = identify(call->request.peer, settings_.self);
  call->found = find_route(call->request.method, call->request.path);
  if (const auto refused = judge(*call)) return call->refuse(*refused);
  serve(call);
}

/// Why it is not even looked at, if so.
std::optional<Rejection> Door::judge(Call& call) {
  const auto* route = call.found.route;
  const auto target = target_of(call.found, call.request.method, call.request.path);
  // Who has no business here is not told which paths there are.
  const auto need = route != nullptr ? route->need : Need::viewer;
  const bool is_machine = call.who.rank == Identity::Rank::machine;
  if (route != nullptr || !is_machine)
    if (auto refused = authorize(call.who, need, target)) return refused;
  if (impersonates(call.request.headers))
    return forbidden(
        "impersonation is not supported: Impersonate-* headers are "
        "refused, never ignored");
  if (route == nullptr) return call.found.path_known ? method_not_allowed(target) : no_such_path();
  if (!call.request.flag("watch") && !call.request.flag("follow")) return std::nullopt;
  call.seat = seats_.take(call.who.name);
  if (call.seat == nullptr) return too_many_streams(call.who.name);
  return std::nullopt;
}

/// What an agent can't get through is a fault of one of us, so it is named; people see the answer.
void Door::on_refused(const wire::Request& head, const wire::Refusal& refusal) {
  Call call;
  call.metrics = &metrics_;
  call.found = find_route(head.method, head.path);
  call.count(refusal.status);
  const auto who = identify(head.peer, settings_.self);
  if (who.rank != Identity::Rank::machine) return;
  if (refusal.status == 413) metrics_.add("orch_server_agent_bodies_too_large_total");
  base::log::warn("agent.request_refused", {{"machine", who.machine},
                                            {"path", head.path},
                                            {"code", refusal.status},
                                            {"why", refusal.reason}});
}

void Door::serve(const CallPtr& call) {
  if (serve_object(call) || serve_agent(call)) return;
  switch (call->found.route->act) {
    case Act::health: return health(call);
    case Act::metrics: return metrics(call);
    case Act::batch: return apply_batch(call, rounds_);
    case Act::list_namespaces:
    case Act::get_namespace: return namespaces(call);
    case Act::changes: return changes_.show(call);
    case Act::samples: return changes_.samples(call);
    case Act::log: return logs_.show(call);
    case Act::live: return agents_.live(call);
    case Act::make_token: return enrolment_.make_token(call);
    case Act::access_review:
    case Act::rules_review:
    case Act::self_review: return answer_review(call);
    case Act::snapshot: return admin_.snapshot(call);
    case Act::check_store: return admin_.check(call);
    default: return answer_discovery(call, settings_.version);
  }
}

bool Door::serve_object(const CallPtr& call) {
  switch (call->found.route->act) {
    case Act::list: objects_.list(call, *call->found.kind); return true;
    case Act::get: objects_.get(call, *call->found.kind); return true;
    case Act::create: objects_.create(call); return true;
    case Act::replace: objects_.replace(call); return true;
    case Act::patch: objects_.patch(call); return true;
    case Act::remove: objects_.remove(call); return true;
    case Act::remove_many: objects_.remove_many(call); return true;
    case Act::list_events: objects_.list(call, events_kind()); return true;
    case Act::get_event: objects_.get(call, events_kind()); return true;
    default: return false;
  }
}

bool Door::serve_agent(const CallPtr& call) {
  switch (call->found.route->act) {
    case Act::enroll: enrolment_.enroll(call); return true;
    case Act::renew: enrolment_.renew(call); return true;
    case Act::assignment: agents_.assignment(call); return true;
    case Act::report: agents_.report(call); return true;
    case Act::take_samples: agents_.samples(call); return true;
    case Act::take_log: logs_.take(call); return true;
    default: return false;
  }
}

/// Every object of ours is of the whole cluster; events are told as of namespace "default".
void Door::namespaces(const CallPtr& call) {
  const auto name = call->word("namespace");
  const auto space =
      Json::object({{"kind", "Namespace"},
                    {"apiVersion", "v1"},
                    {"metadata", Json::object({{"name", "default"},
                                               {"uid", settings_.self.cluster},
                                               {"resourceVersion", "1"},
                                               {"creationTimestamp", "1970-01-01T00:00:00Z"}})},
                    {"status", Json::object({{"phase", "Active"}})}});
  if (name == "default") return call->answer(200, space);
  if (!name.empty())
    return call->refuse({404, "NotFound", "namespaces " + base::quoted(name) + " not found",
                         Json::object({{"name", name}, {"kind", "namespaces"}})});
  const auto revision = std::to_string(rounds_.durable().revision);
  call->answer(200, Json::object({{"kind", "NamespaceList"},
                                  {"apiVersion", "v1"},
                                  {"metadata", Json::object({{"resourceVersion", revision}})},
                                  {"items", Json::array({space})}}));
}

void Door::health(const CallPtr& call) {
  std::vector<HealthCheck> checks{{"loop", ""}};
  if (call->found.route->pattern != "/livez") {
    const auto& trouble = rounds_.trouble();
    checks.push_back({"store", trouble ? trouble->message : ""});
  }
  answer_health(call, checks);
}

void Door::metrics(const CallPtr& call) {
  metrics_.set("orch_server_watches", {}, static_cast<double>(watches_.count()));
  metrics_.set("orch_server_assignment_streams", {}, static_cast<double>(agents_.count()));
  auto text = metrics_text(metrics_, rounds_.core(), settings_.version);
  call->respond(
      {200, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, std::move(text)});
}

void Door::moved() {
  watches_.moved();
  agents_.moved();
  logs_.moved();
  changes_.moved();
}

void Door::close_all() {
  watches_.close_all();
  agents_.close_all();
  logs_.close_all();
  changes_.close_all();
}

}  // namespace controller
