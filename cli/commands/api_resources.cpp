// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/print.hpp"
#include "cli/resource.hpp"

namespace cli {
namespace {

using api::Json;

std::string short_names(const api::Kind& kind) {
  std::string out;
  for (const auto name : kind.short_names)
    out += (out.empty() ? "" : ",") + std::string(name);
  return out;
}

Json json_of(const api::Kind& kind) {
  auto names = Json::array();
  for (const auto name : kind.short_names)
    names.push(name);
  return Json::object({{"name", kind.plural},
                       {"singularName", kind.singular},
                       {"shortNames", std::move(names)},
                       {"apiVersion", api_version_of(kind)},
                       {"kind", kind.name},
                       {"doc", kind.doc}});
}

}  // namespace

base::Exit run_api_resources(Session& session) {
  Grid grid({{"NAME"}, {"SHORTNAMES"}, {"APIVERSION"}, {"KIND"}, {"WHAT"}});
  auto resources = Json::array();
  for (const auto& kind : api::kinds()) {
    if (kind.door != api::Kind::Door::open) continue;
    resources.push(json_of(kind));
    grid.add({std::string(kind.plural), short_names(kind), api_version_of(kind),
              std::string(kind.name), std::string(kind.doc)});
    if (session.global.format == Format::name) session.console.out(full_name(kind) + "\n");
  }
  if (wants_value(session))
    print_value(session, Json::object({{"kind", "APIResourceList"}, {"resources", resources}}));
  else if (session.global.format != Format::name)
    session.console.out(grid.text(Grid::Heads::shown));
  return base::Exit::done;
}

}  // namespace cli
