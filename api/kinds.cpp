// SPDX-License-Identifier: Apache-2.0
#include "api/kinds.hpp"

#include "api/bench.hpp"
#include "api/bench_run.hpp"
#include "api/claim.hpp"
#include "api/codec/check.hpp"
#include "api/codec/path.hpp"
#include "api/event.hpp"
#include "api/machine.hpp"
#include "api/machine_group.hpp"
#include "api/model_deployment.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace api {
namespace {

std::string condition_status(const Json& object, std::string_view type) {
  const Json* all = object.at({"status", "conditions"});
  if (all == nullptr || !all->is_array()) return {};
  for (const auto& c : all->items())
    if (c.text_at("type") == type) return c.text_at("status");
  return {};
}

Json ready_cell(const Json& object) {
  auto status = condition_status(object, "Ready");
  return status.empty() ? Json("Unknown") : Json(std::move(status));
}

Json holder_cell(const Json& object) {
  const Json* claims = object.at({"status", "claims"});
  if (claims == nullptr || !claims->is_array() || claims->items().empty()) return {};
  return claims->items().front().text_at("name");
}

Json list_cell(const Json* list) {
  if (list == nullptr || !list->is_array() || list->items().empty()) return {};
  std::string text;
  for (const auto& item : list->items())
    if (item.is_string()) text += (text.empty() ? "" : ",") + item.string();
  return text;
}

Json roles_cell(const Json& object) {
  return list_cell(object.at({"spec", "roles"}));
}
Json aliases_cell(const Json& object) {
  return list_cell(object.at({"spec", "aliases"}));
}
Json members_cell(const Json& object) {
  return list_cell(object.at({"spec", "members"}));
}
Json machines_cell(const Json& object) {
  return list_cell(object.at({"status", "machines"}));
}

Json tasks_cell(const Json& object) {
  const Json* tasks = object.at({"spec", "tasks"});
  if (tasks == nullptr) return {};
  if (const Json* list = tasks->find("list"); list != nullptr && list->is_array())
    return static_cast<std::int64_t>(list->items().size());
  const auto count = tasks->integer_at("count");
  return count > 0 ? Json(count) : Json();
}

Json progress_cell(const Json& object) {
  const Json* p = object.at({"status", "progress"});
  if (p == nullptr) return {};
  const auto total = p->integer_at("total");
  const auto done = p->integer_at("done");
  if (total == 0 && done == 0) return {};
  return std::to_string(done) + "/" + (total > 0 ? std::to_string(total) : "?");
}

/// A count of tasks; nothing before the first task has come to an end.
Json count_cell(const Json& object, std::string_view what) {
  const Json* p = object.at({"status", "progress"});
  if (p == nullptr || p->integer_at("done") + p->integer_at("errored") == 0) return {};
  return p->integer_at(what);
}

Json errored_cell(const Json& object) {
  return count_cell(object, "errored");
}

Json passed_cell(const Json& object) {
  return count_cell(object, "passed");
}

/// Why an object is not where it should be: the message of the first condition that says no.
Json why_cell(const Json& object) {
  const Json* all = object.at({"status", "conditions"});
  if (all == nullptr || !all->is_array()) return {};
  for (const auto& c : all->items())
    if (c.text_at("status") != "True" && !c.text_at("message").empty()) return c.text_at("message");
  return {};
}

/// The word for it, where the phase does not say it already.
Json run_reason_cell(const Json& object) {
  const Json* status = object.find("status");
  const Json* all = status != nullptr ? status->find("conditions") : nullptr;
  if (all == nullptr || !all->is_array()) return {};
  for (const auto& c : all->items()) {
    const auto reason = c.text_at("reason");
    if (c.text_at("status") != "True" && !reason.empty() && reason != status->text_at("phase"))
      return reason;
  }
  return {};
}

Json object_cell(const Json& event) {
  const Json* about = event.find("involvedObject");
  if (about == nullptr) return {};
  const Kind* kind = find_kind(about->text_at("kind"));
  return std::string(kind != nullptr ? kind->singular : "object") + "/" + about->text_at("name");
}

Kind machine_kind() {
  return {.name = "Machine",
          .plural = "machines",
          .singular = "machine",
          .short_names = {"m"},
          .doc = "One box: what it can run, its limits, its cost.",
          .spec = &type_of<MachineSpec>(),
          .status = &type_of<MachineStatus>(),
          .columns = {
              {.name = "Ready", .type = "string", .cell = ready_cell},
              {.name = "Class", .type = "string", .path = "spec.class"},
              {.name = "Memory", .type = "string", .path = "spec.memory"},
              {.name = "Holds", .type = "string", .cell = holder_cell},
              {.name = "Roles", .type = "string", .priority = 1, .cell = roles_cell},
              {.name = "Version", .type = "string", .path = "status.agentVersion", .priority = 1},
              {.name = "Why", .type = "string", .priority = 1, .cell = why_cell}}};
}

Kind group_kind() {
  return {.name = "MachineGroup",
          .plural = "machinegroups",
          .singular = "machinegroup",
          .short_names = {"mg"},
          .doc = "Boxes that can be claimed as one.",
          .spec = &type_of<MachineGroupSpec>(),
          .status = &type_of<PlainStatus>(),
          .columns = {{.name = "Members", .type = "string", .cell = members_cell},
                      {.name = "Memory", .type = "string", .path = "spec.memory"}},
          .acted = Kind::Acted::not_yet};
}

Kind runtime_kind() {
  return {.name = "Runtime",
          .plural = "runtimes",
          .singular = "runtime",
          .short_names = {"rt"},
          .doc = "How an engine is started, probed, warmed and stopped.",
          .spec = &type_of<RuntimeSpec>(),
          .status = &type_of<PlainStatus>(),
          .columns = {{.name = "Engine", .type = "string", .path = "spec.engine"},
                      {.name = "Driver", .type = "string", .path = "spec.driver"},
                      {.name = "Image", .type = "string", .path = "spec.image", .priority = 1}}};
}

Kind model_kind() {
  return {.name = "Model",
          .plural = "models",
          .singular = "model",
          .short_names = {"mo"},
          .doc = "A catalogue entry: weights, needs, runtimes.",
          .spec = &type_of<ModelSpec>(),
          .status = &type_of<PlainStatus>(),
          .columns = {{.name = "Family", .type = "string", .path = "spec.family"},
                      {.name = "Quantization", .type = "string", .path = "spec.quantization"},
                      {.name = "Format", .type = "string", .path = "spec.format"},
                      {.name = "Memory", .type = "string", .path = "spec.minMemory"}}};
}

Kind deployment_kind() {
  return {
      .name = "ModelDeployment",
      .plural = "modeldeployments",
      .singular = "modeldeployment",
      .short_names = {"md"},
      .doc = "Model X hot on machine Y.",
      .spec = &type_of<ModelDeploymentSpec>(),
      .status = &type_of<ModelDeploymentStatus>(),
      .columns = {{.name = "Model", .type = "string", .path = "spec.model"},
                  {.name = "Machine", .type = "string", .cell = machines_cell},
                  {.name = "Phase", .type = "string", .path = "status.phase"},
                  {.name = "Ready", .type = "string", .cell = ready_cell},
                  {.name = "Restarts", .type = "integer", .path = "status.restarts"},
                  {.name = "Endpoint", .type = "string", .path = "status.endpoint", .priority = 1},
                  {.name = "Why", .type = "string", .priority = 1, .cell = why_cell}}};
}

Kind bench_kind() {
  return {.name = "Bench",
          .plural = "benches",
          .singular = "bench",
          .short_names = {"b"},
          .doc = "A catalogue entry: harness, result parser, resume rule.",
          .spec = &type_of<BenchSpec>(),
          .status = &type_of<PlainStatus>(),
          .columns = {{.name = "Harness", .type = "string", .path = "spec.harness"},
                      {.name = "Tasks", .type = "integer", .cell = tasks_cell},
                      {.name = "Aliases", .type = "string", .cell = aliases_cell}}};
}

Kind run_kind() {
  return {
      .name = "BenchRun",
      .plural = "benchruns",
      .singular = "benchrun",
      .short_names = {"run"},
      .doc = "One bench on one model, once.",
      .spec = &type_of<BenchRunSpec>(),
      .status = &type_of<BenchRunStatus>(),
      .columns = {{.name = "Bench", .type = "string", .path = "spec.bench"},
                  {.name = "Model", .type = "string", .path = "spec.model"},
                  {.name = "Phase", .type = "string", .path = "status.phase"},
                  {.name = "Done", .type = "string", .cell = progress_cell},
                  {.name = "Errors", .type = "integer", .cell = errored_cell},
                  {.name = "Passed", .type = "integer", .cell = passed_cell},
                  {.name = "Machine", .type = "string", .path = "status.machine"},
                  {.name = "Reason", .type = "string", .cell = run_reason_cell},
                  {.name = "Attempt", .type = "integer", .path = "status.attempt", .priority = 1},
                  {.name = "Why", .type = "string", .priority = 1, .cell = why_cell}}};
}

Kind event_kind() {
  return {.name = "Event",
          .plural = "events",
          .singular = "event",
          .short_names = {"ev"},
          .doc = "What happened to an object.",
          .columns = {{.name = "Type", .type = "string", .path = "type"},
                      {.name = "Reason", .type = "string", .path = "reason"},
                      {.name = "Object", .type = "string", .cell = object_cell},
                      {.name = "Count", .type = "integer", .path = "count", .priority = 1},
                      {.name = "Message", .type = "string", .path = "message"}}};
}

Kind internal_kind(std::string_view name, std::string_view plural, std::string_view singular,
                   std::string_view doc, const Type* spec) {
  return {.name = name,
          .plural = plural,
          .singular = singular,
          .short_names = {},
          .doc = doc,
          .spec = spec,
          .status = nullptr,
          .columns = {},
          .acted = Kind::Acted::yes,
          .door = Kind::Door::internal};
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return lower(x) == lower(y);
  });
}

