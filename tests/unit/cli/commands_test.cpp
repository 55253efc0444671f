// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cli/fake_api.hpp"

#include <gtest/gtest.h>

namespace cli {
namespace {

const std::string kGood =
    "apiVersion: orch/v1\nkind: BenchRun\nmetadata: {name: good}\nspec: {bench: b, model: m}\n";
const std::string kTable = R"({"kind":"Table","columnDefinitions":[{"name":"Name"},{"name":"Phase"},
  {"name":"Endpoint","priority":1}],"rows":[{"cells":["a","Hot","http://x"],
  "object":{"metadata":{"name":"a","labels":{"k":"v"}}}}]})";
const std::string kEmptyTable =
    R"({"kind":"Table","columnDefinitions":[{"name":"Name"}],"rows":[]})";

using Words = std::vector<std::string>;

// ---- apply

TEST(Apply, SendsAllDocumentsAsOneBatch) {
  Rig rig;
  rig.api.on("POST /apis/orch/v1/batch", 200, R"({"kind":"BatchResult","apiVersion":"orch/v1",
    "warnings":["nothing acts on MachineGroup in this version"],"items":[
    {"verb":"created","kind":"BenchRun","name":"good","resourceVersion":"7"},
    {"verb":"unchanged","kind":"Machine","name":"box1","resourceVersion":"3"}]})");
  const auto one = rig.folder.write("one.yaml", kGood);
  rig.input = "apiVersion: orch/v1\nkind: Machine\nmetadata: {name: box1}\n";
  const auto ran = rig.orch({"apply", "-f", one, "-f", "-"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out, "benchrun.orch/good created\nmachine.orch/box1 unchanged\n");
  EXPECT_EQ(ran.err, "Warning: nothing acts on MachineGroup in this version\n");
  EXPECT_EQ(rig.asked(),
            Words{"POST /apis/orch/v1/batch?fieldManager=orch&fieldValidation=Strict"});
  const auto body = api::parse_json(rig.api.requests.front().body);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->text_at("kind"), "List");
  EXPECT_EQ(body->find("items")->items().size(), 2U);
}

TEST(Apply, AFolderIsItsManifestsInOrder) {
  Rig rig;
  rig.api.on("POST /apis/orch/v1/batch", 200, R"({"kind":"BatchResult","items":[]})");
  rig.folder.write("d/2.yml", "apiVersion: orch/v1\nkind: Machine\nmetadata: {name: b}\n");
  rig.folder.write("d/1.yaml", "apiVersion: orch/v1\nkind: Machine\nmetadata: {name: a}\n");
  rig.folder.write("d/notes.txt", "no manifest");
  rig.folder.write("d/.hidden.yaml", "no manifest");
  rig.folder.write("d/sub/3.json",
                   R"({"apiVersion":"orch/v1","kind":"Machine","metadata":{"name":"c"}})");
  const auto names = [&] {
    std::string out;
    const auto body = api::parse_json(rig.api.requests.back().body);
    for (const auto& item : body->find("items")->items())
      out += item.at({"metadata", "name"})->string();
    return out;
  };
  EXPECT_EQ(rig.orch({"apply", "-f", rig.folder.path("d")}).exit, 0);
  EXPECT_EQ(names(), "ab");
  EXPECT_EQ(rig.orch({"apply", "-R", "-f", rig.folder.path("d/")}).exit, 0);
  EXPECT_EQ(names(), "abc");
}

TEST(Apply, TwoBadDocumentsGiveBothErrorsAndNothingIsSent) {
  Rig rig;
  const auto bad = rig.folder.write("bad.yaml", "kind: Nope\n---\n" + kGood + "---\n" +
                                                    "apiVersion: orch/v1\nkind: BenchRun\n"
                                                    "metadata: {name: other}\nspec: {bench: b}\n");
  const auto ran = rig.orch({"apply", "-f", bad});
  EXPECT_EQ(ran.exit, 65);
  EXPECT_EQ(ran.out, "");
  EXPECT_NE(ran.err.find(bad + ":1:1: kind: unknown kind \"Nope\""), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find(bad + ":11:1: BenchRun/other: spec.model: Required value"),
            std::string::npos)
      << ran.err;
  EXPECT_NE(ran.err.find("nothing was applied"), std::string::npos);
  EXPECT_EQ(rig.asked(), Words{});
}

