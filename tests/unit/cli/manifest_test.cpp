// SPDX-License-Identifier: Apache-2.0
#include "cli/manifest.hpp"

#include "base/text.hpp"

#include <gtest/gtest.h>

namespace cli {
namespace {

const std::string kRun =
    "apiVersion: orch/v1\nkind: BenchRun\nmetadata: {name: a}\nspec: {bench: b, model: m}\n";

std::vector<std::string> complaints_of(const std::string& text, Held held = Held::whole) {
  Manifests manifests;
  add_manifests("f.yaml", text, held, manifests);
  return manifests.complaints;
}

TEST(Manifests, AreReadAndKeepTheirOrder) {
  Manifests manifests;
  add_manifests("f.yaml",
                kRun + "---\n---\n# nothing\n---\n" +
                    "apiVersion: orch/v1\nkind: Machine\nmetadata: {name: m}\n",
                Held::whole, manifests);
  EXPECT_EQ(manifests.complaints, std::vector<std::string>{});
  ASSERT_EQ(manifests.list.size(), 2U);
  EXPECT_EQ(manifests.list[0].kind->name, "BenchRun");
  EXPECT_EQ(manifests.list[1].name, "m");
}

TEST(Manifests, EveryComplaintHasItsPlace) {
  struct Case {
    std::string text;
    std::vector<std::string> says;
  };
  const Case cases[] = {
      {"apiVersion: orch/v1\nkind: BenchRunn\nmetadata: {name: a}\n",
       {"f.yaml:2:1: kind: unknown kind \"BenchRunn\"; did you mean \"BenchRun\"?"}},
      {"apiVersion: orch/v1\nkind: benchrun\nmetadata: {name: a}\n",
       {"f.yaml:2:1: kind: unknown kind \"benchrun\"; did you mean \"BenchRun\"?"}},
      {"apiVersion: orch/v1\nkind: Claim\nmetadata: {name: a}\n",
       {"f.yaml:2:1: kind: unknown kind \"Claim\"; known are Machine, MachineGroup, Runtime, "
        "Model, "
        "ModelDeployment, Bench, BenchRun"}},
      {"kind: Machine\nmetadata: {name: a}\n",
       {"f.yaml:1:1: Machine/a: apiVersion: Required value: \"orch/v1\""}},
      {"apiVersion: 1\nkind: [x]\nmetadata: {name: a}\n",
       {"f.yaml:1:1: apiVersion: Invalid value: must be of type string",
        "f.yaml:2:1: kind: Invalid value: must be of type string"}},
      {"apiVersion: orch/v2\nkind: Machine\nmetadata: {name: a}\nspec: {sandboxs: 1}\n",
       {"f.yaml:1:1: Machine/a: apiVersion: unknown version \"orch/v2\"; did you mean \"orch/v1\"?",
        "f.yaml:4:8: Machine/a: spec.sandboxs: unknown field; did you mean \"sandboxes\"?"}},
      {"- a\n", {"f.yaml:1:1: a manifest is a map with apiVersion, kind, metadata and spec"}},
      {kRun + "---\na: *x\n---\n" + kRun,
       {"f.yaml:6:4: aliases are not allowed (\"*x\")",
        "f.yaml:10:12: BenchRun/a: metadata.name: Duplicate value: \"a\": also in f.yaml:3"}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(complaints_of(c.text), c.says);
  }
}

TEST(Manifests, AListIsItsItems) {
  const std::string list =
      "apiVersion: v1\nkind: List\nitems:\n"
      "- {apiVersion: orch/v1, kind: Machine, metadata: {name: a}}\n"
      "- apiVersion: orch/v1\n  kind: Machine\n  metadata: {name: b}\n  spec:\n    rolls: []\n";
  EXPECT_EQ(complaints_of(list),
            std::vector<std::string>{
                "f.yaml:9:5: Machine/b: spec.rolls: unknown field; did you mean \"roles\"?"});
  Manifests manifests;
  add_manifests("f.yaml", list, Held::whole, manifests);
  ASSERT_EQ(manifests.list.size(), 2U);
  EXPECT_EQ(manifests.list[1].complaint("spec.rolls", "x"), "f.yaml:9:5: Machine/b: spec.rolls: x");
}

TEST(Manifests, JsonIsAManifestToo) {
  EXPECT_EQ(complaints_of(R"({"apiVersion":"orch/v1","kind":"Machine","metadata":{"name":"a"}})"),
            std::vector<std::string>{});
}

TEST(Manifests, ToDeleteThemOnlyTheirIdentityIsNeeded) {
  const std::string text =
      "apiVersion: orch/v1\nkind: Machine\nmetadata: {name: a}\nspec: {x: 1}\n";
  EXPECT_EQ(complaints_of(text, Held::identity), std::vector<std::string>{});
  EXPECT_EQ(complaints_of("apiVersion: orch/v1\nkind: Machine\n", Held::identity).size(), 1U);
}

TEST(Manifests, WhatTheServerGaveBackIsAManifest) {
  EXPECT_EQ(complaints_of("apiVersion: orch/v1\nkind: BenchRun\n"
                          "metadata: {name: a, uid: u, resourceVersion: '7', generation: 1,\n"
                          "  creationTimestamp: '2026-01-01T00:00:00Z'}\n"
                          "spec: {bench: b, model: m}\nstatus: {phase: Running}\n"),
            std::vector<std::string>{});
}

}  // namespace
}  // namespace cli
