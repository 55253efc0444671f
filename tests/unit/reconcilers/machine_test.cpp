// SPDX-License-Identifier: Apache-2.0
#include "reconcilers/machine.hpp"

#include "tests/support/world.hpp"

#include <gtest/gtest.h>

namespace reconcilers::machine_test {
namespace {

using namespace support;  // NOLINT: the words that build worlds

Plan judged(const World& world, base::Moment now = kNow) {
  return reconcile_machine(world, "a", kPolicy, now);
}

/// The world after the plan's status was stored.
World stored(World world, const Plan& plan) {
  const auto* status = machine_status(plan);
  if (status == nullptr) return world;
  return changed(std::move(world), &World::machines, "a", [&](auto& m) { m.status = *status; });
}

World settled(World world, base::Moment now = kNow) {
  const auto plan = judged(world, now);
  return stored(std::move(world), plan);
}

std::string ready(const World& world, base::Moment now = kNow) {
  return condition(settled(world, now).machines.find("a")->status.conditions, "Ready");
}

TEST(Machine, ReadyFollowsFromSilenceAlone) {
  const auto alive = lab({machine("a")});
  struct Case {
    const char* name;
    World world;
    std::string ready;
  };
  const Case cases[] = {
      {"it reports", alive, "True/AgentReports"},
      {"just within the bound", heard_before(alive, "a", base::Duration{89'999}),
       "True/AgentReports"},
      {"at the bound", heard_before(alive, "a", base::seconds(90)), "Unknown/AgentSilent"},
      {"in the 91st second", heard_before(alive, "a", base::seconds(91)), "Unknown/AgentSilent"},
      {"nobody ever joined", with(lab({}), machine("a")), "Unknown/NotJoined"},
      {"not heard since the start, but the controller has just begun to listen",
       unheard(alive, "a"), ""},
      {"not heard since the start, and it listened long enough",
       heard_before(unheard(alive, "a"), "a", base::seconds(90)), "Unknown/AgentSilent"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(ready(c.world), c.ready);
  }
}

TEST(Machine, AfterAStartTheLastWordStandsUntilItCanBeJudged) {
  for (const auto* before : {"True", "Unknown"}) {
    SCOPED_TRACE(before);
    const auto known =
        changed(unheard(lab({machine("a")}), "a"), &World::machines, "a", [&](auto& m) {
          m.status.conditions = {{"Ready", before, "Old", "", {}, 1}};
        });
    EXPECT_EQ(ready(known), std::string(before) + "/Old");
  }
}

TEST(Machine, TheBoundIsThePolicys) {
  const Policy quick{base::seconds(1), base::seconds(6)};
  const auto world = heard_before(lab({machine("a")}), "a", base::seconds(6));
  EXPECT_EQ(
      condition(machine_status(reconcile_machine(world, "a", quick, kNow))->conditions, "Ready"),
      "Unknown/AgentSilent");
}

TEST(Machine, WhatTheAgentSeesIsTheStatus) {
  auto world = serving(holding(lab({machine("a")}), "d", "a"), "d", "a", api::ServerPhase::hot);
  auto& report = *world.contacts.at("a").report;
  report.agent_version = "0.1.0";
  report.boot_id = "boot-2";
  report.facts.cores = 2;
  report.live = {{"uid-r", 3}};
  const auto after = *settled(world).machines.find("a");
  EXPECT_EQ(after.status.agent_version, "0.1.0");
  EXPECT_EQ(after.status.boot_id, "boot-2");
  EXPECT_EQ(after.status.facts.cores, 2);
  EXPECT_EQ(after.status.processes, report.processes);
  ASSERT_EQ(after.status.claims.size(), 1u);
  EXPECT_EQ(after.status.claims[0].name, "d");
  EXPECT_EQ(after.status.claims[0].epoch, (api::Epoch{kTerm, 50}));
  EXPECT_EQ(after.status.observed_generation, 1);
}

TEST(Machine, ABareBeatChangesNothing) {
  auto world = settled(lab({machine("a")}));
  EXPECT_EQ(told(judged(world)), "");
  auto& contact = world.contacts.at("a");
  contact.heard = kNow.steady + base::seconds(15);
  contact.report->sequence += 1;
  contact.report->live = {{"uid-r", 7}};
  EXPECT_EQ(told(judged(world, after(base::seconds(16)))), "");
}

TEST(Machine, WhenItFallsSilentWhatWasSeenLastStays) {
  auto world = serving(holding(lab({machine("a")}), "d", "a"), "d", "a", api::ServerPhase::hot);
  world = settled(std::move(world));
  const auto plan = judged(world, after(base::seconds(90)));
  ASSERT_NE(machine_status(plan), nullptr);
  EXPECT_EQ(machine_status(plan)->processes.size(), 1u);
  EXPECT_EQ(plan.because.reason, "AgentSilent");
  const auto& event = std::get<RecordEvent>(plan.changes.at(1));
  EXPECT_EQ(event.type + "/" + event.reason, "Warning/NotReady");
}

TEST(Machine, TheTimeOfAConditionMovesWithItsStatusOnly) {
  const auto world = settled(lab({machine("a")}));
  const auto since = [](const World& w) {
    return api::find_condition(w.machines.find("a")->status.conditions, "Ready")->since;
  };
  auto beat = world;
  beat.contacts.at("a").heard = kNow.steady + base::seconds(60);
  EXPECT_EQ(since(settled(beat, after(base::seconds(60)))), since(world));
  const auto lost = settled(world, after(base::seconds(91)));
  EXPECT_EQ(since(lost).at, kNow.wall + base::seconds(91));
}

TEST(Machine, ItLooksAgainWhenItWouldBeSilent) {
  const auto world = settled(lab({machine("a")}));
  EXPECT_EQ(judged(world).look_again, base::seconds(90));
  EXPECT_EQ(judged(world, after(base::seconds(60))).look_again, base::seconds(30));
  EXPECT_FALSE(judged(world, after(base::seconds(90))).look_again);
  EXPECT_FALSE(judged(with(lab({}), machine("a"))).look_again);
}

TEST(Machine, DrainAndHoldAreSaidAndAHoldEndsByItself) {
  const auto draining = [](const World& world, base::Moment now = kNow) {
    return condition(settled(world, now).machines.find("a")->status.conditions, "Draining");
  };
  const auto plain = lab({machine("a")});
  EXPECT_EQ(draining(plain), "") << "nothing that never happened";
  const auto drain = changed(plain, &World::machines, "a", [](auto& m) { m.spec.drain = true; });
  EXPECT_EQ(draining(drain), "True/Asked");
  const auto message = [](const World& world) {
    return api::find_condition(settled(world).machines.find("a")->status.conditions, "Draining")
        ->message;
  };
  EXPECT_EQ(message(drain), "nothing runs here");
  EXPECT_EQ(message(holding(drain, "d", "a")), "waits for what runs here");

  auto hold = changed(plain, &World::machines, "a", [](auto& m) {
    m.spec.hold = {{kNow.wall + base::seconds(20)}, ""};
  });
  EXPECT_EQ(draining(hold), "True/Asked");
  EXPECT_EQ(judged(hold).look_again, base::seconds(20));
  hold = settled(std::move(hold));
  EXPECT_EQ(draining(hold, after(base::seconds(20))), "False/NotAsked");
}

TEST(Machine, ARefusedDriverIsSaidAndTakenBack) {
  const auto pinned = [](const char* version) {
    auto world = changed(lab({machine("a")}), &World::machines, "a", [](auto& m) {
      m.spec.drivers = api::Drivers{"", "", {"590.*", "550.1"}};
    });
    world.contacts.at("a").report->facts.driver = version;
    return world;
  };
  const auto supported = [](const World& world) {
    return condition(settled(world).machines.find("a")->status.conditions, "DriverSupported");
  };
  EXPECT_EQ(supported(pinned("590.44")), "False/Refused");
  EXPECT_EQ(supported(pinned("550.1")), "False/Refused");
  EXPECT_EQ(supported(pinned("580.126.20")), "True/Allowed");
  EXPECT_EQ(supported(pinned("")), "") << "not known yet";
  EXPECT_EQ(supported(lab({machine("a")})), "") << "nobody cares";
  const auto no_pins = changed(settled(pinned("590.44")), &World::machines, "a",
                               [](auto& m) { m.spec.drivers.reset(); });
  EXPECT_EQ(supported(no_pins), "True/Allowed");
}

TEST(Machine, ADeletedOneGoesOnceNothingHoldsIt) {
  const auto held = holding(lab({deleted(machine("a"))}), "d", "a");
  EXPECT_EQ(told(judged(held)), "status machine/a");
  EXPECT_EQ(told(judged(silent(held, "a"))), "let-go Machine/a") << "else its end would never come";
  EXPECT_EQ(told(judged(lab({deleted(machine("a"))}))), "let-go Machine/a");
  EXPECT_EQ(told(judged(lab({}))), "");
}

}  // namespace
}  // namespace reconcilers::machine_test
