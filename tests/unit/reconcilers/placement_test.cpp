// SPDX-License-Identifier: Apache-2.0
#include "reconcilers/scheduling/placement.hpp"

#include "tests/support/world.hpp"

#include <gtest/gtest.h>

namespace reconcilers::placement_test {
namespace {

using namespace support;  // NOLINT: the words that build worlds

struct Case {
  const char* name;
  World world;
  std::string plan;
};

void expect_all(const std::vector<Case>& cases) {
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(told(plan_placement(c.world, kPolicy, kNow)), c.plan);
  }
}

const auto kDrain = [](auto& m) { m.spec.drain = true; };
const auto kCordon = [](auto& m) { m.spec.unschedulable = true; };
const auto kHeld = [](auto& m) { m.spec.hold = {{kNow.wall + base::hours(1)}, "rendering"}; };
const auto kServerOnly = [](auto& m) { m.spec.roles = {api::Role::model_server}; };
const auto kStopped = [](auto& d) { d.spec.state = api::Want::stopped; };

/// A lab in which "d" is hot on "a" for model m1.
World settled(api::ModelDeployment d = deployment("d", "m1"), api::Machine a = machine("a")) {
  return hot(with(lab({std::move(a)}), std::move(d)), "d", "a");
}

TEST(Placement, Claims) {
  const auto d = deployment("d", "m1");
  const auto pinned = edited(d, [](auto& o) { o.spec.machine = "b"; });
  const auto small = [](auto& m) { m.spec.memory = {"1G"}; };
  expect_all({
      {"an empty lab", lab({}), ""},
      {"nothing is asked for", lab({machine("a")}), ""},
      {"settled: no change", settled(), ""},
      {"takes a free machine", with(lab({machine("a")}), d), "take a d"},
      {"the first by name that fits",
       with(lab({edited(machine("a"), small), machine("b"), machine("c")}), d), "take b d"},
      {"the one that was asked for", with(lab({machine("a"), machine("b")}), pinned), "take b d"},
      {"none fits", with(lab({edited(machine("a"), kCordon)}), d), ""},
      {"not what is stopped", with(lab({machine("a")}), edited(d, kStopped)), ""},
      {"not what is deleted", with(lab({machine("a")}), deleted(d)), ""},
      {"two deployments, two machines",
       with(lab({machine("a"), machine("b")}), {d, deployment("e", "m2")}), "take a d; take b e"},
      {"never two claims on one machine", with(lab({machine("a")}), {d, deployment("e", "m2")}),
       "take a d"},
      {"never a second claim for one deployment",
       holding(with(lab({machine("a"), machine("b")}), d), "d", "a"), ""},
      {"the machine of another is not free",
       holding(with(lab({machine("a")}), {d, deployment("e", "m2")}), "e", "a"), ""},
      {"a silent machine is not free", silent(with(lab({machine("a")}), d), "a"), ""},
      {"a machine on which somebody's server still runs is not free",
       serving(with(lab({machine("a")}), d), "gone", "a", api::ServerPhase::stopping), ""},
      {"its own old server is no stranger",
       serving(with(lab({machine("a")}), d), "d", "a", api::ServerPhase::hot), "take a d"},
  });
}

TEST(Placement, TheOrderIsPriorityThenAgeThenName) {
  const auto two = [](api::ModelDeployment x, api::ModelDeployment y) {
    return with(lab({machine("a")}), {std::move(x), std::move(y)});
  };
  const auto d = deployment("d", "m1"), e = deployment("e", "m2");
  expect_all({
      {"by name", two(d, e), "take a d"},
      {"the older one", two(d, older(e, base::seconds(1))), "take a e"},
      {"the higher priority before the older one", two(older(d, base::hours(9)), ranked(e, 51)),
       "take a e"},
      {"a run's priority counts for the deployment that it waits for",
       with(two(d, e), ranked(run("r", "m2"), 90)), "take a e"},
  });
}

TEST(Placement, AClaimIsGivenBackOnProofOnly) {
  const auto leaving = [](World world) { return released(std::move(world), "a"); };
  const auto gone = leaving(holding(lab({machine("a")}), "d", "a"));
  const auto stopped =
      hot(with(lab({machine("a")}), edited(deployment("d", "m1"), kStopped)), "d", "a");
  expect_all({
      {"not wanted any more: its holder must leave", stopped, "release a"},
      {"deleted: its holder must leave", settled(deleted(deployment("d", "m1"))), "release a"},
      {"the deployment is gone", holding(lab({machine("a")}), "d", "a"), "release a"},
      {"another life of the deployment",
       changed(settled(), &World::deployments, "d", [](auto& d) { d.metadata.uid = "uid-new"; }),
       "release a"},
      {"leaving, its server still seen", leaving(stopped), ""},
      {"leaving, the agent works on an older assignment", behind(gone, "a"), ""},
      {"leaving, the agent obeys an older controller",
       edited(gone,
              [](auto& w) {
                w.contacts.at("a").report->term = {1, 0};
              }),
       ""},
      {"leaving, the agent was not heard since the start", unheard(gone, "a"), ""},
      {"leaving, caught up and nothing seen", gone, "drop a"},
      {"leaving, another life's server is seen", serving(gone, "other", "a", api::ServerPhase::hot),
       "drop a"},
  });
}

TEST(Placement, SilentMachines) {
  const auto lost = silent(settled(), "a");
  const auto d = deployment("d", "m1");
  const auto second = with(lost, machine("b"));
  const auto moved = [&](World world) { return hot(with(std::move(world), d), "d", "b"); };
  const auto two = lab({machine("a"), machine("b")});
  expect_all({
      {"its claim is set aside", lost, "set-aside a"},
      {"once", abandoned(lost, "a"), ""},
      {"a claim that was leaving too", released(lost, "a"), "release a"},
      {"89.999 s are not silence", heard_before(settled(), "a", base::Duration{89'999}), ""},
      {"90 s are", heard_before(settled(), "a", base::Duration{90'000}), "set-aside a"},
      {"not heard since the start is not silence", unheard(settled(), "a"), ""},
      {"back, and still wanted there", abandoned(settled(), "a"), "take-back a"},
      {"back, not heard yet", unheard(abandoned(settled(), "a"), "a"), ""},
      {"back, but it went elsewhere", abandoned(holding(moved(two), "d", "a"), "a"), "release a"},
      {"back, but not wanted any more",
       abandoned(settled(edited(deployment("d", "m1"), kStopped)), "a"), "release a"},
      {"back, but the machine drains",
       abandoned(settled(deployment("d", "m1"), edited(machine("a"), kDrain)), "a"), "release a"},
      {"two are back at once: one of them is enough",
       abandoned(abandoned(holding(holding(with(two, d), "d", "a"), "d", "b"), "a"), "b"),
       "take-back a; release b"},
  });
  // The deployment goes elsewhere while the claim guards the silent machine.
  auto elsewhere = abandoned(silent(settled(), "a"), "a");
  elsewhere = with(std::move(elsewhere), machine("b"));
  elsewhere.contacts["b"] = lab({machine("b")}).contacts.at("b");
  EXPECT_EQ(told(plan_placement(elsewhere, kPolicy, kNow)), "take b d");
  // The silent one comes back in the very moment in which another is free: never both.
  elsewhere.contacts.at("a").heard = kNow.steady;
  EXPECT_EQ(told(plan_placement(elsewhere, kPolicy, kNow)), "take-back a");
}

TEST(Placement, AClaimStaysUntilItsServerIsProvedGoneWhateverPeopleDelete) {
  const auto gone_machine = holding(lab({}), "d", "a");
  const auto silent_deleted = silent(settled(deployment("d", "m1"), deleted(machine("a"))), "a");
  expect_all({
      {"a machine that is deleted gives its holder away",
       settled(deployment("d", "m1"), deleted(machine("a"))), "release a"},
      {"a machine that is gone and was never heard of", gone_machine, "set-aside a"},
      {"a machine that is deleted and silent", silent_deleted, "set-aside a"},
      {"a machine that is deleted and was abandoned before", abandoned(silent_deleted, "a"), ""},
      {"a machine that is gone but was heard a moment ago",
       edited(released(holding(lab({machine("a")}), "d", "a"), "a"),
              [](auto& w) { w.machines.erase("a"); }),
       "drop a"},
  });
}

TEST(Placement, CordonDrainAndHold) {
  const auto on = [](auto edit) {
    return settled(deployment("d", "m1"), edited(machine("a"), edit));
  };
  const auto in_run = [&](World world) {
    return bound(with(std::move(world), run("r", "m1")), "r", "d", "a");
  };
  const auto waiting = [](World world) { return with(std::move(world), run("r", "m1")); };
  const auto over = [](auto& m) { m.spec.hold = {{kNow.wall - base::seconds(1)}, "rendering"}; };
  expect_all({
      {"cordon: what is hot stays", on(kCordon), ""},
      {"cordon: no run begins", waiting(on(kCordon)), ""},
      {"drain: the server goes", on(kDrain), "release a"},
      {"drain: no run begins", waiting(on(kDrain)), "release a"},
      {"drain: not inside a run", in_run(on(kDrain)), ""},
      {"hold: as drain", on(kHeld), "release a"},
      {"hold: not inside a run", in_run(on(kHeld)), ""},
      {"a hold that is over", waiting(on(over)), "bind r a d"},
      {"another machine was asked for: it moves",
       settled(edited(deployment("d", "m1"), [](auto& d) { d.spec.machine = "b"; })), "release a"},
      {"the selector does not match any more: it moves",
       settled(edited(deployment("d", "m1"),
                      [](auto& d) {
                        d.spec.selector = api::Selector{{"pro6000"}, {}};
                      })),
       "release a"},
      {"not in the group any more: it moves",
       settled(edited(deployment("d", "m1"), [](auto& d) { d.spec.machine_group = "g"; })),
       "release a"},
      {"a move waits for the end of the run",
       in_run(settled(edited(deployment("d", "m1"), [](auto& d) { d.spec.machine = "b"; }))), ""},
      {"a run that is cancelled holds up nothing",
       changed(in_run(on(kDrain)), &World::runs, "r", [](auto& r) { r.spec.cancel = true; }),
       "release a"},
      {"who deletes a deployment means it, run or not",
       in_run(settled(deleted(deployment("d", "m1")))), "release a"},
  });
}

TEST(Placement, MaxHotEndsBetweenRuns) {
  const auto over = [](auto& d) {
    d.status.conditions = {{"MaxHotOver", "True", "MaxHot", "", {}, 1}};
  };
  const auto d = deployment("d", "m1");
  const auto world = changed(settled(d), &World::deployments, "d", over);
  expect_all({
      {"idle: it leaves", world, "release a"},
      {"inside a run: it stays", bound(with(world, run("r", "m1")), "r", "d", "a"), ""},
      {"inside a run: no other begins",
       bound(with(changed(world, &World::machines, "a", [](auto& m) { m.spec.bench_slots = 2; }),
                  {run("r", "m1"), run("s", "m1")}),
             "r", "d", "a"),
       ""},
      {"a new spec is a new word",
       changed(world, &World::deployments, "d", [](auto& o) { o.metadata.generation = 2; }), ""},
  });
}

TEST(Placement, RunsBringTheirModel) {
  const auto free = lab({machine("a")});
  const auto r = run("r", "m1");
  const auto placed = [](auto edit) {
    return edited(run("r", "m1"), [edit](auto& o) {
      o.spec.placement = api::Placement{};
      edit(*o.spec.placement);
    });
  };
  const auto pinned = placed([](auto& p) { p.machine = "b"; });
  const auto two = lab({machine("a"), machine("b")});
  const auto cancelled = edited(r, [](auto& o) { o.spec.cancel = true; });
  const auto without_bench = edited(r, [](auto& o) { o.spec.bench = "nope"; });
  const auto taken_name = with(free, deleted(deployment("m1", "m2")));
  expect_all({
      {"a deployment is made", with(free, r), "create m1"},
      {"where the run was asked for", with(two, pinned), "create m1 on b"},
      {"one for two runs", with(two, {r, run("s", "m1")}), "create m1"},
      {"one for each model, while machines last", with(two, {r, run("s", "m2"), run("t", "m3")}),
       "create m1; create m2"},
      {"a name that is taken", with(taken_name, r), "create m1-r"},
      {"none when one is wanted already", with(with(free, deployment("d", "m1")), r), "take a d"},
      {"none when one is hot", with(settled(), r), "bind r a d"},
      {"none for a run that is cancelled", with(free, cancelled), ""},
      {"none for a run that is deleted", with(free, deleted(r)), ""},
      {"none for a run whose bench does not exist", with(free, without_bench), ""},
      {"none where no bench may run", with(lab({edited(machine("a"), kServerOnly)}), r), ""},
      {"it takes its machine like every other", with(with(free, made_by_queue("m1", "m1")), r),
       "take a m1"},
      {"nobody waits for it any more", with(free, made_by_queue("m1", "m1")), "delete m1"},
      {"nobody waits for it any more, and its machine is lost",
       abandoned(silent(settled(made_by_queue("d", "m1")), "a"), "a"), "delete d"},
      {"once hot it stays until its machine is needed", settled(made_by_queue("d", "m1")), ""},
  });
}

TEST(Placement, ADeploymentThatCanGoNowhereKeepsNoRunFromAnotherMachine) {
  const auto d = edited(deployment("d", "m1"), [](auto& o) { o.spec.machine = "a"; });
  const auto r = run("r", "m1");
  const auto two = lab({machine("a"), machine("b")});
  expect_all({
      {"its machine is lost", with(with(silent(two, "a"), d), r), "create m1"},
      {"its machine is only not heard yet", with(with(unheard(two, "a"), d), r), ""},
      {"its machine hosts no bench",
       with(hot(with(lab({edited(machine("a"), kServerOnly), machine("b")}), d), "d", "a"), r),
       "create m1"},
      {"its machine is cordoned",
       with(hot(with(lab({edited(machine("a"), kCordon), machine("b")}), d), "d", "a"), r),
       "create m1"},
      {"its machine, hot, is only not heard yet",
       with(unheard(hot(with(two, d), "d", "a"), "a"), r), ""},
  });
}

TEST(Placement, MakingRoom) {
  const auto idle = settled(made_by_queue("d", "m1"));
  const auto own = settled();
  const auto wish = deployment("w", "m2");
  const auto in_run = [](World world, std::int64_t slots = 1) {
    world = changed(std::move(world), &World::machines, "a",
                    [slots](auto& m) { m.spec.bench_slots = slots; });
    return bound(with(std::move(world), run("r", "m1")), "r", "d", "a");
  };
  const auto queued = [](World world, std::int64_t priority) {
    return with(std::move(world), ranked(run("q", "m1"), priority));
  };
  const auto two_idle =
      hot(with(hot(with(lab({machine("a"), machine("b")}), made_by_queue("d", "m1")), "d", "a"),
               made_by_queue("e", "m3")),
          "e", "b");
  expect_all({
      {"an idle one that nobody wrote goes, whatever its priority", with(idle, ranked(wish, 0)),
       "delete d"},
      {"for a run too", with(idle, run("s", "m2")), "delete d"},
      {"one machine for one wish", with(two_idle, wish), "delete d"},
      {"one machine for two runs of one model", with(two_idle, {run("s", "m2"), run("t", "m2")}),
       "delete d"},
      {"two machines for two models", with(two_idle, {ranked(wish, 60), deployment("v", "m2")}),
       "delete d; delete e"},
      {"never what people wrote, at equal priority", with(own, wish), ""},
      {"what people wrote, for a strictly higher one", with(own, ranked(wish, 51)), "release a"},
      {"a free machine first", with(with(idle, wish), machine("b")), "delete d"},
      {"never inside a run", with(in_run(idle), ranked(wish, 100)), ""},
      {"not while its own runs wait, at equal priority", with(queued(idle, 50), wish),
       "bind q a d"},
      {"between two of its runs, for a strictly higher one",
       with(queued(idle, 50), ranked(wish, 51)), "delete d"},
      {"not while one of its runs counts more", with(queued(own, 80), ranked(wish, 60)),
       "bind q a d"},
      {"a slot that comes free inside is not filled again while a higher one waits",
       with(queued(in_run(own, 2), 50), ranked(wish, 51)), ""},
      {"it is filled while an equal one waits", with(queued(in_run(own, 2), 50), wish),
       "bind q a d"},
      {"who makes room is asked once", with(settled(deleted(made_by_queue("d", "m1"))), wish),
       "release a"},
      {"abandoned is not room", with(abandoned(silent(idle, "a"), "a"), wish), "delete d"},
  });
  // The free machine is really there: heard and up to date.
  auto free = with(idle, wish);
  free = with(std::move(free), machine("b"));
  free.contacts["b"] = lab({machine("b")}).contacts.at("b");
  EXPECT_EQ(told(plan_placement(free, kPolicy, kNow)), "take b w");
}

TEST(Placement, WhoLeavesIsForTheFirstWhoWaits) {
  // b is on its way out; c, idle, need not go for the one wish that b will serve.
  auto world = lab({machine("b"), machine("c")});
  world = hot(with(std::move(world), deleted(made_by_queue("d", "m1"))), "d", "b");
  world = hot(with(released(std::move(world), "b"), made_by_queue("e", "m3")), "e", "c");
  const auto one = with(world, deployment("w", "m2"));
  EXPECT_EQ(told(plan_placement(one, kPolicy, kNow)), "");
  const auto two = with(one, deployment("x", "m2"));
  EXPECT_EQ(told(plan_placement(two, kPolicy, kNow)), "delete e");
}

TEST(Placement, Binds) {
  const auto r = run("r", "m1");
  const auto world = with(settled(), r);
  const auto slots = [](World w, std::int64_t n) {
    return changed(std::move(w), &World::machines, "a", [n](auto& m) { m.spec.bench_slots = n; });
  };
  const auto status = [&](auto edit) { return changed(world, &World::deployments, "d", edit); };
  const auto process = [&](auto edit) {
    auto w = world;
    edit(w.contacts.at("a").report->processes.front());
    return w;
  };
  expect_all({
      {"hot, free: bound", world, "bind r a d"},
      {"its status is not hot yet",
       status([](auto& d) { d.status.phase = api::DeploymentPhase::warming; }), ""},
      {"its server is not hot any more",
       process([](auto& p) { p.phase = api::ServerPhase::waiting; }), ""},
      {"a server of an earlier claim", process([](auto& p) { p.epoch.revision = 1; }), ""},
      {"the endpoint is about to change", process([](auto& p) { p.endpoint = "http://x/v1"; }), ""},
      {"its server is not seen",
       edited(world, [](auto& w) { w.contacts.at("a").report->processes.clear(); }), ""},
      {"the machine is not heard since the start", unheard(world, "a"), ""},
      {"one slot, two runs: the first by name", with(settled(), {r, run("s", "m1")}), "bind r a d"},
      {"one slot: by age", with(settled(), {r, older(run("s", "m1"), base::seconds(1))}),
       "bind s a d"},
      {"one slot: by priority",
       with(settled(), {older(r, base::hours(1)), ranked(run("s", "m1"), 51)}), "bind s a d"},
      {"two slots, three runs", slots(with(settled(), {r, run("s", "m1"), run("t", "m1")}), 2),
       "bind r a d; bind s a d"},
      {"a slot is taken by whoever is bound", bound(with(world, run("s", "m1")), "s", "d", "a"),
       ""},
      {"also by one that is being cancelled",
       changed(bound(with(world, run("s", "m1")), "s", "d", "a"), &World::runs, "s",
               [](auto& o) { o.spec.cancel = true; }),
       ""},
      {"not what is cancelled",
       changed(world, &World::runs, "r", [](auto& o) { o.spec.cancel = true; }), ""},
      {"not what is finished",
       changed(world, &World::runs, "r", [](auto& o) { o.status.phase = api::RunState::failed; }),
       ""},
      {"not without its bench", edited(world, [](auto& w) { w.benches.erase("b"); }), ""},
  });
}

TEST(Placement, ARunStaysOnTheBenchHostThatHoldsItsDirectory) {
  auto world = lab({machine("a"), machine("b")});
  world = hot(with(std::move(world), deployment("d", "m1")), "d", "a");
  world = bound(with(std::move(world), run("r", "m1")), "r", "d", "b", 1);
  world = changed(std::move(world), &World::runs, "r",
                  [](auto& r) { r.status.phase = api::RunState::needs_retry; });
  EXPECT_EQ(told(plan_placement(world, kPolicy, kNow)), "create m1 on b");
  EXPECT_EQ(told(plan_placement(silent(world, "b"), kPolicy, kNow)), "") << "nowhere else";
  const auto there = hot(with(world, deployment("e", "m1")), "e", "b");
  EXPECT_EQ(told(plan_placement(there, kPolicy, kNow)), "bind r b e");
}

TEST(Placement, SeveralRunsGoToSeveralMachinesAtOnce) {
  auto world = lab({machine("a"), machine("b"), machine("c")});
  world = hot(with(std::move(world), deployment("d", "m1")), "d", "a");
  world = hot(with(std::move(world), deployment("e", "m1")), "e", "b");
  world = hot(with(std::move(world), deployment("f", "m2")), "f", "c");
  world = with(std::move(world), {run("r1", "m1"), run("r2", "m1"), run("r3", "m1"),
                                  run("s1", "m2"), run("s2", "m2")});
  EXPECT_EQ(told(plan_placement(world, kPolicy, kNow)), "bind r1 a d; bind r2 b e; bind s1 c f");
}

TEST(Placement, ARetryWaitsForItsTime) {
  const auto at = [](base::Duration wait) {
    return changed(with(settled(), run("r", "m1")), &World::runs, "r", [wait](auto& r) {
      r.status.phase = api::RunState::needs_retry;
      r.status.attempt = 1;
      r.status.machine = "a";
      r.status.next_retry = {kNow.wall + wait};
    });
  };
  const auto early = plan_placement(at(base::seconds(3)), kPolicy, kNow);
  EXPECT_EQ(told(early), "");
  EXPECT_EQ(early.look_again, base::seconds(3));
  EXPECT_EQ(told(plan_placement(at({}), kPolicy, kNow)), "bind r a d");
  EXPECT_EQ(told(plan_placement(at(base::hours(400 * 24)), kPolicy, kNow)), "bind r a d")
      << "a wall clock that was set back delays nobody for longer than a back-off";
}

TEST(Placement, ItLooksAgainWhenAClaimsMachineWouldCountAsSilent) {
  const auto quiet = heard_before(settled(), "a", base::seconds(20));
  EXPECT_EQ(plan_placement(quiet, kPolicy, kNow).look_again, base::seconds(70));
  EXPECT_FALSE(plan_placement(abandoned(silent(settled(), "a"), "a"), kPolicy, kNow).look_again);
}

TEST(Placement, EveryPlanSaysWhyAndOnWhichRevision) {
  const auto plan = plan_placement(with(lab({machine("a")}), deployment("d", "m1")), kPolicy, kNow);
  EXPECT_EQ(plan.because, (Because{"Claims", "modeldeployment/d takes a"}));
  const auto leave = plan_placement(settled(deleted(deployment("d", "m1"))), kPolicy, kNow);
  EXPECT_EQ(leave.because, (Because{"Released", "modeldeployment/d leaves a"}));
  EXPECT_EQ(std::get<SetClaim>(leave.changes.at(0)).revision, 50);
  const auto room =
      plan_placement(with(settled(), ranked(deployment("w", "m2"), 51)), kPolicy, kNow);
  EXPECT_EQ(room.because, (Because{"MakesRoom", "modeldeployment/d makes room on a for w"}));
}

TEST(Placement, TheSameWorldGivesTheSamePlan) {
  auto world = lab({machine("a"), machine("b")});
  world = with(std::move(world), {run("r", "m1"), run("s", "m2"), run("t", "m3")});
  const auto first = plan_placement(world, kPolicy, kNow);
  const auto second = plan_placement(world, kPolicy, kNow);
  EXPECT_EQ(first.changes, second.changes);
  EXPECT_EQ(first.because, second.because);
}

}  // namespace
}  // namespace reconcilers::placement_test
