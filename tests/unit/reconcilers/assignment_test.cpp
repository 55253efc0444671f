// SPDX-License-Identifier: Apache-2.0
#include "reconcilers/assignment.hpp"

#include "tests/support/world.hpp"

#include <gtest/gtest.h>

namespace reconcilers::assignment_test {
namespace {

using namespace support;  // NOLINT: the words that build worlds

using Texts = std::vector<std::string>;

api::Assignment assigned(const World& world) {
  return assignment_for(world, "a", kPolicy);
}

World hot_world() {
  return hot(with(lab({machine("a")}), deployment("d", "m1")), "d", "a");
}
World with_run() {
  return bound(with(hot_world(), run("r", "m1")), "r", "d", "a", 2);
}

TEST(Assignment, SaysWhoSpeaksAndWhatItsRevisionIs) {
  const auto out = assigned(lab({machine("a")}));
  EXPECT_EQ(out.cluster, "lab");
  EXPECT_EQ(out.machine, "a");
  EXPECT_EQ(out.term, kTerm);
  EXPECT_EQ(out.revision, kRevision);
  EXPECT_EQ(out.beat.value(), base::seconds(15));
  EXPECT_EQ(out.stale_after.value(), base::seconds(90));
  EXPECT_TRUE(out.servers.empty());
  EXPECT_TRUE(out.runs.empty());
}

TEST(Assignment, TheServerOfItsClaimIsResolvedForIt) {
  auto world = hot_world();
  world = changed(std::move(world), &World::runtimes, "rt", [](auto& r) {
    r.spec.args = {"--log", "$$(port)"};
    r.spec.env = {{"A", "rt", ""}, {"B", "$(model.name)", ""}};
    r.spec.port = 8000;
  });
  world = changed(std::move(world), &World::models, "m1", [](auto& m) {
    m.spec.runtimes = {{"rt", {}, {"--ctx", "4096"}, {{"A", "model", ""}, {"T", "", "hf-token"}}}};
  });
  const auto out = assigned(world);
  ASSERT_EQ(out.servers.size(), 1u);
  const auto& server = out.servers[0];
  EXPECT_EQ(server.name, "d");
  EXPECT_EQ(server.uid, "uid-d");
  EXPECT_EQ(server.epoch, (api::Epoch{kTerm, 50}));
  EXPECT_EQ(server.command, (Texts{"serve", "/models/m1.gguf", "--port", "$(port)", "--log",
                                   "$(port)", "--ctx", "4096"}));
  EXPECT_EQ(server.env,
            (std::vector<api::EnvVar>{{"B", "m1", ""}, {"A", "model", ""}, {"T", "", "hf-token"}}));
  EXPECT_EQ(server.port, 8000);
  EXPECT_EQ(server.model_name, "m1");
  EXPECT_EQ(server.model_source, "/models/m1.gguf");
}

TEST(Assignment, NoServerWhereNoneMayRun) {
  struct Case {
    const char* name;
    World world;
    std::size_t servers;
  };
  const auto d = [](auto edit) { return changed(hot_world(), &World::deployments, "d", edit); };
  const Case cases[] = {
      {"held", hot_world(), 1},
      {"its holder must leave", released(hot_world(), "a"), 0},
      {"abandoned: should it come back, the server is kept", abandoned(hot_world(), "a"), 1},
      {"abandoned, and the deployment went elsewhere",
       holding(abandoned(hot_world(), "a"), "d", "b"), 0},
      {"deleted", d([](auto& o) { o = deleted(o); }), 0},
      {"stopped", d([](auto& o) { o.spec.state = api::Want::stopped; }), 0},
      {"another life", d([](auto& o) { o.metadata.uid = "new"; }), 0},
      {"over its maxHot, it serves until the claim is released", d([](auto& o) {
         o.status.conditions = {{"MaxHotOver", "True", "", "", {}, 1}};
       }),
       1},
      {"no deployment", holding(lab({machine("a")}), "d", "a"), 0},
      {"no runtime", edited(hot_world(), [](auto& w) { w.runtimes.erase("rt"); }), 0},
      {"no model", edited(hot_world(), [](auto& w) { w.models.erase("m1"); }), 0},
      {"the claim is on another machine",
       hot(with(lab({machine("a"), machine("b")}), deployment("d", "m1")), "d", "b"), 0},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(assigned(c.world).servers.size(), c.servers);
  }
}

TEST(Assignment, TheDigestMovesWithWhatARunningServerDependsOnOnly) {
  const auto digest = [](const World& world) { return assigned(world).servers.at(0).digest; };
  const auto rt = [](auto edit) { return changed(hot_world(), &World::runtimes, "rt", edit); };
  const auto before = digest(hot_world());
  EXPECT_EQ(before.size(), 16u);
  EXPECT_EQ(digest(rt([](auto& r) { r.spec.stop.grace = {"60s"}; })), before);
  EXPECT_EQ(digest(rt([](auto& r) { r.spec.liveness.failures = 9; })), before);
  EXPECT_NE(digest(rt([](auto& r) { r.spec.args = {"-v"}; })), before);
  EXPECT_NE(digest(rt([](auto& r) { r.spec.env = {{"A", "1", ""}}; })), before);
  EXPECT_NE(digest(rt([](auto& r) { r.spec.port = 1; })), before);
  // Where one argument ends and the next begins counts.
  EXPECT_NE(digest(rt([](auto& r) {
              r.spec.args = {"a", "b"};
            })),
            digest(rt([](auto& r) { r.spec.args = {"ab"}; })));
  EXPECT_NE(digest(rt([](auto& r) {
              r.spec.env = {{"A", "x", ""}};
            })),
            digest(rt([](auto& r) {
              r.spec.env = {{"A", "", "x"}};
            })));
}

TEST(Assignment, TheAttemptsThatAreBoundToIt) {
  auto world = changed(with_run(), &World::benches, "b", [](auto& b) {
    b.spec.env = {{"KEY", "v", ""}};
    b.spec.timeout = {"6h"};
    b.spec.resume.mode = api::ResumeMode::task_filter;
  });
  world = changed(std::move(world), &World::runs, "r", [](auto& r) {
    r.spec.seed = 7;
    r.spec.tasks = {"t1", "t3"};
  });
  world.scored["uid-r"] = {"t1"};
  const auto out = assigned(world);
  ASSERT_EQ(out.runs.size(), 1u);
  const auto& run = out.runs[0];
  EXPECT_EQ(run.name, "r");
  EXPECT_EQ(run.uid, "uid-r");
  EXPECT_EQ(run.attempt, 2);
  ASSERT_EQ(run.steps.size(), 1u);
  EXPECT_EQ(run.steps[0], (api::Step{"run", {"harness", "$(endpoint)"}}));
  EXPECT_EQ(run.env, (std::vector<api::EnvVar>{{"KEY", "v", ""}}));
  EXPECT_EQ(run.endpoint, "http://127.0.0.1:8000/v1");
  EXPECT_EQ(run.model_name, "m1");
  EXPECT_EQ(run.seed, 7);
  EXPECT_EQ(run.completed, Texts{"t1"});
  EXPECT_EQ(run.subset, (Texts{"t1", "t3"}));
  EXPECT_EQ(run.tasks.list, (Texts{"t1", "t2", "t3", "t4"}));
  EXPECT_EQ(run.parser.builtin, "jsonl");
  EXPECT_EQ(run.resume.mode, api::ResumeMode::task_filter);
  EXPECT_EQ(run.timeout.text, "6h");
}

TEST(Assignment, NoAttemptThatMustNotRun) {
  struct Case {
    const char* name;
    World world;
    std::size_t runs;
  };
  const auto r = [](auto edit) { return changed(with_run(), &World::runs, "r", edit); };
  const auto phase = [&](api::RunState p) { return r([p](auto& o) { o.status.phase = p; }); };
  const Case cases[] = {
      {"scheduled", with_run(), 1},
      {"running", phase(api::RunState::running), 1},
      {"it waits for its next attempt", phase(api::RunState::needs_retry), 0},
      {"queued", phase(api::RunState::queued), 0},
      {"succeeded", phase(api::RunState::succeeded), 0},
      {"cancelled by its spec", r([](auto& o) { o.spec.cancel = true; }), 0},
      {"deleted", r([](auto& o) { o = deleted(o); }), 0},
      {"on another machine", r([](auto& o) { o.status.machine = "b"; }), 0},
      {"its deployment is another life", r([](auto& o) { o.status.deployment_uid = "old"; }), 0},
      {"its bench is gone", edited(with_run(), [](auto& w) { w.benches.erase("b"); }), 0},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(assigned(c.world).runs.size(), c.runs);
  }
}

TEST(Assignment, StepsComeInTheirOrderAndRunsByName) {
  auto world = with_run();
  world = bound(with(std::move(world), run("q", "m1")), "q", "d", "a");
  world = changed(std::move(world), &World::benches, "b", [](auto& b) {
    b.spec.command.clear();
    b.spec.steps = {{"generate", {"g"}}, {"evaluate", {"e"}}};
  });
  const auto out = assigned(world);
  ASSERT_EQ(out.runs.size(), 2u);
  EXPECT_EQ(out.runs[0].name, "q");
  EXPECT_EQ(out.runs[1].name, "r");
  ASSERT_EQ(out.runs[1].steps.size(), 2u);
  EXPECT_EQ(out.runs[1].steps[0].name, "generate");
}

}  // namespace
}  // namespace reconcilers::assignment_test
