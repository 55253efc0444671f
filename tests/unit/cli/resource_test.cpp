// SPDX-License-Identifier: Apache-2.0
#include "cli/resource.hpp"

#include "base/text.hpp"

#include <gtest/gtest.h>

namespace cli {
namespace {

/// `BenchRun:a,b Model:` of what was understood, or the refusal.
std::string shown(const std::string& line) {
  const auto targets =
      parse_targets(line.empty() ? std::vector<std::string>{} : base::split(line, ' '));
  if (targets.failure) {
    EXPECT_EQ(targets.failure->exit, base::Exit::usage);
    return targets.failure->message;
  }
  std::string out;
  for (const auto& target : targets.list)
    out += (out.empty() ? "" : " ") + std::string(target.kind->name) + ":" +
           base::join(target.names, ",");
  return out;
}

TEST(Targets, EveryWayToNameObjects) {
  struct Case {
    std::string line, means;
  };
  const Case cases[] = {
      {"benchruns", "BenchRun:"},
      {"benchrun", "BenchRun:"},
      {"run", "BenchRun:"},
      {"BenchRun", "BenchRun:"},
      {"benchruns.orch", "BenchRun:"},
      {"benchruns.v1.orch", "BenchRun:"},
      {"machines,models", "Machine: Model:"},
      {"run a b", "BenchRun:a,b"},
      {"md,run x", "ModelDeployment:x BenchRun:x"},
      {"run/a", "BenchRun:a"},
      {"run/a run/b md/c run/d", "BenchRun:a,b ModelDeployment:c BenchRun:d"},
      {"events", "Event:"},
      {"orch", "Machine: MachineGroup: Runtime: Model: ModelDeployment: Bench: BenchRun:"},
      {"all", "Machine: MachineGroup: Runtime: Model: ModelDeployment: Bench: BenchRun:"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.line);
    EXPECT_EQ(shown(c.line), c.means);
  }
}

TEST(Targets, WhatIsNotUnderstoodIsNamed) {
  struct Case {
    std::string line, says;
  };
  const Case cases[] = {
      {"", "which kind? e.g. benchruns"},
      {"benchrnus", "unknown kind \"benchrnus\"; did you mean \"benchruns\"?"},
      {"pods", "unknown kind \"pods\" (orch api-resources lists the kinds)"},
      {"claims", "unknown kind \"claims\""},
      {"mx", "unknown kind \"mx\" (orch api-resources"},
      {"run/", "\"run/\" is not KIND/NAME"},
      {"run/a/b", "\"run/a/b\" is not KIND/NAME"},
      {"run/a b", "\"b\" is not KIND/NAME"},
      {"run a md/b", "\"md/b\" is no name"},
      {"run ..", "\"..\" is no name"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.line);
    EXPECT_EQ(shown(c.line).substr(0, c.says.size()), c.says);
  }
}

TEST(Resource, PathsAreThoseOfTheApi) {
  const auto& run = *api::find_kind("run");
  const auto& event = *api::find_kind("event");
  EXPECT_EQ(collection_path(run), "/apis/orch/v1/benchruns");
  EXPECT_EQ(object_path(run, "a b?"), "/apis/orch/v1/benchruns/a%20b%3F");
  EXPECT_EQ(collection_path(event), "/api/v1/events");
  EXPECT_EQ(object_path(event, "e"), "/api/v1/namespaces/default/events/e");
  EXPECT_EQ(full_name(run), "benchrun.orch");
  EXPECT_EQ(full_name(event), "event");
}

}  // namespace
}  // namespace cli