TEST(Apply, EmptyInputIsWrongInput) {
  Rig rig;
  for (const auto* text : {"", "---\n", "# only\n---\n...\n", "\xEF\xBB\xBF"}) {
    SCOPED_TRACE(text);
    rig.input = text;
    EXPECT_EQ(rig.orch({"apply", "-f", "-"}).exit, 65);
  }
  EXPECT_EQ(rig.orch({"apply", "-f", rig.folder.path("absent.yaml")}).exit, 64);
  EXPECT_EQ(rig.asked(), Words{});
}

TEST(Apply, TheServersComplaintsGetTheirPlaces) {
  Rig rig;
  rig.api.on("POST /apis/orch/v1/batch", 422, R"({"kind":"Status","status":"Failure","code":422,
    "reason":"Invalid","message":"2 of 2 items are invalid","details":{"causes":[
      {"field":"items[0].spec.model","message":"no such model","reason":"FieldValueNotFound"},
      {"field":"items[1].metadata","message":"is leaving"},
      {"field":"items[9].spec","message":"odd"}]}})");
  const auto file = rig.folder.write("a.yaml", kGood);
  rig.input = "\n\napiVersion: orch/v1\nkind: Machine\nmetadata: {name: box1}\n";
  const auto ran = rig.orch({"apply", "-f", file, "-f", "-"});
  EXPECT_EQ(ran.exit, 65);
  EXPECT_EQ(ran.err, file + ":4:18: BenchRun/good: spec.model: no such model\n" +
                         "-:5:1: Machine/box1: metadata: is leaving\n"
                         "items[9].spec: odd\n"
                         "error: the server refused the batch; nothing was applied\n");
  const auto json = rig.orch({"apply", "-f", file, "-o", "json"});
  EXPECT_EQ(json.exit, 65);
  const auto status = api::parse_json(json.out);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->text_at("reason"), "Invalid");
}

TEST(Apply, DryRunsStoreNothing) {
  Rig rig;
  rig.api.on("POST /apis/orch/v1/batch", 200,
             R"({"items":[{"verb":"created","kind":"BenchRun","name":"good"}]})");
  rig.input = kGood;
  EXPECT_EQ(rig.orch({"apply", "-f", "-", "--dry-run=client"}).out,
            "benchrun.orch/good valid (checked locally)\n");
  EXPECT_EQ(rig.asked(), Words{});
  const auto ran = rig.orch({"apply", "-f", "-", "--dry-run=server", "--field-manager=me"});
  EXPECT_EQ(ran.out, "benchrun.orch/good created (server dry run)\n");
  EXPECT_EQ(rig.asked(),
            Words{"POST /apis/orch/v1/batch?fieldManager=me&fieldValidation=Strict&dryRun=All"});
}

// ---- get