bool is_name_part(std::string_view text, std::size_t longest) {
  if (text.empty() || text.size() > longest) return false;
  const auto edge = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (!edge(text.front()) || !edge(text.back())) return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return edge(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_qualified_name(std::string_view key) {
  const auto slash = key.find('/');
  if (slash == std::string_view::npos) return is_name_part(key, 63);
  return base::is_dns_subdomain(key.substr(0, slash)) && is_name_part(key.substr(slash + 1), 63);
}

void check_labels(const Json& labels, Writer writer, Findings& findings) {
  if (!labels.is_object()) {
    findings.push_back(
        {"metadata.labels", "Invalid value: must be of type object", Finding::Reason::wrong_type});
    return;
  }
  for (const auto& [key, value] : labels.members()) {
    const auto path = member_path("metadata.labels", key);
    if (!is_qualified_name(key))
      findings.push_back({path,
                          "Invalid value: not a label name (at most 63 letters, digits, - _ .)",
                          Finding::Reason::invalid});
    if (writer == Writer::person && key.starts_with("orch."))
      findings.push_back({path, "labels that begin with \"orch.\" are written by the system only",
                          Finding::Reason::forbidden});
    if (!value.is_string() || (!value.string().empty() && !is_name_part(value.string(), 63)))
      findings.push_back(
          {path, "Invalid value: a label's value is a text of at most 63 letters, digits, - _ .",
           Finding::Reason::invalid});
  }
}

void check_annotations(const Json& annotations, Findings& findings) {
  std::size_t bytes = 0;
  const bool fine = annotations.is_object() &&
                    std::all_of(annotations.members().begin(), annotations.members().end(),
                                [&](const Json::Member& m) {
                                  if (!m.second.is_string()) return false;
                                  bytes += m.first.size() + m.second.string().size();
                                  return is_qualified_name(m.first);
                                });
  if (!fine)
    findings.push_back({"metadata.annotations", "Invalid value: must be texts under label names",
                        Finding::Reason::invalid});
  if (bytes > 256 * 1024)
    findings.push_back({"metadata.annotations", "Too long: may not be more than 262144 bytes",
                        Finding::Reason::too_long});
}

void check_finalizers(const Json& finalizers, Findings& findings) {
  const bool fine =
      finalizers.is_array() &&
      std::all_of(finalizers.items().begin(), finalizers.items().end(),
                  [](const Json& f) { return f.is_string() && is_qualified_name(f.string()); });
  if (!fine)
    findings.push_back({"metadata.finalizers", "Invalid value: must be a list of label names",
                        Finding::Reason::invalid});
}

}  // namespace

std::span<const Kind> kinds() {
  static const std::vector<Kind> all{
      machine_kind(),
      group_kind(),
      runtime_kind(),
      model_kind(),
      deployment_kind(),
      bench_kind(),
      run_kind(),
      event_kind(),
      internal_kind("Claim", "claims", "claim", "Who holds a machine.", &type_of<ClaimSpec>()),
      internal_kind("JoinToken", "jointokens", "jointoken", "A machine's leave to join.", nullptr)};
  return all;
}

const Kind* find_kind(std::string_view word) {
  for (const auto& kind : kinds()) {
    if (same_word(word, kind.name) || same_word(word, kind.plural) ||
        same_word(word, kind.singular))
      return &kind;
    for (const auto s : kind.short_names)
      if (same_word(word, s)) return &kind;
  }
  return nullptr;
}

Findings check_metadata(const Json& metadata, Writer writer) {
  Findings findings;
  if (!metadata.is_object()) {
    findings.push_back(
        {"metadata", "Invalid value: must be of type object", Finding::Reason::wrong_type});
    return findings;
  }
  const Json* name = metadata.find("name");
  if (name == nullptr)
    findings.push_back({"metadata.name", "Required value: name or generateName is required",
                        Finding::Reason::required});
  else if (!name->is_string() || !base::is_dns_label(name->string()))
    findings.push_back({"metadata.name",
                        "Invalid value: " +
                            (name->is_string() ? base::quoted(name->string()) : write_json(*name)) +
                            ": a name is lower-case letters, digits and '-', begins and ends with "
                            "a letter or digit, "
                            "and has at most 63 bytes",
                        Finding::Reason::invalid});
  if (const Json* labels = metadata.find("labels"); labels != nullptr && !labels->is_null())
    check_labels(*labels, writer, findings);
  if (const Json* notes = metadata.find("annotations"); notes != nullptr && !notes->is_null())
    check_annotations(*notes, findings);
  if (const Json* keys = metadata.find("finalizers"); keys != nullptr && !keys->is_null())
    check_finalizers(*keys, findings);
  return findings;
}

Findings check_object(const Json& object, const Kind& kind) {
  Findings findings;
  if (!object.is_object()) {
    findings.push_back({"", "Invalid value: must be of type object", Finding::Reason::wrong_type});
    return findings;
  }
  const std::vector<std::string_view> known{"apiVersion", "kind", "metadata", "spec", "status"};
  for (const auto& [key, value] : object.members()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const auto near = base::nearest(key, known);
    findings.push_back({member_path("", key),
                        near ? "unknown field; did you mean \"" + *near + "\"?" : "unknown field",
                        Finding::Reason::unknown_field});
  }
  const Json* metadata = object.find("metadata");
  const auto more =
      check_metadata(metadata != nullptr ? *metadata : Json::object(), Writer::person);
  findings.insert(findings.end(), more.begin(), more.end());
  if (kind.spec == nullptr) return findings;
  const Json* spec = object.find("spec");
  const auto in_spec =
      check(spec != nullptr ? *spec : Json::object(), *kind.spec, "spec", Unknown::refuse);
  findings.insert(findings.end(), in_spec.begin(), in_spec.end());
  return findings;
}

}  // namespace api
