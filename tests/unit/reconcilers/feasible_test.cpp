// SPDX-License-Identifier: Apache-2.0
#include "reconcilers/scheduling/feasible.hpp"

#include "base/text.hpp"
#include "tests/support/world.hpp"

#include <gtest/gtest.h>

namespace reconcilers::feasible_test {
namespace {

using support::changed;
using support::edited;
using support::kNow;
using support::kPolicy;
using support::lab;
using support::machine;
using support::with;

Demand serving(std::string model = "m1") {
  Demand demand;
  demand.model = std::move(model);
  return demand;
}
Demand benching() {
  auto demand = serving();
  demand.purpose = Demand::For::benching;
  return demand;
}

std::string no(const World& world, const Demand& demand) {
  return base::join(against(world, demand, *world.machines.find("a"), kPolicy, kNow), "; ");
}

template <class Edit>
World lab_with(Edit edit) {
  return lab({edited(machine("a"), edit)});
}
template <class Edit>
World lab_for(Edit edit) {
  return changed(lab({machine("a")}), &World::models, "m1", edit);
}

struct Case {
  const char* name;
  World world;
  Demand demand;
  std::string why;  // "": it may
};

void expect_all(const std::vector<Case>& cases) {
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(no(c.world, c.demand), c.why);
  }
}

TEST(Feasible, WhereItWasAskedFor) {
  auto there = serving(), elsewhere = serving(), chosen = serving(), grouped = serving();
  there.machine = "a";
  elsewhere.machine = "z";
  chosen.selector = api::Selector{{"pro6000"}, {{"rig", "dell"}}};
  grouped.machine_group = "g";
  const auto classed = [](auto& m) { m.spec.machine_class = "pro6000"; };
  const auto labelled = [](auto& m) {
    m.spec.machine_class = "pro6000";
    m.metadata.labels["rig"] = "dell";
  };
  api::MachineGroup group;
  group.metadata.name = "g";
  group.spec.members = {"a", "b"};
  const std::string not_chosen = "the selector does not match its class or labels";
  expect_all({
      {"nothing said: anywhere", lab({machine("a")}), serving(), ""},
      {"this machine", lab({machine("a")}), there, ""},
      {"another machine", lab({machine("a")}), elsewhere,
       "not the machine that was asked for (\"z\")"},
      {"class and label match", lab_with(labelled), chosen, ""},
      {"a label is missing", lab_with(classed), chosen, not_chosen},
      {"another class", lab({machine("a")}), chosen, not_chosen},
      {"in the group", with(lab({machine("a")}), group), grouped, ""},
      {"no such group", lab({machine("a")}), grouped, "not a member of machine group \"g\""},
  });
}

TEST(Feasible, RoleReadyAndAllowed) {
  expect_all({
      {"serves only", lab_with([](auto& m) { m.spec.roles = {api::Role::model_server}; }),
       serving(), ""},
      {"serves only, for a run",
       lab_with([](auto& m) { m.spec.roles = {api::Role::model_server}; }), benching(),
       "it has no role \"bench-host\", and a run goes where its model is served"},
      {"hosts only", lab_with([](auto& m) { m.spec.roles = {api::Role::bench_host}; }), serving(),
       "it has no role \"model-server\""},
      {"no bench slot", lab_with([](auto& m) { m.spec.bench_slots = 0; }), benching(),
       "benchSlots is 0"},
      {"no bench slot, nobody wants one", lab_with([](auto& m) { m.spec.bench_slots = 0; }),
       serving(), ""},
      {"cordoned", lab_with([](auto& m) { m.spec.unschedulable = true; }), serving(),
       "it is cordoned (unschedulable: true)"},
      {"draining", lab_with([](auto& m) { m.spec.drain = true; }), serving(),
       "it is draining (drain: true)"},
      {"being deleted", lab({support::deleted(machine("a"))}), serving(), "it is being deleted"},
      {"on hold", lab_with([](auto& m) {
         m.spec.hold = {{kNow.wall + base::seconds(1)}, "rendering"};
       }),
       serving(), "it is on hold until 2027-01-15T08:00:01Z: rendering"},
      {"the hold is over", lab_with([](auto& m) {
         m.spec.hold = {{kNow.wall}, "rendering"};
       }),
       serving(), ""},
      {"silent", support::silent(lab({machine("a")}), "a"), serving(), "its agent is silent"},
      {"not heard since the start", support::unheard(lab({machine("a")}), "a"), serving(),
       "its agent has not been heard of since the controller started"},
      {"never joined", with(lab({}), machine("a")), serving(),
       "its agent has not been heard of since the controller started"},
  });
}

TEST(Feasible, KernelsAndMemory) {
  const auto awq = [](auto& m) { m.spec.needs_kernels = {"awq"}; };
  const auto two = [](auto& m) { m.spec.needs_kernels = {"awq", "fp8"}; };
  const auto needs = [](const char* memory) {
    return lab_for([memory](auto& m) { m.spec.min_memory = {memory}; });
  };
  const auto kernels = [](World world, std::vector<std::string> list) {
    return changed(std::move(world), &World::machines, "a",
                   [&](auto& m) { m.spec.kernels = list; });
  };
  expect_all({
      {"a list that is not set matches everything", lab_for(awq), serving(), ""},
      {"nothing needed", kernels(lab({machine("a")}), {"fp8"}), serving(), ""},
      {"the kernel is there", kernels(lab_for(awq), {"fp8", "awq"}), serving(), ""},
      {"one of two is missing", kernels(lab_for(two), {"awq"}), serving(),
       "it has no kernel \"fp8\""},
      {"both are missing: both are said", kernels(lab_for(two), {"nvfp4"}), serving(),
       "it has no kernel \"awq\"; it has no kernel \"fp8\""},
      {"just fits", needs("96G"), serving(), ""},
      {"one byte too much", needs("96000000001"), serving(),
       "the model needs 96000000001, it has 96G"},
      {"units are not compared as text", needs("90Gi"), serving(),
       "the model needs 90Gi, it has 96G"},
      {"memory that nobody knows holds nothing", lab_with([](auto& m) { m.spec.memory = {}; }),
       serving(), "its memory is not known (set spec.memory)"},
  });
}

TEST(Feasible, RuntimeAndFormat) {
  const auto format = [](api::Engine engine, api::Format of) {
    auto world = lab_for([of](auto& m) { m.spec.format = of; });
    return changed(std::move(world), &World::runtimes, "rt",
                   [engine](auto& r) { r.spec.engine = engine; });
  };
  const auto only_spark = lab_for([](auto& m) {
    m.spec.runtimes = {{"rt", {{"dgx-spark"}, {}}, {}, {}}};
  });
  const auto second = changed(only_spark, &World::models, "m1", [](auto& m) {
    m.spec.runtimes.push_back({"rt", {}, {}, {}});
  });
  expect_all({
      {"no entry for its class", only_spark, serving(),
       "no runtime of the model matches its class or labels"},
      {"the second entry is for all", second, serving(), ""},
      {"no such runtime", lab_for([](auto& m) {
         m.spec.runtimes = {{"gone", {}, {}, {}}};
       }),
       serving(), "runtime \"gone\" does not exist"},
      {"no such model", lab({machine("a")}), serving("nope"), "model \"nope\" does not exist"},
      {"docker comes later",
       changed(lab({machine("a")}), &World::runtimes, "rt",
               [](auto& r) { r.spec.driver = api::Driver::docker; }),
       serving(), "driver docker is not available in this version (runtime \"rt\")"},
      {"several nodes come later", lab_for([](auto& m) { m.spec.nodes = 2; }), serving(),
       "models on several nodes are not placed in this version (nodes: 2)"},
      {"llama.cpp reads gguf", format(api::Engine::llama_cpp, api::Format::gguf), serving(), ""},
      {"llama.cpp reads nothing else", format(api::Engine::llama_cpp, api::Format::safetensors),
       serving(), "engine \"llama.cpp\" does not read safetensors"},
      {"vllm reads no mlx", format(api::Engine::vllm, api::Format::mlx), serving(),
       "engine \"vllm\" does not read mlx"},
      {"mlx reads no gguf", format(api::Engine::mlx_lm, api::Format::gguf), serving(),
       "engine \"mlx-lm\" does not read gguf"},
      {"a format that is not set is read by all",
       format(api::Engine::llama_cpp, api::Format::unset), serving(), ""},
      {"custom is trusted", format(api::Engine::custom, api::Format::mlx), serving(), ""},
  });
}

TEST(Feasible, Drivers) {
  const auto found = [](const char* version, std::vector<std::string> avoid) {
    return lab_with([=](auto& m) {
      m.status.facts.driver = version;
      m.spec.drivers = api::Drivers{"", "", avoid};
    });
  };
  expect_all({
      {"refused by a prefix", found("590.44.01", {"590.*"}), serving(),
       "driver 590.44.01 is refused (590.*)"},
      {"refused by name", found("580.1", {"580.1"}), serving(), "driver 580.1 is refused (580.1)"},
      {"a whole version is no prefix", found("580.12", {"580.1"}), serving(), ""},
      {"allowed", found("580.126.20", {"590.*"}), serving(), ""},
      {"not known yet", found("", {"590.*"}), serving(), ""},
  });
}

TEST(Feasible, EverythingThatIsAgainstIsSaidAtOnce) {
  auto world = lab_for([](auto& m) {
    m.spec.min_memory = {"200G"};
    m.spec.needs_kernels = {"awq"};
    m.spec.runtimes = {{"gone", {}, {}, {}}};
  });
  world = changed(std::move(world), &World::machines, "a", [](auto& m) {
    m.spec.roles = {};
    m.spec.kernels = {"fp8"};
    m.spec.unschedulable = true;
    m.status.facts.driver = "590.1";
    m.spec.drivers = api::Drivers{"", "", {"590.*"}};
  });
  world = support::silent(std::move(world), "a");
  auto demand = benching();
  demand.machine = "z";
  EXPECT_EQ(
      no(world, demand),
      "not the machine that was asked for (\"z\"); it has no role \"model-server\"; it has no "
      "role \"bench-host\", and a run goes where its model is served; it is cordoned "
      "(unschedulable: true); its agent is silent; it has no kernel \"awq\"; the model needs "
      "200G, it has 96G; runtime \"gone\" does not exist; driver 590.1 is refused (590.*)");
}

TEST(Feasible, ReasonsGoMachineByMachineAndLeaveOutWhatFits) {
  const auto cordon = [](auto& m) { m.spec.unschedulable = true; };
  const auto world =
      support::silent(lab({edited(machine("c"), cordon), machine("b"), machine("a")}), "a");
  const std::vector<api::Reason> expected{{"a", "its agent is silent"},
                                          {"c", "it is cordoned (unschedulable: true)"}};
  EXPECT_EQ(reasons_for(world, serving(), kPolicy, kNow), expected);

  const std::vector<api::Reason> nobody{{"", "no machine has joined"}};
  EXPECT_EQ(reasons_for(lab({}), serving(), kPolicy, kNow), nobody);
  const std::vector<api::Reason> nothing{{"", "model \"nope\" does not exist"}};
  EXPECT_EQ(reasons_for(world, serving("nope"), kPolicy, kNow), nothing);
  auto pinned = serving();
  pinned.machine = "z";
  EXPECT_EQ(reasons_for(world, pinned, kPolicy, kNow).front(),
            (api::Reason{"z", "machine \"z\" does not exist"}));
}

TEST(Feasible, TheFirstEntryThatMatchesIsTheRuntime) {
  auto m = support::model("m1");
  m.spec.runtimes = {{"spark", {{"dgx-spark"}, {}}, {}, {}},
                     {"dell", {{}, {{"rig", "dell"}}}, {}, {}},
                     {"any", {}, {}, {}},
                     {"never", {}, {}, {}}};
  const auto chosen = [&](const api::Machine& on) { return runtime_for(m, on)->runtime; };
  EXPECT_EQ(chosen(machine("a")), "any");
  EXPECT_EQ(chosen(edited(machine("a"), [](auto& a) { a.metadata.labels["rig"] = "dell"; })),
            "dell");
  EXPECT_EQ(chosen(edited(machine("a"), [](auto& a) { a.spec.machine_class = "dgx-spark"; })),
            "spark");
}

TEST(Feasible, AMachineThatIsOnlyNotHeardYetHasTheBenefitOfTheDoubt) {
  const auto could = [](const World& world) {
    return could_run(world, serving(), *world.machines.find("a"), kPolicy, kNow);
  };
  EXPECT_TRUE(could(lab({machine("a")})));
  EXPECT_TRUE(could(support::unheard(lab({machine("a")}), "a")));
  EXPECT_FALSE(could(support::silent(lab({machine("a")}), "a")));
  EXPECT_FALSE(could(with(lab({}), machine("a")))) << "nobody ever joined as this machine";
  EXPECT_FALSE(could(support::unheard(lab_with([](auto& m) { m.spec.memory = {"1G"}; }), "a")));
}

}  // namespace
}  // namespace reconcilers::feasible_test