TEST(Get, AsksForTheServersTable) {
  Rig rig;
  rig.api.on("GET /apis/orch/v1/modeldeployments", 200, kTable);
  EXPECT_EQ(rig.orch({"get", "md"}).out, "NAME   PHASE\na      Hot\n");
  EXPECT_EQ(rig.api.requests.front().header("Accept"),
            "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
  EXPECT_EQ(rig.orch({"get", "md", "-o", "wide", "--show-labels"}).out,
            "NAME   PHASE   ENDPOINT   LABELS\na      Hot     http://x   k=v\n");
  EXPECT_EQ(rig.orch({"get", "md", "--no-headers"}).out, "a      Hot\n");
  rig.orch({"get", "md", "-l", "k=v,x!=y"});
  EXPECT_EQ(rig.asked().back(),
            "GET /apis/orch/v1/modeldeployments?labelSelector=k%3Dv%2Cx%21%3Dy");
}

TEST(Get, SeveralKindsCarryTheirNames) {
  Rig rig;
  rig.api.on("GET /apis/orch/v1/modeldeployments", 200, kTable);
  rig.api.on("GET /apis/orch/v1/models", 200, kTable);
  rig.api.on("GET /apis/orch/v1/machines", 200, kEmptyTable);
  EXPECT_EQ(rig.orch({"get", "machines,models,md"}).out,
            "NAME           PHASE\nmodel.orch/a   Hot\n\n"
            "NAME                     PHASE\nmodeldeployment.orch/a   Hot\n");
}

TEST(Get, NothingIsSaidToBeNothing) {
  Rig rig;
  rig.api.on("GET /apis/orch/v1/machines", 200, kEmptyTable);
  const auto ran = rig.orch({"get", "m"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "No resources found.\n");
}

TEST(Get, WhatIsNotThereIsSaidAndTheRestIsShown) {
  Rig rig;
  rig.api.on("GET /apis/orch/v1/machines/a", 200, kTable);
  for (const auto* name : {"b", "c"})
    rig.api.on(
        "GET /apis/orch/v1/machines/" + std::string(name), 404,
        status_body(404, "NotFound", "machines.orch \"" + std::string(name) + "\" not found"));
  const auto ran = rig.orch({"get", "machine", "b", "a", "c"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_EQ(ran.out, "NAME   PHASE\na      Hot\n");
  EXPECT_EQ(ran.err,
            "error: machines.orch \"b\" not found\nerror: machines.orch \"c\" not found\n");
}

TEST(Get, ValuesAreOneDocument) {
  Rig rig;
  rig.api.on("GET /apis/orch/v1/machines/a", 200, R"({"kind":"Machine","metadata":{"name":"a"}})");
  rig.api.on("GET /apis/orch/v1/machines", 200,
             R"({"kind":"MachineList","items":[{"kind":"Machine","metadata":{"name":"a"}}]})");
  EXPECT_EQ(rig.orch({"get", "machine/a", "-o", "yaml"}).out,
            "kind: Machine\nmetadata:\n  name: a\n");
  const auto list = api::parse_json(rig.orch({"get", "machines", "-o", "json"}).out);
  ASSERT_TRUE(list);
  EXPECT_EQ(list->text_at("kind"), "List");
  EXPECT_EQ(list->find("items")->items().size(), 1U);
  EXPECT_EQ(rig.orch({"get", "machines", "-o", "name"}).out, "machine.orch/a\n");
}

TEST(Get, WrongCallsAskNobody) {
  Rig rig;
  const std::vector<Words> calls{{"get"},
                                 {"get", "pods"},
                                 {"get", "run", "a", "-l", "k=v"},
                                 {"get", "run,md", "-w"},
                                 {"get", "run", "a", "b", "-w"},
                                 {"describe"},
                                 {"delete", "run"},
                                 {"delete"},
                                 {"delete", "run", "a", "--all"},
                                 {"delete", "run", "-f", "x"},
                                 {"logs"},
                                 {"logs", "machine/a"},
                                 {"logs", "run"},
                                 {"wait", "run", "--for=delete"},
                                 {"wait", "run/a", "--for=ready"},
                                 {"results", "machine/a"},
                                 {"explain", "pod"},
                                 {"explain", "run.spec.nothing"}};
  for (const auto& call : calls) {
    const auto ran = rig.orch(call);
    EXPECT_EQ(ran.exit, 64) << testing::PrintToString(call) << ran.err;
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(ran.err.substr(0, 7), "error: ");
  }
  EXPECT_EQ(rig.asked(), Words{});
}

// ---- failures of the server

TEST(Failures, EveryAnswerHasItsExitCode) {
  struct Case {
    int status, exit;
  };
  const Case cases[] = {{400, 65}, {401, 77}, {403, 77}, {404, 1},  {405, 64},
                        {409, 1},  {410, 1},  {413, 65}, {422, 65}, {429, 75},
                        {500, 70}, {503, 69}, {504, 69}, {507, 74}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.status);
    Rig rig;
    rig.api.on("GET /apis/orch/v1/machines", c.status, status_body(c.status, "Why", "because"));
    const auto ran = rig.orch({"get", "machines"});
    EXPECT_EQ(ran.exit, c.exit);
    EXPECT_EQ(ran.err, "error: because\n");
    const auto json = rig.orch({"get", "machines", "-o", "json"});
    EXPECT_EQ(json.exit, c.exit);
    EXPECT_EQ(json.err, "");
    const auto status = api::parse_json(json.out);
    ASSERT_TRUE(status);
    EXPECT_EQ(status->integer_at("code"), c.status);
    EXPECT_EQ(status->text_at("message"), "because");
  }
}

TEST(Failures, AWrongSelectorIsAWrongArgument) {
  Rig rig;
  rig.api.on("GET /apis/orch/v1/machines", 400, status_body(400, "BadRequest", "bad selector"));
  EXPECT_EQ(rig.orch({"get", "machines", "-l", "a==="}).exit, 64);
  EXPECT_EQ(rig.orch({"delete", "machines", "-l", "a==="}).exit, 64);
}

TEST(Failures, AnAnswerThatIsNoStatusIsClippedAndHarmless) {
  Rig rig;
  rig.api.on("GET /apis/orch/v1/machines", 502, "\x1b[2J<html>" + std::string(5000, 'x'));
  const auto ran = rig.orch({"get", "machines"});
  EXPECT_EQ(ran.exit, 69);
  EXPECT_LT(ran.err.size(), 300U);
  EXPECT_EQ(ran.err.find('\x1b'), std::string::npos);
}

TEST(Failures, AnAnswerThatIsNoJsonIsABug) {
  Rig rig;
  rig.api.on("GET /apis/orch/v1/machines", 200, "{");
  EXPECT_EQ(rig.orch({"get", "machines"}).exit, 70);
}

TEST(Failures, NobodyThereNamesTheAddressAndTheKubeconfig) {
  Rig rig;
  rig.places.orch_variable = rig.folder.write("nobody", R"(
current-context: a
contexts: [{name: a, context: {cluster: a, user: a}}]
clusters: [{name: a, cluster: {server: "unix:/nowhere/at/all.sock"}}]
users: [{name: a, user: {}}]
)");
  const auto ran = rig.orch({"get", "machines"});
  EXPECT_EQ(ran.exit, 69);
  EXPECT_NE(ran.err.find("unix:/nowhere/at/all.sock"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find(rig.places.orch_variable), std::string::npos) << ran.err;
  const auto json = rig.orch({"get", "machines", "-o", "json"});
  EXPECT_EQ(json.exit, 69);
  EXPECT_EQ(api::parse_json(json.out)->integer_at("code"), 503);
}

TEST(Failures, NoClusterIsAWrongCallWithAWayOut) {
  Rig rig;
  rig.places = {};
  const auto ran = rig.orch({"get", "machines", "-o", "json"});
  EXPECT_EQ(ran.exit, 64);
  EXPECT_EQ(api::parse_json(ran.out)->text_at("kind"), "Status");
}

TEST(Failures, OutputThatNobodyTakesIsAnIoError) {
  Rig rig;
  rig.out_bytes = 10;
  const auto ran = rig.orch({"api-resources"});
  EXPECT_EQ(ran.exit, 74);
  EXPECT_EQ(ran.err, "error: standard output cannot be written to: it is closed or full\n");
}

TEST(Failures, WarningsOfTheServerAreShown) {
  Rig rig;
  rig.api.on("GET /apis/orch/v1/machines", 200, kEmptyTable,
             {{"Warning", "299 - \"old \\\"thing\\\"\""}, {"warning", "299 - \"two\""}});
  EXPECT_EQ(rig.orch({"get", "m"}).err,
            "Warning: old \"thing\"\nWarning: two\nNo resources found.\n");
}

// ---- describe, results, version

TEST(Describe, AsksForTheEventsOfThisLife) {
  Rig rig;
  rig.api.on("GET /apis/orch/v1/machines/box1", 200,
             R"({"kind":"Machine","metadata":{"name":"box1","uid":"u-1"},"spec":{"memory":"2G"}})");
  rig.api.on("GET /api/v1/events", 200, R"({"items":[{"type":"Normal","reason":"Joined"}]})");
  const auto ran = rig.orch({"describe", "machine/box1"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_NE(ran.out.find("  memory: 2G\n"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("Joined"), std::string::npos);
  EXPECT_EQ(rig.asked().back(), "GET /api/v1/events?fieldSelector=involvedObject.uid%3Du-1");
}

TEST(Results, TakesEveryRunThatHasBegunOldestFirst) {
  Rig rig;
  rig.api.on("GET /apis/orch/v1/benchruns", 200, R"({"items":[
    {"metadata":{"name":"late"},"spec":{"bench":"b"},
     "status":{"attempt":1,"startedAt":"2026-01-02T00:00:00Z"}},
    {"metadata":{"name":"never"},"spec":{"bench":"b"},"status":{"attempt":0,"phase":"Queued"}},
    {"metadata":{"name":"early"},"spec":{"bench":"b"},
     "status":{"attempt":1,"startedAt":"2026-01-01T00:00:00Z"}}]})");
  for (const auto* name : {"late", "early"})
    rig.api.on("GET /apis/orch/v1/benchruns/" + std::string(name) + "/samples", 200,
               "{\"task\":\"t\",\"outcome\":\"pass\",\"category\":\"c\",\"attempt\":1}\n");
  rig.api.on("GET /apis/orch/v1/benches/b", 200, R"({"spec":{"note":"only a part"}})");
  const auto ran = rig.orch({"results"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_LT(ran.out.find("run/early"), ran.out.find("run/late"));
  EXPECT_EQ(ran.out.find("run/never"), std::string::npos);
  EXPECT_NE(ran.out.find("note: only a part\n"), std::string::npos);
  const auto yaml = rig.orch({"results", "-o", "json"});
  EXPECT_EQ(api::parse_json(yaml.out)->find("runs")->items().size(), 2U);
}

TEST(Results, OfARunThatIsNotThereAreNone) {
  Rig rig;
  EXPECT_EQ(rig.orch({"results", "run/absent"}).exit, 1);
  rig.api.on("GET /apis/orch/v1/benchruns", 200, R"({"items":[]})");
  const auto ran = rig.orch({"results"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.err, "No run has begun yet.\n");
}

TEST(Version, OfTheClientNeedsNobody) {
  Rig rig;
  rig.places = {};
  const auto alone = rig.orch({"version", "--client"});
  EXPECT_EQ(alone.exit, 0);
  EXPECT_EQ(alone.out.substr(0, 8), "client v");
  EXPECT_EQ(rig.orch({"version"}).exit, 64);
}

TEST(Version, OfBoth) {
  Rig rig;
  rig.api.on("GET /version", 200, R"({"gitVersion":"v9.8.7"})");
  EXPECT_NE(rig.orch({"version"}).out.find("server v9.8.7 at http://127.0.0.1:"),
            std::string::npos);
  const auto json = api::parse_json(rig.orch({"version", "-o", "json"}).out);
  ASSERT_TRUE(json);
  EXPECT_EQ(json->find("serverVersion")->text_at("gitVersion"), "v9.8.7");
}

TEST(Explain, SpeaksOfTheWholeObject) {
  Rig rig;
  EXPECT_NE(rig.orch({"explain", "run"}).out.find("  spec <BenchRunSpec>"), std::string::npos);
  EXPECT_NE(rig.orch({"explain", "bench.spec.resume"}).out.find("FIELD: spec.resume"),
            std::string::npos);
  EXPECT_NE(rig.orch({"explain", "run.metadata.labels"}).out.find("For selectors"),
            std::string::npos);
}

}  // namespace
}  // namespace cli
