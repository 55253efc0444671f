// SPDX-License-Identifier: Apache-2.0
#include "cli/description.hpp"

#include "base/units.hpp"

#include <gtest/gtest.h>

namespace cli {
namespace {

const auto kNow = *base::parse_rfc3339("2026-01-01T01:00:00Z");

TEST(Description, SaysWhatWasAskedWhatIsSeenAndWhy) {
  const auto run = *api::parse_json(R"({"apiVersion":"orch/v1","kind":"BenchRun",
    "metadata":{"name":"smoke","uid":"u","generation":1,"labels":{"owner":"me"},
      "annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}"},
      "creationTimestamp":"2026-01-01T00:00:00Z"},
    "spec":{"bench":"bfcl","model":"smollm2"},
    "status":{"phase":"Running","attempt":2,"machine":"box1","deployment":"","infraAttempts":0,
      "progress":{"total":24,"done":12,"passed":8,"failed":4,"errored":1},
      "reasons":[{"machine":"box2","why":"needs 3G, has 2G"}],
      "fingerprint":{"engine":"llama.cpp b1","weights":"sha256:ab"},
      "conditions":[{"type":"Complete","status":"False","reason":"Running","message":"12 to go",
        "lastTransitionTime":"2026-01-01T00:50:00Z"}]}})");
  const std::vector<api::Json> events{
      *api::parse_json(R"({"type":"Warning","reason":"Retry","count":2,"message":"second\nline",
        "lastTimestamp":"2026-01-01T00:30:00Z"})"),
      *api::parse_json(R"({"type":"Normal","reason":"Started","message":"on box1",
        "lastTimestamp":"2026-01-01T00:20:00Z"})")};
  EXPECT_EQ(description_of(*api::find_kind("run"), run, events, kNow), R"(Name:         smoke
Kind:         BenchRun
Labels:       owner=me
Created:      2026-01-01T00:00:00Z (60m ago)
Generation:   1
Spec:
  bench: bfcl
  model: smollm2
Status:
  attempt: 2
  machine: box1
  phase: Running
Progress:
  12 of 24 scored: 8 passed, 4 failed; 1 broken by infrastructure, to run again
Reasons:
  MACHINE   WHY NOT
  box2      needs 3G, has 2G
Conditions:
  TYPE       STATUS   SINCE   REASON    MESSAGE
  Complete   False    10m     Running   12 to go
Fingerprint:
  engine:    llama.cpp b1
  weights:   sha256:ab
Events:
  TYPE      REASON    AGE   COUNT   MESSAGE
  Normal    Started   40m   1       on box1
  Warning   Retry     30m   2       second line
)");
}

TEST(Description, ShowsNothingThatNeverHappened) {
  const auto machine = *api::parse_json(
      R"({"metadata":{"name":"box1"},"spec":{},"status":{"conditions":[],"facts":{}}})");
  EXPECT_EQ(description_of(*api::find_kind("machine"), machine, {}, kNow), R"(Name:     box1
Kind:     Machine
Labels:   <none>
Events: <none>
)");
}

TEST(Description, TextOfAModelCannotActOnTheTerminal) {
  const auto run = *api::parse_json(
      "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"bench\":\"x\\u001b[2Jy\"},"
      "\"status\":{\"dir\":\"\\u009b31mred\"}}");
  const auto text = description_of(*api::find_kind("run"), run, {}, kNow);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find("\xC2\x9B"), std::string::npos);
}

}  // namespace
}  // namespace cli
