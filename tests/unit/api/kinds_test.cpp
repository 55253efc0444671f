// SPDX-License-Identifier: Apache-2.0
#include "api/kinds.hpp"

#include "api/codec/check.hpp"
#include "api/runtime.hpp"
#include "base/units.hpp"
#include "tests/support/random_value.hpp"

#include <gtest/gtest.h>

#include <set>

namespace {

using api::Json;

Json parsed(std::string_view text) {
  auto json = api::parse_json(text);
  EXPECT_TRUE(json) << text;
  return json ? std::move(*json) : Json();
}
const api::Kind& kind(std::string_view word) {
  return *api::find_kind(word);
}
/// `path: message` of each finding, a line each.
std::string complaints(const api::Findings& findings) {
  std::string out;
  for (const auto& f : findings)
    out += f.path + ": " + f.message + "\n";
  return out;
}
std::string paths(const api::Findings& findings) {
  std::string out;
  for (const auto& f : findings)
    out += (out.empty() ? "" : " ") + f.path;
  return out;
}
std::string check_spec(std::string_view of, std::string_view spec) {
  auto object = Json::object({{"kind", kind(of).name}});
  object["metadata"].set("name", "x");
  object.set("spec", parsed(spec));
  return complaints(api::check_object(object, kind(of)));
}

TEST(Kinds, AreFoundByEveryWordInAnyCase) {
  struct Case {
    const char* name;
    std::vector<const char*> words;
  };
  const Case cases[] = {
      {"Machine", {"Machine", "machines", "machine", "m", "MACHINES"}},
      {"MachineGroup", {"MachineGroup", "machinegroups", "machinegroup", "mg"}},
      {"Runtime", {"runtimes", "runtime", "rt"}},
      {"Model", {"models", "model", "mo"}},
      {"ModelDeployment", {"ModelDeployment", "modeldeployments", "modeldeployment", "md", "MD"}},
      {"Bench", {"benches", "bench", "b"}},
      {"BenchRun", {"benchruns", "benchrun", "run"}},
      {"Event", {"events", "event", "ev"}},
      {"Claim", {"Claim"}},
  };
  for (const auto& c : cases)
    for (const auto* word : c.words) {
      ASSERT_NE(api::find_kind(word), nullptr) << word;
      EXPECT_EQ(api::find_kind(word)->name, c.name) << word;
    }
  for (const auto* word : {"", "pod", "machin", "machiness", "mm"})
    EXPECT_EQ(api::find_kind(word), nullptr) << word;
}

TEST(Kinds, NoTwoOfThemShareAWordAndEachHasItsDoc) {
  std::set<std::string_view> words;
  for (const auto& k : api::kinds()) {
    std::set<std::string_view> own{k.name, k.plural, k.singular};
    own.insert(k.short_names.begin(), k.short_names.end());
    for (const auto word : own)
      EXPECT_TRUE(words.insert(word).second) << word;
    EXPECT_TRUE(k.doc.ends_with('.')) << k.name;
    if (k.door == api::Kind::Door::internal) continue;
    EXPECT_FALSE(k.short_names.empty()) << k.name;
    EXPECT_FALSE(k.columns.empty()) << k.name;
  }
}

void visit(const api::Type& type, std::set<const api::Type*>& seen) {
  if (!seen.insert(&type).second) return;
  if (type.inner != nullptr) visit(*type.inner, seen);
  if (type.shape != api::Shape::record) return;
  EXPECT_TRUE(type.doc.ends_with('.')) << type.name;
  std::set<std::string_view> names;
  for (const auto& field : type.fields) {
    const auto where = std::string(type.name) + "." + std::string(field.name);
    EXPECT_TRUE(names.insert(field.name).second) << where << " is described twice";
    EXPECT_TRUE(field.name[0] >= 'a' && field.name[0] <= 'z') << where;
    EXPECT_EQ(field.name.find_first_of("_- ."), std::string_view::npos) << where;
    EXPECT_TRUE(field.doc.ends_with('.')) << where << " has no whole sentence";
    EXPECT_TRUE(field.refers_to.empty() || api::find_kind(field.refers_to) != nullptr) << where;
    visit(*field.type, seen);
  }
}

TEST(Kinds, EveryFieldIsNamedOnceAndHasASentence) {
  std::set<const api::Type*> seen;
  for (const auto& k : api::kinds()) {
    if (k.spec != nullptr) visit(*k.spec, seen);
    if (k.status != nullptr) visit(*k.status, seen);
  }
  EXPECT_GT(seen.size(), 30u);
}

TEST(Kinds, ARandomObjectReadsBackAsItself) {
  base::Dice dice(5);
  for (const auto& k : api::kinds()) {
    for (const auto* type : {k.spec, k.status}) {
      if (type == nullptr) continue;
      SCOPED_TRACE(type->name);
      for (int i = 0; i < 100; ++i) {
        const auto value = support::random_value(*type, dice);
        const auto first = type->make(), second = type->make();
        api::decode(value, *type, first.get());
        const auto bytes = api::write_json(api::encode(first.get(), *type));
        api::decode(*api::parse_json(bytes), *type, second.get());
        ASSERT_EQ(api::write_json(api::encode(second.get(), *type)), bytes);
      }
    }
  }
}

TEST(Kinds, RequiredFieldsAreThoseOfTheDesign) {
  struct Case {
    const char* kind;
    const char* fields;
  };
  const Case cases[] = {
      {"Machine", ""},
      {"MachineGroup", "spec.members"},
      {"Runtime", "spec.engine spec.driver"},
      {"Model", "spec.source spec.minMemory spec.runtimes"},
      {"ModelDeployment", "spec.model"},
      {"Bench", "spec.parser"},
      {"BenchRun", "spec.bench spec.model"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.kind);
    const auto object = parsed(R"({"metadata":{"name":"x"}})");
    EXPECT_EQ(paths(api::check_object(object, kind(c.kind))), c.fields);
  }
}

TEST(Kinds, DefaultsAreThoseOfTheDesign) {
  struct Case {
    const char* kind;
    const char* spec;
  };
  const Case cases[] = {
      {"Machine", R"({"benchSlots":1,"roles":["model-server"],"sandboxes":0})"},
      {"Runtime", R"({"port":0})"},
      {"Model", R"({"nodes":1})"},
      {"ModelDeployment", R"({"priority":50,"state":"Hot"})"},
      {"Bench", R"({"infraRetries":5,"retries":3})"},
      {"BenchRun", R"({"priority":50})"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.kind);
    auto spec = Json::object();
    api::fill_defaults(spec, *kind(c.kind).spec);
    EXPECT_EQ(api::write_json(spec), c.spec);
  }
}

TEST(Metadata, NamesLabelsAnnotationsAndFinalizers) {
  struct Case {
    const char* name;
    const char* metadata;
    const char* paths;
  };
  const Case cases[] = {
      {"a name is enough", R"({"name":"a"})", ""},
      {"none", "{}", "metadata.name"},
      {"no object", "7", "metadata"},
      {"no text", R"({"name":7})", "metadata.name"},
      {"upper case", R"({"name":"A"})", "metadata.name"},
      {"a dot", R"({"name":"a.b"})", "metadata.name"},
      {"63 bytes", R"({"name":"a23456789012345678901234567890123456789012345678901234567890123"})",
       ""},
      {"64 bytes", R"({"name":"a234567890123456789012345678901234567890123456789012345678901234"})",
       "metadata.name"},
      {"labels", R"({"name":"a","labels":{"rig":"dell","lab.example/x":"","a.b_c":"1.2-x"}})", ""},
      {"labels that are none", R"({"name":"a","labels":{"-x":"a","y":"-","z":7,"/k":"v"}})",
       "metadata.labels.-x metadata.labels[\"/k\"] metadata.labels.y metadata.labels.z"},
      {"labels that are a list", R"({"name":"a","labels":["x"]})", "metadata.labels"},
      {"the system's labels", R"({"name":"a","labels":{"orch.origin":"queue"}})",
       "metadata.labels[\"orch.origin\"]"},
      {"nulls say nothing", R"({"name":"a","labels":null,"annotations":null,"finalizers":null})",
       ""},
      {"annotations", R"({"name":"a","annotations":{"a.b/c":"any text at all\n"}})", ""},
      {"annotations that are none", R"({"name":"a","annotations":{"x":1}})",
       "metadata.annotations"},
      {"finalizers", R"({"name":"a","finalizers":["orch/claim","lab.example/x"]})", ""},
      {"finalizers that are none", R"({"name":"a","finalizers":["a b"]})", "metadata.finalizers"},
      {"finalizers that are no list", R"({"name":"a","finalizers":{}})", "metadata.finalizers"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(paths(api::check_metadata(parsed(c.metadata), api::Writer::person)), c.paths);
  }
  EXPECT_EQ(paths(api::check_metadata(parsed(R"({"name":"a","labels":{"orch.origin":"queue"}})"),
                                      api::Writer::system)),
            "");
  auto large = parsed(R"({"name":"a"})");
  large["annotations"].set("x", std::string(262'144, 'x'));
  EXPECT_EQ(complaints(api::check_metadata(large, api::Writer::person)),
            "metadata.annotations: Too long: may not be more than 262144 bytes\n");
}

TEST(CheckObject, SaysEverythingAtOnce) {
  EXPECT_EQ(complaints(api::check_object(parsed(R"({"apiVersion":"orch/v1","kind":"Machine",
      "metdata":{},"metadata":{"name":"X"},"spec":{"memroy":"1G","sandboxes":-1}})"),
                                         kind("Machine"))),
            "metdata: unknown field; did you mean \"metadata\"?\n"
            "metadata.name: Invalid value: \"X\": a name is lower-case letters, digits and '-', "
            "begins and ends with a letter or digit, and has at most 63 bytes\n"
            "spec.memroy: unknown field; did you mean \"memory\"?\n"
            "spec.sandboxes: Invalid value: -1: must be greater than or equal to 0\n");
  EXPECT_EQ(paths(api::check_object(parsed("[]"), kind("Machine"))), "");
  EXPECT_FALSE(api::check_object(parsed("[]"), kind("Machine")).empty());
}

TEST(Rules, ARuntimesCommand) {
  const auto runtime = [](const std::string& more) {
    return check_spec("Runtime", R"({"engine":"custom","driver":"process")" + more + "}");
  };
  EXPECT_EQ(runtime(R"x(,"command":["serve","$(model.source)","--port=$(port)"])x"), "");
  EXPECT_EQ(runtime(""), "spec.command: Required value: give command, or nodes\n");
  const std::string nodes = R"x(,"nodes":{"leader":{"command":["l","$(nodes)"]},
      "worker":{"command":["w","$(leader.address)","$(node.rank)"]}})x";
  EXPECT_EQ(runtime(nodes), "");
  EXPECT_EQ(runtime(nodes + R"(,"command":["x"])"), "spec: give command or nodes, not both\n");
  EXPECT_EQ(runtime(R"x(,"command":["$(prot)"])x"),
            "spec.command[0]: unknown variable \"$(prot)\"; known here: $(model.name), "
            "$(model.source), $(port); write \"$$(prot)\" for the text itself\n");
  EXPECT_EQ(runtime(R"x(,"command":["$$(prot) $5 $ ( $(port"])x"), "");
  EXPECT_EQ(check_spec("Runtime", R"({"engine":"vllm","driver":"docker","command":["x"]})"),
            "spec.image: Required value: driver docker needs an image\n");
  EXPECT_EQ(runtime(R"(,"command":["x"],"stop":{"signal":"KILL"})"),
            "spec.stop.signal: Unsupported value: \"KILL\": supported values: \"TERM\", \"INT\", "
            "\"QUIT\", \"HUP\"\n");
}

TEST(Rules, AnEnvironment) {
  const auto env = [](const std::string& var) {
    return check_spec(
        "Runtime", R"({"engine":"custom","driver":"process","command":["x"],"env":[)" + var + "]}");
  };
  EXPECT_EQ(env(R"x({"name":"A","value":"$(model.name)"},{"name":"T","secret":"hf-token"})x"), "");
  EXPECT_EQ(env(R"({"name":"LD_PRELOAD","value":"x"})"),
            "spec.env[0].name: \"LD_PRELOAD\" is refused: LD_* changes what is loaded, ORCH_* is "
            "ours\n");
  EXPECT_EQ(env(R"({"name":"ORCH_X","value":"x"})").substr(0, 16), "spec.env[0].name");
  EXPECT_EQ(env(R"({"name":"A=B","value":"x"})"), "spec.env[0].name: a name has no \"=\"\n");
  for (const char* name : {R"(A\nB)", "A B", R"(A\u007f)", "\u00c4"})
    EXPECT_EQ(env(R"({"name":")" + std::string(name) + R"(","value":"x"})"),
              "spec.env[0].name: a name is of printable ASCII characters without blanks\n");
  EXPECT_EQ(env(R"x({"name":"http_proxy","value":"a\nb"},{"name":"A.b-c","value":"x"})x"), "");
  EXPECT_EQ(env(R"({"name":"A","value":"x","secret":"y"})"),
            "spec.env[0]: give value or secret, not both\n");
  EXPECT_EQ(env(R"x({"name":"A","value":"$(endpoint)"})x").substr(0, 18), "spec.env[0].value:");
}

TEST(Rules, AModelsSource) {
  const auto source = [](const std::string& s) {
    return check_spec("Model",
                      R"({"minMemory":"1G","runtimes":[{"runtime":"rt"}],"source":)" + s + "}");
  };
  EXPECT_EQ(source(R"({"repo":"a/b","revision":"c"})"), "");
  EXPECT_EQ(source(R"({"path":"/m"})"), "");
  EXPECT_EQ(source(R"({"file":"m.gguf"})"), "");
  EXPECT_EQ(source("{}"), "spec.source: Required value: give one of repo, path, file\n");
  EXPECT_EQ(source(R"({"repo":"a","file":"b"})"),
            "spec.source: give one of repo, path, file, not several\n");
  EXPECT_EQ(source(R"({"path":"/m","revision":"c"})"),
            "spec.source.revision: only a repo has a revision\n");
}

TEST(Rules, WhereADeploymentGoes) {
  EXPECT_EQ(check_spec("md", R"({"model":"m"})"), "");
  EXPECT_EQ(check_spec("md", R"({"model":"m","selector":{}})"), "");
  EXPECT_EQ(check_spec("md", R"({"model":"m","machine":"a","machineGroup":"g"})"),
            "spec: give at most one of machine, machineGroup, selector\n");
  EXPECT_EQ(check_spec("md", R"({"model":"m","machine":"a","selector":{}})"),
            "spec: give at most one of machine, machineGroup, selector\n");
  EXPECT_EQ(check_spec("mg", R"({"members":["a","b","a"]})"),
            "spec.members[2]: Duplicate value: \"a\"\n");
}

TEST(Rules, ABench) {
  const auto bench = [](const std::string& more) {
    return check_spec("Bench", R"({"parser":{"builtin":"bfcl"})" + more + "}");
  };
  EXPECT_EQ(
      bench(R"x(,"command":["$(endpoint)","$(model.name)","$(run.dir)","$(run.uid)","$(seed)"])x"),
      "");
  EXPECT_EQ(bench(""), "spec: Required value: give command or steps\n");
  EXPECT_EQ(bench(R"(,"command":["x"],"steps":[{"name":"a","command":["x"]}])"),
            "spec: give command or steps, not both\n");
  EXPECT_EQ(bench(R"x(,"steps":[{"name":"a","command":["x"]},{"name":"b","command":["$(port)"]}])x")
                .substr(0, 25),
            "spec.steps[1].command[0]:");
  EXPECT_EQ(bench(R"(,"command":["x"],"tasks":{"count":3,"list":["a"]})"),
            "spec.tasks: give at most one of count, list, command\n");
  EXPECT_EQ(bench(R"x(,"command":["x"],"tasks":{"command":["$(run.dir)","$(seed)"]})x"), "");
  EXPECT_EQ(bench(R"x(,"command":["x"],"tasks":{"command":["$(port)"]})x").substr(0, 22),
            "spec.tasks.command[0]:");
  EXPECT_EQ(bench(R"(,"command":["x"],"resume":{"mode":"task-filter"})"),
            "spec.resume.flag: Required value: mode task-filter needs a flag\n");
  const auto parser = [](const std::string& p) {
    return check_spec("Bench", R"({"command":["x"],"parser":)" + p + "}");
  };
  EXPECT_EQ(parser(R"({"command":["p"]})"), "");
  EXPECT_EQ(parser("{}"), "spec.parser: Required value: give builtin or command\n");
  EXPECT_EQ(parser(R"({"builtin":"jsonl","command":["p"]})"),
            "spec.parser: give builtin or command, not both\n");
  EXPECT_EQ(parser(R"({"builtin":"magic"})"),
            "spec.parser.builtin: Unsupported value: \"magic\": supported values: \"bfcl\", "
            "\"jsonl\"\n");
}

TEST(Expansion, KnownNamesAreReplacedAndTheRestIsLeftAlone) {
  const std::map<std::string, std::string> values{{"port", "8000"}, {"model.name", "$(port)"}};
  struct Case {
    const char *text, *expanded;
  };
  const Case cases[] = {{"", ""},
                        {"plain", "plain"},
                        {"--port=$(port)", "--port=8000"},
                        {"$(port)$(port)", "80008000"},
                        {"$(model.name)", "$(port)"},  // a value is never expanded again
                        {"$$(port)", "$(port)"},
                        {"$$$(port)", "$$(port)"},
                        {"$(other)", "$(other)"},
                        {"$(port", "$(port"},
                        {"$", "$"},
                        {"$()", "$()"},
                        {"a $5 $(port) b", "a $5 8000 b"}};
  for (const auto& c : cases)
    EXPECT_EQ(api::expanded(c.text, values), c.expanded) << c.text;
}

TEST(Conditions, TheTimeMovesWithTheStatus) {
  api::Conditions all;
  api::set_condition(all, {"Ready", "False", "A", "one", {}, 1}, base::Instant{1'000});
  api::set_condition(all, {"Placed", "True", "B", "", {}, 1}, base::Instant{2'000});
  api::set_condition(all, {"Ready", "False", "C", "two", {}, 2}, base::Instant{3'000});
  ASSERT_EQ(all.size(), 2u);
  const auto* ready = api::find_condition(all, "Ready");
  EXPECT_EQ(*ready, (api::Condition{"Ready", "False", "C", "two", {{1'000}}, 2}));
  api::set_condition(all, {"Ready", "True", "D", "", {}, 2}, base::Instant{4'000});
  EXPECT_EQ(api::find_condition(all, "Ready")->since.at.ms, 4'000);
  EXPECT_EQ(api::find_condition(all, "Gone"), nullptr);
}

// ---- what `get` shows

std::string row(std::string_view of, std::string_view object) {
  std::string out;
  for (const auto& cell : api::row_of(kind(of), parsed(object), base::Instant{0}))
    out += (out.empty() ? "" : "|") + cell;
  return out;
}

TEST(Rows, NothingThatNeverHappenedIsShown) {
  EXPECT_EQ(row("Machine", R"({"metadata":{"name":"a"}})"), "a|Unknown|||||||");
  EXPECT_EQ(row("md", R"({"metadata":{"name":"d"},"spec":{"model":"m"}})"), "d|m|||Unknown||||");
  EXPECT_EQ(row("run", R"({"metadata":{"name":"r"},"spec":{"bench":"b","model":"m"}})"),
            "r|b|m|||||||||");
  EXPECT_EQ(row("run", R"({"metadata":{"name":"r"},"status":{"progress":{"total":0,"done":0}}})"),
            "r|||||||||||");
}

TEST(Rows, AMachine) {
  EXPECT_EQ(row("Machine", R"({"metadata":{"name":"a"},
      "spec":{"class":"pro6000","memory":"96G","roles":["model-server","bench-host"]},
      "status":{"agentVersion":"0.1.0","claims":[{"name":"d"}],"conditions":[
        {"type":"Ready","status":"Unknown","message":"no report for 90s or longer"}]}})"),
            "a|Unknown|pro6000|96G|d|model-server,bench-host|0.1.0|no report for 90s or longer|");
}

TEST(Rows, ARun) {
  const auto shown = [](const std::string& status) {
    return row("run", R"({"metadata":{"name":"r"},"spec":{"bench":"b","model":"m"},"status":)" +
                          status + "}");
  };
  EXPECT_EQ(shown(R"({"phase":"Succeeded","attempt":2,"machine":"a",
      "progress":{"total":24,"done":24,"passed":14,"errored":0},
      "conditions":[{"type":"Complete","status":"True","message":"every task is scored"}]})"),
            "r|b|m|Succeeded|24/24|0|14|a||2||");
  EXPECT_EQ(shown(R"({"phase":"Running","progress":{"total":0,"done":3,"passed":1,"errored":2}})"),
            "r|b|m|Running|3/?|2|1|||||");
  EXPECT_EQ(shown(R"({"phase":"Failed","progress":{"total":24,"done":0,"errored":24}})"),
            "r|b|m|Failed|0/24|24|0|||||");
  EXPECT_EQ(shown(R"({"phase":"Scheduled","progress":{"total":24,"done":0,"errored":0}})"),
            "r|b|m|Scheduled|0/24|||||||")
      << "no 0 before the first task has come to an end";
  const auto ended = [&](const std::string& phase, const std::string& reason) {
    return shown(R"({"phase":")" + phase +
                 R"(","conditions":[{"type":"Complete","status":"False",)" + R"("reason":")" +
                 reason + R"(","message":"why"}]})");
  };
  EXPECT_EQ(ended("Failed", "Stuck"), "r|b|m|Failed|||||Stuck||why|");
  EXPECT_EQ(ended("Queued", "Queued"), "r|b|m|Queued|||||||why|") << "nothing is said twice";
}

TEST(Rows, AnEventNamesWhatItIsAbout) {
  EXPECT_EQ(row("Event", R"({"metadata":{"name":"e"},"type":"Warning","reason":"NotReady",
      "message":"silent","count":3,"involvedObject":{"kind":"Machine","name":"a"}})"),
            "e|Warning|NotReady|machine/a|3|silent|");
  EXPECT_EQ(row("Event", R"({"metadata":{"name":"e"},"involvedObject":{"kind":"Odd","name":"a"}})"),
            "e|||object/a|||");
}

}  // namespace
