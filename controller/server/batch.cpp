// SPDX-License-Identifier: Apache-2.0
#include "controller/server/batch.hpp"

#include "api/codec/path.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <map>

namespace controller {
namespace {

using api::Json;
using Reason = api::Finding::Reason;

Rejection wrong_at(std::string field, std::string message) {
  auto causes = Json::array(
      {Json::object({{"reason", "FieldValueInvalid"}, {"message", message}, {"field", field}})});
  return {422, "Invalid", field + ": " + message, Json::object({{"causes", std::move(causes)}})};
}

std::string name_of(const Json& item) {
  const Json* name = item.at({"metadata", "name"});
  return name != nullptr && name->is_string() ? name->string() : "";
}

const api::Kind* kind_named(const std::string& name) {
  const auto* kind = api::find_kind(name);
  const bool open = kind != nullptr && kind->name == name && kind->spec != nullptr &&
                    kind->door == api::Kind::Door::open;
  return open ? kind : nullptr;
}

/// What is wrong with one item by itself.
std::optional<Rejection> judge(const Json& item) {
  if (!item.is_object()) return wrong_at("", "Invalid value: must be of type object");
  const auto version = item.text_at("apiVersion");
  if (version != api::kApiVersion)
    return wrong_at("apiVersion", "Unsupported value: " + base::quoted(version) +
                                      ": supported values: \"orch/v1\"");
  const auto said = item.text_at("kind");
  const auto* kind = kind_named(said);
  if (kind == nullptr)
    return wrong_at("kind",
                    "Unsupported value: " + base::quoted(said) + ": no such kind in orch/v1");
  // A system's label that the object has already may come along; the core decides about those.
  auto findings = api::check_object(item, *kind);
  std::erase_if(findings, [](const api::Finding& f) {
    return f.reason == Reason::forbidden && f.path.starts_with("metadata.labels");
  });
  if (findings.empty()) return std::nullopt;
  return invalid(*kind, name_of(item), findings);
}

std::string_view verb_text(Admitted::What what) {
  switch (what) {
    case Admitted::What::created: return "created";
    case Admitted::What::configured: return "configured";
    default: return "unchanged";
  }
}

void add_causes(Json& causes, std::size_t index, const Rejection& r) {
  const auto at = "items[" + std::to_string(index) + "]";
  const Json* own = r.details.find("causes");
  if (own == nullptr || !own->is_array() || own->items().empty()) {
    causes.push(Json::object({{"reason", r.reason}, {"message", r.message}, {"field", at}}));
    return;
  }
  for (auto cause : own->items()) {
    const auto field = cause.text_at("field");
    cause.set("field", field.empty() ? at : at + "." + field);
    causes.push(std::move(cause));
  }
}

}  // namespace

std::variant<Batch, Rejection> read_batch(const Json& list) {
  const Json* items = list.find("items");
  if (list.text_at("kind") != "List" || items == nullptr || !items->is_array())
    return bad_request(
        "a batch is a List: {\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[…]}");
  if (items->items().empty()) return bad_request("the batch has no items");
  if (items->items().size() > base::limits::kDocuments)
    return bad_request("the batch has " + std::to_string(items->items().size()) +
                       " items, the limit is " + std::to_string(base::limits::kDocuments));
  Batch batch;
  batch.size = items->items().size();
  std::map<std::pair<std::string, std::string>, std::size_t> first;
  for (std::size_t i = 0; i < batch.size; ++i) {
    const auto& item = items->items()[i];
    if (auto wrong = judge(item)) {
      batch.wrong.emplace_back(i, std::move(*wrong));
      continue;
    }
    WriteOp op;
    op.verb = WriteOp::Verb::apply;
    op.kind = item.text_at("kind");
    op.name = name_of(item);
    op.body = item;
    const auto [twin, fresh] = first.try_emplace({op.kind, op.name}, i);
    if (!fresh) {
      batch.wrong.emplace_back(
          i, wrong_at("metadata.name", "Duplicate value: " + base::quoted(op.name) + ": items[" +
                                           std::to_string(twin->second) + "] is the same object"));
      continue;
    }
    batch.ops.push_back(std::move(op));
    batch.index.push_back(i);
  }
  return batch;
}

Rejection one_refusal(const std::vector<std::pair<std::size_t, Rejection>>& wrong,
                      std::size_t size) {
  Rejection out{0, "", "", {}};
  auto sorted = wrong;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  auto causes = Json::array();
  std::string list;
  for (const auto& [index, r] : sorted) {
    if (r.code > out.code) {
      out.code = r.code;
      out.reason = r.reason;
    }
    list += (list.empty() ? "" : "; ") + ("items[" + std::to_string(index) + "]: " + r.message);
    add_causes(causes, index, r);
  }
  out.message = std::to_string(sorted.size()) + " of " + std::to_string(size) +
                " objects are refused and nothing was applied: " + base::clipped(list, 8192);
  out.details = Json::object({{"kind", "List"}, {"causes", std::move(causes)}});
  return out;
}

Json batch_result(const Batch& batch, const WriteOutcome& outcome) {
  auto items = Json::array();
  auto warnings = Json::array();
  std::vector<std::string> fulfilled;
  for (const auto& op : batch.ops)
    fulfilled.push_back(op.kind + " " + base::quoted(op.name) + " does not exist (yet)");
  const auto is_moot = [&](const std::string& warning) {
    return std::any_of(fulfilled.begin(), fulfilled.end(),
                       [&](const std::string& end) { return warning.ends_with(end); });
  };
  for (std::size_t i = 0; i < batch.ops.size(); ++i) {
    const auto& done = std::get<Admitted>(outcome.admissions[i]);
    const Json* version = done.object.at({"metadata", "resourceVersion"});
    items.push(Json::object({{"verb", verb_text(done.what)},
                             {"kind", batch.ops[i].kind},
                             {"name", batch.ops[i].name},
                             {"resourceVersion", version != nullptr ? *version : Json("")}}));
    for (const auto& w : done.warnings)
      if (!is_moot(w)) warnings.push(batch.ops[i].kind + "/" + batch.ops[i].name + ": " + w);
  }
  return Json::object({{"kind", "BatchResult"},
                       {"apiVersion", api::kApiVersion},
                       {"items", std::move(items)},
                       {"warnings", std::move(warnings)}});
}

void apply_batch(const CallPtr& call, Rounds& rounds) {
  auto body = read_body(*call, "batch", base::limits::kNodes);
  if (const auto* wrong = std::get_if<Rejection>(&body)) return call->refuse(*wrong);
  const auto run = dry_run_of(call->request);
  if (run.rejection) return call->refuse(*run.rejection);
  auto read = read_batch(std::get<Json>(body));
  if (const auto* wrong = std::get_if<Rejection>(&read)) return call->refuse(*wrong);
  auto batch = std::make_shared<Batch>(std::move(std::get<Batch>(read)));
  if (batch->ops.empty()) return call->refuse(one_refusal(batch->wrong, batch->size));
  WriteRequest request;
  request.asker = call->asker();
  request.ops = batch->ops;
  // With something wrong already, the rest is only asked what else is.
  if (run.run == DryRun::Run::dry || !batch->wrong.empty()) request.run = WriteRequest::Run::dry;
  rounds.write(std::move(request), [call, batch](WriteAnswer answer) {
    if (const auto* lost = std::get_if<Rejection>(&answer)) return call->refuse(*lost);
    const auto& outcome = std::get<WriteOutcome>(answer);
    for (std::size_t i = 0; i < outcome.admissions.size(); ++i)
      if (const auto* refused = std::get_if<Rejection>(&outcome.admissions[i]))
        batch->wrong.emplace_back(batch->index[i], *refused);
    if (!batch->wrong.empty()) return call->refuse(one_refusal(batch->wrong, batch->size));
    call->answer(200, batch_result(*batch, outcome));
  });
}

}  // namespace controller
