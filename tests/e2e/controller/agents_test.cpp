// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/controller/house.hpp"

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "base/units.hpp"

namespace e2e {
namespace {

using api::Json;

struct Agents : House {
  Agents() {
    init();
    start();
  }
  /// A report of box1 that is accepted.
  Json report(std::int64_t sequence) const {
    return Json::object(
        {{"machine", "box1"},
         {"bootId", "boot"},
         {"agentId", "agent-1"},
         {"life", 1},
         {"sequence", sequence},
         {"at", base::rfc3339(base::wall_now())},
         {"facts", Json::object({{"os", "linux"}, {"memoryBytes", std::int64_t{8} << 30}})}});
  }
  Answer send(const Identity& who, const Json& body, const std::string& query = "") {
    return ask(who, "POST", "/agent/v1/machines/box1/report" + query, api::write_json(body));
  }
};

std::string request_text() {
  return *wire::make_request(*wire::make_key(), "box");
}

TEST_F(Agents, ATokenIsGoodOnce) {
  const auto token = token_for("box1");
  const auto first = enroll(token, request_text());
  ASSERT_EQ(first.status, 200) << first.body;
  const auto facts = wire::read_certificate(first.json().text_at("certificate"));
  ASSERT_TRUE(facts);
  ASSERT_EQ(facts->subject.uris.size(), 1U);
  EXPECT_TRUE(facts->subject.uris[0].ends_with("/machine/box1")) << facts->subject.uris[0];
  EXPECT_EQ(facts->subject.organizations, std::vector<std::string>{"orch:machines"});
  const auto second = enroll(token, request_text());
  EXPECT_EQ(second.status, 403);
  EXPECT_NE(second.message().find("used up"), std::string::npos) << second.message();
}

TEST_F(Agents, ATokenMadeWhileNobodyServesWorksLater) {
  stop();
  const auto token = token_for("box1");
  start();
  EXPECT_EQ(enroll(token, request_text()).status, 200);
}

TEST_F(Agents, WrongTokensAreRefusedByName) {
  const auto token = token_for("box1");
  auto parts = base::split(token, '.');
  auto renamed = parts;
  renamed[4] = "box2";
  const struct {
    const char* what;
    std::string token;
    int status;
    const char* says;
  } cases[] = {
      {"no token", "hello", 400, "malformed"},
      {"a cut one", token.substr(0, 30), 400, "malformed"},
      {"one of nobody", "orch1." + std::string(16, '0') + "." + parts[2] + "." + parts[3] + ".box1",
       403, "not known"},
      {"for another name", base::join(renamed, "."), 403, "is for machine \"box1\""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const auto answer = enroll(c.token, request_text());
    EXPECT_EQ(answer.status, c.status) << answer.body;
    EXPECT_NE(answer.message().find(c.says), std::string::npos) << answer.message();
  }
  EXPECT_EQ(enroll(token, "no request").status, 400);
  auto guess = parts;
  guess[2] = std::string(32, 'f');
  for (int i = 0; i < 5; ++i)
    EXPECT_NE(enroll(base::join(guess, "."), request_text()).message().find("wrong secret"),
              std::string::npos);
  const auto ended = enroll(token, request_text());
  EXPECT_EQ(ended.status, 403);
  EXPECT_NE(ended.message().find("five wrong tries"), std::string::npos) << ended.message();
}

TEST_F(Agents, AReportMakesItsMachine) {
  const auto box = join("box1");
  const auto accepted = send(box, report(1), "?label=zone%3Da");
  ASSERT_EQ(accepted.status, 200) << accepted.body;
  EXPECT_GT(accepted.json().integer_at("revision"), 0);
  const auto machine = get("/apis/orch/v1/machines/box1").json();
  EXPECT_EQ(*machine.at({"metadata", "labels", "zone"}), Json("a"));
  const auto live = get("/apis/orch/v1/machines/box1/live").json();
  EXPECT_EQ(*live.at({"report", "agentId"}), Json("agent-1"));
  EXPECT_EQ(get("/apis/orch/v1/machines/none/live").status, 404);
}

TEST_F(Agents, ABodyThatIsTooLargeIsRefusedAsAStatusAndCounted) {
  const auto box = join("box1");
  const auto answer = ask(box, "POST", "/agent/v1/machines/box1/report",
                          std::string((std::size_t{4} << 20) + 1, ' '));
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.type, "application/json");
  EXPECT_EQ(answer.reason(), "RequestEntityTooLarge");
  EXPECT_EQ(answer.message(), "the body is longer than 4194304 bytes");
  const auto metrics = get("/metrics").body;
  EXPECT_NE(metrics.find("orch_server_agent_bodies_too_large_total 1"), std::string::npos);
  EXPECT_NE(metrics.find(R"(code="413",method="POST",route="/agent/v1/machines/{machine}/report")"),
            std::string::npos);
  const auto log = controller->end(SIGTERM).err;
  EXPECT_NE(log.find("agent.request_refused"), std::string::npos) << log;
  EXPECT_NE(log.find(R"(machine="box1")"), std::string::npos) << log;
}

TEST_F(Agents, ReportsThatCannotBeAreRefusedByName) {
  const auto box = join("box1");
  ASSERT_EQ(send(box, report(5)).status, 200);
  auto unknown = report(6);
  unknown.set("surprise", 1);
  auto negative = report(6);
  negative.set("life", -1);
  auto future = report(6);
  future.set("term", Json::object({{"incarnation", 99}, {"start", 1}}));
  auto other = report(6);
  other.set("machine", "box2");
  auto second = report(6);
  second.set("agentId", "agent-2");
  const struct {
    const char* what;
    Json body;
    int status;
    const char* says;
  } cases[] = {
      {"an unknown field", unknown, 422, "surprise"},
      {"a negative life", negative, 422, "life"},
      {"a later term", future, 409, "later term"},
      {"another machine's", other, 403, "box2"},
      {"of a second agent", second, 409, "second agent"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const auto answer = send(box, c.body);
    EXPECT_EQ(answer.status, c.status) << answer.body;
    EXPECT_NE(answer.message().find(c.says), std::string::npos) << answer.message();
  }
  EXPECT_EQ(send(box, report(4)).status, 200) << "an old one is dropped without harm";
  const auto not_a_number = ask(box, "POST", "/agent/v1/machines/box1/runs/u/samples",
                                R"({"task":"t","outcome":"pass","attempt":1,"score":NaN})");
  EXPECT_EQ(not_a_number.status, 400);
  EXPECT_NE(not_a_number.message().find("line 1"), std::string::npos);
  EXPECT_EQ(ask(box, "POST", "/agent/v1/machines/box1/runs/u/samples",
                R"({"task":"t","outcome":"pass","attempt":1})")
                .status,
            404);
}

TEST_F(Agents, AClockThatIsOffIsCalledThat) {
  const auto box = join("box1");
  auto late = report(1);
  late.set("at", base::rfc3339(base::wall_now() - base::hours(2)));
  ASSERT_EQ(send(box, late).status, 200);
  const auto live = get("/apis/orch/v1/machines/box1/live").json();
  EXPECT_NE(live.find("clock")->text_at("message").find("clock is 120m behind"), std::string::npos)
      << api::write_json(live);
}

TEST_F(Agents, AnAssignmentIsSentWholeAtOnce) {
  const auto box = join("box1");
  const auto text = stream(box, "/agent/v1/machines/box1/assignment?watch=true",
                           [](const std::string& t) { return t.ends_with("\n"); });
  const auto assignment = *api::parse_json(text);
  EXPECT_EQ(assignment.text_at("machine"), "box1");
  EXPECT_EQ(assignment.text_at("beat"), "15000ms");
  EXPECT_EQ(assignment.find("term")->integer_at("start"), 1);
}

TEST_F(Agents, ACertificateIsRenewedForTheSameMachineOnly) {
  const auto box = join("box1");
  const auto body = api::write_json(Json::object({{"request", request_text()}}));
  const auto fresh = ask(box, "POST", "/agent/v1/machines/box1/renew", body);
  ASSERT_EQ(fresh.status, 200) << fresh.body;
  EXPECT_TRUE(wire::read_certificate(fresh.json().text_at("certificate")));
  EXPECT_EQ(ask(box, "POST", "/agent/v1/machines/box2/renew", body).status, 403);
}

/// A model that is to be hot on box1.
const char* kDeployed[] = {
    R"({"apiVersion":"orch/v1","kind":"Runtime","metadata":{"name":"rt"},)"
    R"("spec":{"engine":"custom","driver":"process","command":["/bin/true"]}})",
    R"({"apiVersion":"orch/v1","kind":"Model","metadata":{"name":"m"},)"
    R"("spec":{"source":{"file":"/models/x.gguf"},"minMemory":"1Mi",)"
    R"("runtimes":[{"runtime":"rt"}]}})",
    R"({"apiVersion":"orch/v1","kind":"ModelDeployment","metadata":{"name":"d"},)"
    R"("spec":{"model":"m"}})"};

TEST_F(Agents, AClaimReachesItsAgentAndTheServersLogComesBack) {
  const auto box = join("box1");
  ASSERT_EQ(send(box, report(1)).status, 200);
  const auto applied =
      post("/apis/orch/v1/batch", list_of({kDeployed[0], kDeployed[1], kDeployed[2]}));
  ASSERT_EQ(applied.status, 200) << applied.body;
  const auto wanted = [](const std::string& t) {
    return t.ends_with("\n") && t.find("\"servers\"") != std::string::npos;
  };
  stream(box, "/agent/v1/machines/box1/assignment?watch=true", wanted);

  const auto events =
      get("/api/v1/namespaces/default/events?fieldSelector=involvedObject.kind%3D"
          "ModelDeployment,involvedObject.name%3Dd");
  EXPECT_FALSE(events.json().find("items")->items().empty()) << events.body;
  const std::string log = "/agent/v1/machines/box1/logs/deployment.d";
  const auto put = [&](const std::string& query, const std::string& bytes) {
    return ask(box, "PUT", log + query, bytes).json().integer_at("offset", -1);
  };
  EXPECT_EQ(put("?offset=0", "one\ntwo\n"), 8);
  EXPECT_EQ(put("?offset=4", "two\nthree\n"), 14);
  EXPECT_EQ(put("?offset=99", "later\n"), 14) << "behind a gap nothing is taken";
  EXPECT_EQ(ask(box, "PUT", log + "?offset=0&uid=another", "x").status, 404);
  EXPECT_EQ(ask(box, "PUT", log, "x").status, 400);
  const std::string shown = "/apis/orch/v1/modeldeployments/d/log";
  EXPECT_EQ(get(shown).body, "one\ntwo\nthree\n");
  EXPECT_EQ(get(shown + "?tailLines=1").body, "three\n");
  EXPECT_EQ(get(shown + "?tailLines=-1").status, 400);
  const auto followed = stream(
      admin, shown + "?follow=true&tailLines=1",
      [](const std::string& t) { return t.ends_with("four\n"); },
      [&] { EXPECT_EQ(put("?offset=14", "four\n"), 19); });
  EXPECT_EQ(followed, "three\nfour\n");
  const auto other = join("box2");
  EXPECT_EQ(ask(other, "PUT", "/agent/v1/machines/box2/logs/deployment.d?offset=0", "x").status,
            403);
}

TEST_F(Agents, ALogThatIsFollowedGoesOnAfterARestartAtTheSameByte) {
  const auto box = join("box1");
  ASSERT_EQ(send(box, report(1)).status, 200);
  ASSERT_EQ(post("/apis/orch/v1/batch", list_of({kDeployed[0], kDeployed[1], kDeployed[2]})).status,
            200);
  stream(box, "/agent/v1/machines/box1/assignment?watch=true", [](const std::string& t) {
    return t.ends_with("\n") && t.find("\"servers\"") != std::string::npos;
  });
  const std::string log = "/agent/v1/machines/box1/logs/deployment.d";
  ASSERT_EQ(ask(box, "PUT", log + "?offset=0", "one\ntwo\n").status, 200);
  const std::string shown = "/apis/orch/v1/modeldeployments/d/log";
  const auto first = get(shown + "?offset=0&tailLines=1");
  EXPECT_EQ(first.body, "two\n");
  EXPECT_EQ(wire::find_header(first.headers, "Orch-Log-Offset"), "4");
  const std::string whose(wire::find_header(first.headers, "Orch-Log-Stream").value_or(""));
  EXPECT_TRUE(whose.ends_with("/box1")) << whose;

  const auto from = [&](std::size_t offset) {
    return shown + "?follow=true&offset=" + std::to_string(offset) + "&stream=" + whose;
  };
  const auto cut = stream(admin, from(0), [](const std::string& t) { return t.size() == 8; });
  kill();
  start();
  EXPECT_EQ(cut, "one\ntwo\n");
  const auto rest = stream(
      admin, from(cut.size()), [](const std::string& t) { return t.ends_with("three\n"); },
      [&] { EXPECT_EQ(ask(box, "PUT", log + "?offset=8", "three\n").status, 200); });
  EXPECT_EQ(cut + rest, "one\ntwo\nthree\n");

  EXPECT_EQ(get(shown + "?offset=99").status, 410);
  EXPECT_EQ(get(shown + "?offset=-1").status, 400);
  EXPECT_EQ(get(shown + "?stream=..%2F..").status, 400);
  EXPECT_EQ(get(shown + "?stream=another%2Fbox1").status, 404);
  EXPECT_EQ(get(shown + "?previous=true&follow=true").status, 400);
}

TEST_F(Agents, ThePreviousLogIsThatOfTheLifeBeforeWhereItIsThere) {
  const auto box = join("box1");
  ASSERT_EQ(send(box, report(1)).status, 200);
  const auto deploy = [&] {
    ASSERT_EQ(
        post("/apis/orch/v1/batch", list_of({kDeployed[0], kDeployed[1], kDeployed[2]})).status,
        200);
  };
  deploy();
  const std::string shown = "/apis/orch/v1/modeldeployments/d/log?previous=true";
  const auto none = get(shown);
  EXPECT_EQ(none.status, 404);
  EXPECT_NE(none.message().find("follow each other in one log"), std::string::npos)
      << none.message();
  const auto uid = get("/apis/orch/v1/modeldeployments/d").json().at({"metadata", "uid"})->string();
  const auto logs = dir + "/logs/deployment.d/";
  const auto write = [&](const std::string& life, const std::string& bytes) {
    ASSERT_TRUE(base::make_folder(logs + life, 0700));
    ASSERT_TRUE(base::write_file(logs + life + "/0000000000000000", bytes));
  };
  ASSERT_TRUE(base::make_folder(dir + "/logs/deployment.d", 0700));
  ASSERT_TRUE(base::make_folder(logs + "an-earlier-life", 0700));
  write("an-earlier-life/box1", "long ago\n");
  EXPECT_EQ(get(shown).body, "long ago\n");
  ASSERT_TRUE(base::make_folder(logs + uid, 0700));
  write(uid + "/box1", "now\n");
  EXPECT_EQ(get(shown).body, "long ago\n");
  write(uid + "/box9", "elsewhere\n");
  const auto other = get(shown).body;
  EXPECT_TRUE(other == "elsewhere\n" || other == "now\n") << other;
}

TEST_F(Agents, TheLogOfARunThatIsOnNoMachineNowIsStillShown) {
  const auto made = post("/apis/orch/v1/benchruns",
                         R"({"apiVersion":"orch/v1","kind":"BenchRun","metadata":{"name":"r"},)"
                         R"("spec":{"model":"m","bench":"b"}})");
  ASSERT_EQ(made.status, 201) << made.body;
  const auto life = dir + "/logs/run.r/" + made.json().at({"metadata", "uid"})->string();
  for (const auto& made_folder : {dir + "/logs/run.r", life, life + "/box1"})
    ASSERT_TRUE(base::make_folder(made_folder, 0700));
  ASSERT_TRUE(base::write_file(life + "/box1/0000000000000000", "hello\n"));
  const auto shown = get("/apis/orch/v1/benchruns/r/log");
  EXPECT_EQ(shown.body, "hello\n");
  EXPECT_TRUE(wire::find_header(shown.headers, "Orch-Log-Stream").value_or("").ends_with("/box1"));
}

TEST_F(Agents, LogsOfWhatItDoesNotRunAreRefused) {
  const auto box = join("box1");
  const auto put = [&](const std::string& stream_name) {
    return ask(box, "PUT", "/agent/v1/machines/box1/logs/" + stream_name + "?offset=0", "x\n");
  };
  EXPECT_EQ(put("run.none").status, 404);
  EXPECT_EQ(put("deployment.none").status, 404);
  EXPECT_EQ(put("passwd").status, 400);
  EXPECT_EQ(get("/apis/orch/v1/benchruns/none/log").status, 404);
}

}  // namespace
}  // namespace e2e
