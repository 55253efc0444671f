// SPDX-License-Identifier: Apache-2.0
#include "controller/core/plans.hpp"

#include "tests/unit/controller/book.hpp"

#include <gtest/gtest.h>

namespace controller {
namespace {

using reconcilers::Plan;

struct Hand : Book {
  Applied apply(std::vector<reconcilers::Change> changes) {
    return apply_plan(draft, Plan{std::move(changes), {"Because", "it had to be"}, {}}, uids,
                      kWall);
  }
  bool does(reconcilers::Change change) { return apply({std::move(change)}) == Applied::something; }
  const reconcilers::World& world() const { return draft.picture().world; }
};

Hand with_deployment() {
  Hand hand;
  (void)hand.write(create(machine_json("a")));
  (void)hand.write(create(deployment_json("d", "m")));
  return hand;
}

TEST(Plans, AClaimIsTakenOnceWithAFenceThatRises) {
  auto hand = with_deployment();
  hand.draft.world().term = {2, 5};
  ASSERT_TRUE(hand.does(reconcilers::TakeClaim{"a", "d", "uid-2"}));
  const auto first = *hand.world().claims.find("a");
  EXPECT_EQ(first.spec.deployment, "d");
  EXPECT_EQ(first.spec.uid, "uid-2");
  EXPECT_EQ(first.spec.epoch, (api::Epoch{{2, 5}, first.revision}));
  EXPECT_EQ(first.spec.since.at, kWall);
  EXPECT_FALSE(hand.does(reconcilers::TakeClaim{"a", "e", "uid-9"})) << "two holders never";
  EXPECT_EQ(hand.world().claims.find("a")->spec.deployment, "d");

  ASSERT_TRUE(hand.does(reconcilers::DropClaim{"a", first.revision}));
  ASSERT_TRUE(hand.does(reconcilers::TakeClaim{"a", "d", "uid-2"}));
  EXPECT_GT(hand.world().claims.find("a")->spec.epoch, first.spec.epoch);
}

TEST(Plans, WhatWasDecidedOnAnOlderRevisionIsVoid) {
  auto hand = with_deployment();
  (void)hand.write(create(run_json("r", "m")));
  ASSERT_TRUE(hand.does(reconcilers::TakeClaim{"a", "d", "uid-2"}));
  const auto before = hand.revision();
  const reconcilers::Change stale[] = {
      reconcilers::SetMachineStatus{"a", 99, {}},
      reconcilers::SetDeploymentStatus{"d", 1, {}},
      reconcilers::SetRunStatus{"r", 1, {}},
      reconcilers::SetClaim{"a", 1, {}},
      reconcilers::DropClaim{"a", 1},
      reconcilers::AskDelete{"ModelDeployment", "d", 1},
      reconcilers::LetGo{"ModelDeployment", "d", 1},
      reconcilers::BindRun{"r", 1, "a", "d", "uid-2"},
      reconcilers::SetMachineStatus{"gone", 1, {}},
      reconcilers::DropClaim{"gone", 1},
      reconcilers::BindRun{"gone", 1, "a", "d", "uid-2"},
  };
  for (const auto& change : stale) {
    SCOPED_TRACE(change.index());
    EXPECT_FALSE(hand.does(change));
    EXPECT_EQ(hand.revision(), before);
  }
}

TEST(Plans, AStatusReplacesTheStatusAlone) {
  auto hand = with_deployment();
  api::MachineStatus status;
  status.boot_id = "b";
  ASSERT_TRUE(hand.does(reconcilers::SetMachineStatus{"a", 1, status}));
  EXPECT_EQ(hand.world().machines.find("a")->status, status);
  EXPECT_EQ(hand.world().machines.find("a")->spec.memory.text, "96G");
  EXPECT_EQ(hand.world().machines.find("a")->metadata.generation, 1);
}

TEST(Plans, ABindingIsTheNextAttempt) {
  auto hand = with_deployment();
  (void)hand.write(create(run_json("r", "m")));
  const auto revision = [&] { return hand.world().runs.find("r")->revision; };
  ASSERT_TRUE(hand.does(reconcilers::BindRun{"r", revision(), "a", "d", "uid-2"}));
  auto status = hand.world().runs.find("r")->status;
  EXPECT_EQ(status.phase, api::RunState::scheduled);
  EXPECT_EQ(status.attempt, 1);
  EXPECT_EQ(status.machine + " " + status.deployment + " " + status.deployment_uid, "a d uid-2");
  status.phase = api::RunState::needs_retry;
  status.next_retry = {kWall};
  status.reasons = {{"a", "x"}};
  ASSERT_TRUE(hand.does(reconcilers::SetRunStatus{"r", revision(), status}));
  ASSERT_TRUE(hand.does(reconcilers::BindRun{"r", revision(), "a", "d", "uid-2"}));
  status = hand.world().runs.find("r")->status;
  EXPECT_EQ(status.attempt, 2);
  EXPECT_FALSE(status.next_retry.set());
  EXPECT_TRUE(status.reasons.empty());
}

TEST(Plans, ADeploymentOfTheQueueBearsItsLabel) {
  Hand hand;
  api::ModelDeploymentSpec spec;
  spec.model = "m";
  spec.priority = 70;
  ASSERT_TRUE(hand.does(reconcilers::CreateDeployment{"m", spec}));
  const auto made = *hand.world().deployments.find("m");
  EXPECT_TRUE(reconcilers::is_from_queue(made));
  EXPECT_EQ(made.spec, spec);
  EXPECT_EQ(made.metadata.generation, 1);
  EXPECT_EQ(made.metadata.created.at, kWall);
  EXPECT_FALSE(hand.does(reconcilers::CreateDeployment{"m", spec})) << "the name is taken";
}

TEST(Plans, AskingForAnEndIsADelete) {
  auto hand = with_deployment();
  ASSERT_TRUE(hand.does(reconcilers::AskDelete{"ModelDeployment", "d", 2}));
  EXPECT_EQ(hand.world().deployments.find("d"), nullptr) << "nothing held it";
  auto held = with_deployment();
  ASSERT_TRUE(held.does(reconcilers::TakeClaim{"a", "d", "uid-2"}));
  ASSERT_TRUE(held.does(reconcilers::AskDelete{"ModelDeployment", "d", 2}));
  ASSERT_NE(held.world().deployments.find("d"), nullptr);
  EXPECT_TRUE(held.world().deployments.find("d")->deleting());
}

TEST(Plans, LettingGoTakesOurFinalizerOnly) {
  auto hand = with_deployment();
  auto body = deployment_json("e", "m");
  body["metadata"].set("finalizers", parsed(R"(["lab.example/audit"])"));
  (void)hand.write(create(body));
  hand.claim("a", "e");
  (void)hand.write(remove("ModelDeployment", "e"));
  const auto revision = [&] { return hand.world().deployments.find("e")->revision; };
  ASSERT_TRUE(hand.does(reconcilers::LetGo{"ModelDeployment", "e", revision()}));
  ASSERT_NE(hand.world().deployments.find("e"), nullptr);
  EXPECT_EQ(hand.world().deployments.find("e")->metadata.finalizers,
            std::vector<std::string>{"lab.example/audit"});
  EXPECT_FALSE(hand.does(reconcilers::LetGo{"ModelDeployment", "e", revision()}))
      << "others still hold it, and nothing is written about that again";
  ASSERT_TRUE(hand.does(reconcilers::LetGo{"ModelDeployment", "d", 2}));
  EXPECT_EQ(hand.world().deployments.find("d"), nullptr);
}

TEST(Plans, EqualEventsAreOneThatCounts) {
  auto hand = with_deployment();
  const auto tell = [&](const char* message) {
    const auto revision = hand.world().machines.find("a")->revision;
    api::MachineStatus status;
    status.boot_id = "b" + std::to_string(revision);
    return hand.apply(
        {reconcilers::SetMachineStatus{"a", revision, status},
         reconcilers::RecordEvent{"Machine", "a", "uid-1", "Warning", "NotReady", message}});
  };
  (void)tell("silent");
  (void)tell("silent");
  (void)tell("cut");
  const auto& events = hand.draft.picture().records.at("Event");
  ASSERT_EQ(events.size(), 2u);
  std::map<std::string, std::int64_t> counts;
  for (const auto& [name, record] : events) {
    const auto event = parsed(*record->bytes);
    counts[event.text_at("message")] = event.integer_at("count");
    EXPECT_EQ(event.text_at("apiVersion"), "v1");
    EXPECT_EQ(event.at({"involvedObject", "kind"})->string(), "Machine");
    EXPECT_EQ(event.at({"involvedObject", "uid"})->string(), "uid-1");
    EXPECT_EQ(event.text_at("reason"), "NotReady");
  }
  EXPECT_EQ(counts, (std::map<std::string, std::int64_t>{{"silent", 2}, {"cut", 1}}));
}

TEST(Plans, AnEventOfAVoidChangeIsNotTold) {
  auto hand = with_deployment();
  EXPECT_EQ(hand.apply({reconcilers::SetMachineStatus{"a", 99, {}},
                        reconcilers::RecordEvent{"Machine", "a", "uid-1", "Normal", "Ready", ""}}),
            Applied::nothing);
  EXPECT_FALSE(hand.draft.picture().records.contains("Event"));
}

TEST(Plans, EventsAreBoundedAndHarmless) {
  auto hand = with_deployment();
  for (int i = 0; i < 2'010; ++i) {
    const auto revision = hand.world().machines.find("a")->revision;
    api::MachineStatus status;
    status.boot_id = std::to_string(i);
    (void)hand.apply(
        {reconcilers::SetMachineStatus{"a", revision, status},
         reconcilers::RecordEvent{"Machine", "a", "uid-1", "Normal", "Ready",
                                  std::to_string(i) + std::string(5'000, 'x') + "\x1b[31m\xff"}});
  }
  const auto& events = hand.draft.picture().records.at("Event");
  EXPECT_EQ(events.size(), 2'000u);
  bool first_is_there = false;
  for (const auto& [name, record] : events) {
    EXPECT_LT(record->bytes->size(), 2'000u);
    const auto message = parsed(*record->bytes).text_at("message");
    first_is_there = first_is_there || message.starts_with("0x");
  }
  EXPECT_FALSE(first_is_there) << "the oldest go";
}

TEST(Plans, TheLogSaysWhy) {
  auto hand = with_deployment();
  (void)hand.does(reconcilers::TakeClaim{"a", "d", "uid-2"});
  const auto line = hand.draft.round().changes.back();
  EXPECT_EQ(line.who + " " + line.verb + " " + line.kind + "/" + line.name + ": " + line.because,
            "orch create Claim/a: Because: it had to be");
}

}  // namespace
}  // namespace controller
