// SPDX-License-Identifier: Apache-2.0
#include "reconcilers/model_deployment.hpp"

#include "tests/support/world.hpp"

#include <gtest/gtest.h>

namespace reconcilers::model_deployment_test {
namespace {

using namespace support;  // NOLINT: the words that build worlds
using api::ServerPhase;

Plan judged(const World& world, base::Moment now = kNow) {
  return reconcile_model_deployment(world, "d", kPolicy, now);
}

World settled(World world, base::Moment now = kNow) {
  const auto plan = judged(world, now);
  if (const auto* status = deployment_status(plan))
    world =
        changed(std::move(world), &World::deployments, "d", [&](auto& d) { d.status = *status; });
  return world;
}

/// `Phase placed ready`
std::string state(const World& world, base::Moment now = kNow) {
  const auto after = settled(world, now);
  const auto& status = after.deployments.find("d")->status;
  return std::string(api::kDeploymentPhases[static_cast<std::size_t>(status.phase)]) + " " +
         condition(status.conditions, "Placed") + " " + condition(status.conditions, "Ready");
}

World held() {
  return holding(with(lab({machine("a")}), deployment("d", "m1")), "d", "a");
}
World seen_as(ServerPhase phase) {
  return serving(held(), "d", "a", phase);
}
World hot_world() {
  return hot(with(lab({machine("a")}), deployment("d", "m1")), "d", "a");
}
const auto kStopped = [](auto& d) { d.spec.state = api::Want::stopped; };

TEST(ModelDeployment, Phases) {
  const auto placed = std::string(" True/Claimed ");
  struct Case {
    const char* name;
    World world;
    std::string state;
  };
  const Case cases[] = {
      {"nothing holds it", with(lab({machine("a")}), deployment("d", "m1")),
       "Pending False/Scheduling False/NotPlaced"},
      {"no machine", with(lab({}), deployment("d", "m1")),
       "Pending False/NoMachine False/NotPlaced"},
      {"no model", with(lab({machine("a")}), deployment("d", "nope")),
       "Pending False/ModelNotFound False/NotPlaced"},
      {"claimed, the agent has not begun", held(), "Claimed" + placed + "False/Claimed"},
      {"a server of an earlier claim is not its",
       edited(seen_as(ServerPhase::hot),
              [](auto& w) { w.contacts.at("a").report->processes[0].epoch.revision = 1; }),
       "Claimed" + placed + "False/Claimed"},
      {"starting", seen_as(ServerPhase::starting), "Starting" + placed + "False/Starting"},
      {"warming", seen_as(ServerPhase::warming), "Warming" + placed + "False/Warming"},
      {"hot", seen_as(ServerPhase::hot), "Hot" + placed + "True/Hot"},
      {"stopping to start again", seen_as(ServerPhase::stopping),
       "Starting" + placed + "False/Stopping"},
      {"waiting to start again",
       edited(seen_as(ServerPhase::waiting),
              [](auto& w) { w.contacts.at("a").report->processes[0].reason = "PortTaken"; }),
       "Failed" + placed + "False/PortTaken"},
      {"stuck", seen_as(ServerPhase::stuck), "Failed" + placed + "False/Stuck"},
      {"its runtime is gone", edited(held(), [](auto& w) { w.runtimes.erase("rt"); }),
       "Claimed" + placed + "False/CannotStart"},
      {"its model is gone", edited(held(), [](auto& w) { w.models.erase("m1"); }),
       "Claimed" + placed + "False/CannotStart"},
      {"the machine is silent, not yet set aside: as last seen", silent(hot_world(), "a"),
       "Hot" + placed + "Unknown/MachineSilent"},
      {"not heard since the start: the last word stands",
       unheard(edited(hot_world(), [](auto& w) { w = settled(std::move(w)); }), "a"),
       "Hot" + placed + "True/Hot"},
      {"not heard since the start, and nothing was said before", unheard(hot_world(), "a"),
       "Hot" + placed + "Unknown/MachineSilent"},
      {"set aside", abandoned(silent(hot_world(), "a"), "a"),
       "Pending False/MachineLost False/NotPlaced"},
      {"asked to leave for another", released(hot_world(), "a"),
       "Pending False/Leaving False/NotPlaced"},
      {"stopped, its server still there",
       edited(hot_world(),
              [](auto& w) {
                w = changed(std::move(w), &World::deployments, "d", kStopped);
                w = released(std::move(w), "a");
              }),
       "Draining True/NotWanted False/NotWanted"},
      {"stopped", with(lab({machine("a")}), edited(deployment("d", "m1"), kStopped)),
       "Stopped False/NotWanted False/NotWanted"},
      {"deleted, its server still there",
       released(changed(hot_world(), &World::deployments, "d", [](auto& d) { d = deleted(d); }),
                "a"),
       "Draining True/Deleted False/Deleted"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(state(c.world), c.state);
    EXPECT_EQ(told(judged(settled(c.world))), "") << "said once";
  }
}

TEST(ModelDeployment, TheFiguresAreTheAgentsUnderTheSameClaimOnly) {
  auto world = seen_as(ServerPhase::hot);
  auto& process = world.contacts.at("a").report->processes[0];
  process.restarts = 2;
  process.warmup_seconds = 3.5;
  const auto hot = settled(world).deployments.find("d")->status;
  EXPECT_EQ(hot.machines, std::vector<std::string>{"a"});
  EXPECT_EQ(hot.epoch, 50);
  EXPECT_EQ(hot.endpoint, "http://127.0.0.1:8000/v1");
  EXPECT_EQ(hot.restarts, 2);
  EXPECT_EQ(hot.warmup_seconds, 3.5);
  EXPECT_EQ(hot.hot_since, process.hot_since);

  auto again = settled(world);
  again.contacts.at("a").report->processes[0].phase = ServerPhase::starting;
  EXPECT_EQ(settled(again).deployments.find("d")->status.endpoint, "")
      << "no endpoint while nothing answers";
  const auto lost = settled(abandoned(silent(settled(world), "a"), "a"));
  EXPECT_TRUE(lost.deployments.find("d")->status.machines.empty());
  EXPECT_FALSE(lost.deployments.find("d")->status.hot_since.set());
}

TEST(ModelDeployment, EveryMachineSaysWhyNot) {
  auto world = lab({machine("a"), machine("b"), machine("c"), machine("e")});
  world = with(std::move(world), deployment("d", "m1"));
  world = changed(std::move(world), &World::machines, "a",
                  [](auto& m) { m.spec.unschedulable = true; });
  world = holding(std::move(world), "other", "b");
  world = released(holding(std::move(world), "third", "c"), "c");
  world = serving(std::move(world), "gone", "e", ServerPhase::stopping);
  const auto status = settled(world).deployments.find("d")->status;
  const std::vector<api::Reason> reasons{{"a", "it is cordoned (unschedulable: true)"},
                                         {"b", "held by modeldeployment/other"},
                                         {"c", "held by modeldeployment/third, which is leaving"},
                                         {"e", "a server of modeldeployment/gone is still there"}};
  EXPECT_EQ(status.reasons, reasons);
  EXPECT_EQ(api::find_condition(status.conditions, "Placed")->message,
            "a: it is cordoned (unschedulable: true) | b: held by modeldeployment/other | c: held "
            "by modeldeployment/third, which is leaving | e: a server of modeldeployment/gone is "
            "still there");
  EXPECT_TRUE(settled(holding(world, "d", "e")).deployments.find("d")->status.reasons.empty());
}

TEST(ModelDeployment, MaxHotCountsFromHotAndHoldsForThatSpec) {
  const auto limited = [](const char* span) {
    return changed(hot_world(), &World::deployments, "d",
                   [span](auto& d) { d.spec.max_hot = {span}; });
  };
  EXPECT_EQ(judged(limited("90s")).look_again, base::seconds(30)) << "hot since a minute";
  EXPECT_EQ(state(limited("90s")), "Hot True/Claimed True/Hot");
  const auto over = settled(limited("60s"));
  EXPECT_EQ(condition(over.deployments.find("d")->status.conditions, "MaxHotOver"), "True/MaxHot");
  EXPECT_FALSE(is_wanted(*over.deployments.find("d")));
  // It goes on serving while a run holds its claim, with the endpoint that the run uses.
  EXPECT_EQ(state(over), "Hot True/Claimed True/Hot");
  EXPECT_EQ(over.deployments.find("d")->status.endpoint, "http://127.0.0.1:8000/v1");
  EXPECT_EQ(state(released(over, "a")), "Draining True/NotWanted False/NotWanted");
  // Gone and cold, it stays so.
  auto gone = released(over, "a");
  gone.claims.erase("a");
  gone.contacts.at("a").report->processes.clear();
  gone = settled(std::move(gone));
  EXPECT_EQ(state(gone, after(base::hours(9))), "Stopped False/NotWanted False/NotWanted");
  const auto renewed =
      changed(gone, &World::deployments, "d", [](auto& d) { d.metadata.generation = 2; });
  EXPECT_EQ(state(renewed), "Pending False/Scheduling False/NotPlaced");
}

TEST(ModelDeployment, ADeletedOneGoesOnceNoMachineHoldsIt) {
  const auto d = deleted(deployment("d", "m1"));
  const auto held_still = hot(with(lab({machine("a")}), d), "d", "a");
  struct Case {
    const char* name;
    World world;
    std::string plan;
  };
  const Case cases[] = {
      {"not held", with(lab({machine("a")}), d), "let-go ModelDeployment/d"},
      {"held", held_still, "status deployment/d"},
      {"leaving", released(held_still, "a"), "status deployment/d"},
      {"its machine is silent: the claim guards it, the deployment may go",
       abandoned(silent(held_still, "a"), "a"), "let-go ModelDeployment/d"},
      {"its machine is not heard since the start: it may still be proved",
       unheard(released(held_still, "a"), "a"), "status deployment/d"},
      {"its machine is gone and was never heard of", holding(with(lab({}), d), "d", "a"),
       "let-go ModelDeployment/d"},
      {"one of two machines is silent, the other holds it",
       hot(abandoned(silent(hot(with(lab({machine("a"), machine("b")}), d), "d", "a"), "a"), "a"),
           "d", "b"),
       "status deployment/d"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(told(judged(c.world)), c.plan);
  }
  EXPECT_EQ(told(judged(lab({}))), "");
}

TEST(ModelDeployment, ItLooksAgainWhenItsMachineWouldBeSilent) {
  EXPECT_EQ(judged(heard_before(held(), "a", base::seconds(50))).look_again, base::seconds(40));
  EXPECT_FALSE(judged(with(lab({machine("a")}), deployment("d", "m1"))).look_again);
}

TEST(ModelDeployment, APhaseIsToldOnceAsAnEvent) {
  const auto plan = judged(seen_as(ServerPhase::starting));
  ASSERT_EQ(plan.changes.size(), 2u);
  EXPECT_EQ(std::get<RecordEvent>(plan.changes[1]),
            (RecordEvent{"ModelDeployment", "d", "uid-d", "Normal", "Starting", "on a"}));
  const auto failed = judged(edited(seen_as(ServerPhase::waiting), [](auto& w) {
    w.contacts.at("a").report->processes[0].message = "port 8000 is held by nginx";
  }));
  const auto& event = std::get<RecordEvent>(failed.changes.at(1));
  EXPECT_EQ(event.type + "/" + event.reason + ": " + event.message,
            "Warning/Failed: port 8000 is held by nginx");
}

}  // namespace
}  // namespace reconcilers::model_deployment_test
