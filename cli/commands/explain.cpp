// SPDX-License-Identifier: Apache-2.0
#include "api/codec/openapi.hpp"
#include "api/object.hpp"
#include "cli/commands/commands.hpp"
#include "cli/resource.hpp"

namespace cli {
namespace {

/// The whole object as a record, so that paths begin where people write them: `spec.tasks`.
api::Type whole_of(const api::Kind& kind) {
  api::Type type;
  type.name = kind.name;
  type.doc = kind.doc;
  const auto add = [&type](std::string_view name, std::string_view doc, const api::Type* of) {
    if (of == nullptr) return;
    api::Field field;
    field.name = name;
    field.doc = doc;
    field.type = of;
    type.fields.push_back(field);
  };
  add("apiVersion", "Group and version: orch/v1.", &api::type_of<std::string>());
  add("kind", "The kind's name.", &api::type_of<std::string>());
  add("metadata", "What every object has.", &api::type_of<api::Meta>());
  add("spec", "What the operator wants.", kind.spec);
  add("status", "What the system observed and did.", kind.status);
  return type;
}

}  // namespace

base::Exit run_explain(Session& session, const ExplainArguments& asked) {
  const auto dot = asked.path.find('.');
  const auto found = find_open_kind(asked.path.substr(0, dot));
  if (found.failure) return fail(session, *found.failure);
  const auto path = dot == std::string::npos ? "" : asked.path.substr(dot + 1);
  const auto text = api::explain(std::string(found.kind->name), whole_of(*found.kind), path);
  if (!text) return fail(session, wrong_usage(text.error().message));
  if (wants_value(session)) {
    print_value(session, api::Json::object({{"kind", found.kind->name}, {"text", *text}}));
    return base::Exit::done;
  }
  session.console.out(*text);
  return base::Exit::done;
}

}  // namespace cli
