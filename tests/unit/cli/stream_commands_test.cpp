// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cli/fake_api.hpp"

#include <gtest/gtest.h>

namespace cli {
namespace {

using Then = FakeApi::Then;
using Words = std::vector<std::string>;

const std::string kRuns = "GET /apis/orch/v1/benchruns";

std::string run_json(const std::string& phase, int revision, const std::string& uid = "u") {
  return R"({"kind":"BenchRun","metadata":{"name":"a","uid":")" + uid + R"(","resourceVersion":")" +
         std::to_string(revision) + R"("},"status":{"phase":")" + phase + R"("}})";
}
std::string list_of(const std::string& items, int revision) {
  return R"({"kind":"BenchRunList","metadata":{"resourceVersion":")" + std::to_string(revision) +
         R"("},"items":[)" + items + "]}";
}
std::string event(const std::string& type, const std::string& object) {
  return R"({"type":")" + type + R"(","object":)" + object + "}\n";
}
std::string table(const std::string& phase, int revision) {
  return R"({"kind":"Table","metadata":{"resourceVersion":")" + std::to_string(revision) +
         R"("},"columnDefinitions":[{"name":"Name"},{"name":"Phase"}],"rows":[{"cells":["a",")" +
         phase + R"("],"object":{"metadata":{"name":"a","uid":"u","resourceVersion":")" +
         std::to_string(revision) + R"("}}}]})";
}
const std::string kForbidden = status_body(403, "Forbidden", "enough");

// ---- get -w; a refusal ends a watch that would go on for ever

TEST(GetWatch, ShowsTheListAndThenEveryChange) {
  Rig rig;
  rig.api.on(kRuns, 200, table("Queued", 5));
  const auto one = event("MODIFIED", table("Running", 6));
  rig.api.stream(kRuns + "?watch",
                 {one.substr(0, 20), one.substr(20), event("BOOKMARK", table("x", 8)),
                  event("ERROR", kForbidden)},
                 Then::hang);
  const auto ran = rig.orch({"get", "run", "-w"});
  EXPECT_EQ(ran.exit, 77);
  EXPECT_EQ(ran.out, "NAME   PHASE\na      Queued\na      Running\n");
  EXPECT_EQ(ran.err, "error: enough\n");
  EXPECT_EQ(rig.asked().back(), kRuns + "?watch=1&allowWatchBookmarks=true&resourceVersion=5");
}

TEST(GetWatch, GoesOnWhereItWasAfterACut) {
  for (const auto then : {Then::cut, Then::finish}) {
    Rig rig;
    rig.api.on(kRuns, 200, table("Queued", 5));
    rig.api.stream(kRuns + "?watch", {event("MODIFIED", table("Running", 6))}, then);
    rig.api.stream(kRuns + "?watch",
                   {event("MODIFIED", table("Done", 7)), event("ERROR", kForbidden)}, Then::hang);
    const auto ran = rig.orch({"get", "run", "-w"});
    EXPECT_EQ(ran.out, "NAME   PHASE\na      Queued\na      Running\na      Done\n");
    EXPECT_EQ(rig.asked().back(), kRuns + "?watch=1&allowWatchBookmarks=true&resourceVersion=6");
  }
}

TEST(GetWatch, ListsAnewWhereTheRevisionIsTooOldAndTellsOnlyWhatDiffers) {
  const auto expired = status_body(410, "Expired", "too old resource version");
  for (const bool as_event : {true, false}) {
    Rig rig;
    rig.api.on(kRuns, 200, table("Queued", 5));
    rig.api.on(kRuns, 200, table("Running", 9));
    if (as_event)
      rig.api.stream(kRuns + "?watch", {event("ERROR", expired)}, Then::finish);
    else
      rig.api.on(kRuns + "?watch", 410, expired);
    rig.api.stream(kRuns + "?watch",
                   {event("MODIFIED", table("Running", 9)), event("ERROR", kForbidden)},
                   Then::hang);
    const auto ran = rig.orch({"get", "run", "-w"});
    EXPECT_EQ(ran.out, "NAME   PHASE\na      Queued\na      Running\n");
    EXPECT_EQ(rig.asked().back(), kRuns + "?watch=1&allowWatchBookmarks=true&resourceVersion=9");
  }
}

TEST(GetWatch, OneObjectIsWatchedByItsName) {
  Rig rig;
  rig.api.on(kRuns, 200, table("Queued", 5));
  rig.api.stream(kRuns + "?watch", {event("ERROR", kForbidden)}, Then::hang);
  rig.orch({"get", "run/a", "-w"});
  EXPECT_EQ(rig.asked().front(), kRuns + "?fieldSelector=metadata.name%3Da");
}

TEST(GetWatch, OneObjectThatIsNotThereIsNotWaitedFor) {
  Rig rig;
  rig.api.on(kRuns, 200, R"({"kind":"Table","columnDefinitions":[{"name":"Name"}],"rows":[]})");
  const auto ran = rig.orch({"get", "run/a", "-w"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_EQ(ran.err, "error: benchrun.orch \"a\" not found\n");
}

TEST(GetWatch, StopsWhenNobodyReads) {
  Rig rig;
  rig.out_bytes = 30;
  rig.api.on(kRuns, 200, table("Queued", 5));
  rig.api.stream(kRuns + "?watch", {event("MODIFIED", table("Running", 6))}, Then::hang);
  EXPECT_EQ(rig.orch({"get", "run", "-w"}).exit, 74);
}

TEST(GetWatch, ValuesComeOneByOne) {
  Rig rig;
  rig.api.on(kRuns, 200, list_of(run_json("Queued", 5), 5));
  rig.api.stream(kRuns + "?watch",
                 {event("MODIFIED", run_json("Running", 6)), event("ERROR", kForbidden)},
                 Then::hang);
  const auto ran = rig.orch({"get", "run", "-w", "-o", "name"});
  EXPECT_EQ(ran.out, "benchrun.orch/a\nbenchrun.orch/a\n");
}

// ---- wait

TEST(Wait, EndsAtOnceWhereTheWishIsFulfilled) {
  Rig rig;
  rig.api.on(kRuns, 200, list_of(run_json("Succeeded", 5), 5));
  const auto ran = rig.orch({"wait", "run/a", "--for=jsonpath={.status.phase}=Succeeded"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out, "benchrun.orch/a condition met\n");
  EXPECT_EQ(rig.asked(), Words{kRuns + "?fieldSelector=metadata.name%3Da"});
}

TEST(Wait, EndsWithTheChangeThatFulfilsIt) {
  Rig rig;
  rig.api.on(kRuns, 200, list_of(run_json("Running", 5), 5));
  rig.api.stream(
      kRuns + "?watch",
      {event("MODIFIED", run_json("Running", 6)), event("MODIFIED", run_json("Succeeded", 7))},
      Then::hang);
  rig.err_is = Terminal::yes;
  const auto ran = rig.orch({"wait", "run", "a", "--for=jsonpath={.status.phase}=Succeeded"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_NE(ran.err.find("waiting for jsonpath={.status.phase}=Succeeded: Running"),
            std::string::npos)
      << ran.err;
  EXPECT_EQ(ran.err.substr(ran.err.size() - 4), "\r\x1b[K");
}

TEST(Wait, RunsOut) {
  for (const auto* timeout : {"0", "30ms"}) {
    SCOPED_TRACE(timeout);
    Rig rig;
    rig.api.on(kRuns, 200, list_of(run_json("Running", 5), 5));
    rig.api.stream(kRuns + "?watch", {}, Then::hang);
    const auto ran = rig.orch({"wait", "run/a", "--for=condition=Complete", "--timeout", timeout});
    EXPECT_EQ(ran.exit, 1);
    EXPECT_EQ(ran.err, "error: timed out waiting for condition=Complete on benchrun.orch/a\n");
  }
}

TEST(Wait, AServerThatGoesAwayIsSaidOnceAndWaitedForAsLongAsAsked) {
  Rig rig;
  rig.api.on(kRuns, 200, list_of(run_json("Running", 5), 5));
  wire::Loop::Timer leaving;
  rig.api.on(kRuns + "?watch",
             [&](const wire::Request&, const std::shared_ptr<wire::Exchange>& exchange) {
               exchange->head(200, {});
               leaving = rig.loop.after(base::Duration{1}, [&] { rig.api.leave(); });
             });
  const auto ran = rig.orch({"wait", "run/a", "--for=condition=Complete", "--timeout=500ms"});
  EXPECT_EQ(ran.exit, 1);
  const auto said = ran.err.find("; trying again\n");
  ASSERT_NE(said, std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("reach http://" + rig.api.address), std::string::npos) << ran.err;
  EXPECT_EQ(ran.err.find("; trying again\n", said + 1), std::string::npos);
  EXPECT_NE(ran.err.find("timed out waiting"), std::string::npos) << ran.err;
}

TEST(Wait, AnObjectThatIsAbsentOrGoesAwayIsNotWaitedFor) {
  Rig rig;
  rig.api.on(kRuns, 200, list_of("", 5));
  EXPECT_EQ(rig.orch({"wait", "run/a", "--for=condition=Complete"}).exit, 1);
  Rig leaving;
  leaving.api.on(kRuns, 200, list_of(run_json("Running", 5), 5));
  leaving.api.stream(kRuns + "?watch", {event("DELETED", run_json("Running", 6))}, Then::hang);
  const auto ran = leaving.orch({"wait", "run/a", "--for=condition=Complete"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_EQ(ran.err, "error: benchrun.orch \"a\" not found\n");
}

TEST(Wait, ForCreationAndForTheEnd) {
  Rig rig;
  rig.api.on(kRuns, 200, list_of("", 5));
  rig.api.stream(kRuns + "?watch", {event("ADDED", run_json("Queued", 6))}, Then::hang);
  EXPECT_EQ(rig.orch({"wait", "run/a", "--for=create"}).exit, 0);
  EXPECT_EQ(rig.orch({"wait", "run/a", "--for=delete"}).exit, 0);
  Rig leaving;
  leaving.api.on(kRuns, 200, list_of(run_json("Running", 5), 5));
  leaving.api.stream(kRuns + "?watch", {event("DELETED", run_json("Running", 6))}, Then::hang);
  EXPECT_EQ(leaving.orch({"wait", "run/a", "--for=delete"}).exit, 0);
}

TEST(Wait, ChoosesBySelector) {
  Rig rig;
  rig.api.on(kRuns, 200, list_of(run_json("Succeeded", 5), 5));
  const auto ran = rig.orch(
      {"wait", "run", "-l", "k=v", "--for=jsonpath={.status.phase}=Succeeded", "-o", "json"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(rig.asked().front(), kRuns + "?labelSelector=k%3Dv");
  EXPECT_EQ(api::parse_json(ran.out)->text_at("kind"), "WaitResult");
}

// ---- delete

const std::string kGone = R"({"kind":"Status","status":"Success","details":{"name":"a"}})";

TEST(Delete, IsDoneWhenTheServerSaysGone) {
  Rig rig;
  rig.api.on("DELETE /apis/orch/v1/benchruns/a", 200, kGone);
  const auto ran = rig.orch({"delete", "run/a"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out, "benchrun.orch \"a\" deleted\n");
  EXPECT_EQ(api::parse_json(rig.api.requests.front().body)->text_at("propagationPolicy"),
            "Background");
}

TEST(Delete, WaitsForTheEndOfThisLife) {
  struct Case {
    std::string name, last;
  };
  const Case cases[] = {{"gone", event("DELETED", run_json("Running", 7))},
                        {"another life has the name", event("ADDED", run_json("Queued", 8, "u2"))}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    Rig rig;
    rig.api.on("DELETE /apis/orch/v1/benchruns/a", 200, run_json("Running", 5));
    rig.api.on(kRuns, 200, list_of(run_json("Running", 5), 5));
    rig.api.stream(kRuns + "?watch", {event("MODIFIED", run_json("Draining", 6)), c.last},
                   Then::hang);
    const auto ran = rig.orch({"delete", "run", "a"});
    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_EQ(ran.out, "benchrun.orch \"a\" deleted\n");
  }
}

TEST(Delete, DoesNotWaitWhereItIsToldSo) {
  Rig rig;
  rig.api.on("DELETE /apis/orch/v1/benchruns/a", 200, run_json("Running", 5));
  const auto ran = rig.orch({"delete", "run/a", "--wait=false"});
  EXPECT_EQ(ran.out, "benchrun.orch \"a\" is asked to go\n");
  EXPECT_EQ(rig.asked(), Words{"DELETE /apis/orch/v1/benchruns/a"});
}

TEST(Delete, WaitsOnlyAsLongAsItMay) {
  Rig rig;
  rig.api.on("DELETE /apis/orch/v1/benchruns/a", 200, run_json("Running", 5));
  rig.api.on(kRuns, 200, list_of(run_json("Running", 5), 5));
  rig.api.stream(kRuns + "?watch", {}, Then::hang);
  EXPECT_EQ(rig.orch({"delete", "run/a", "--timeout=30ms"}).exit, 1);
}

TEST(Delete, ManifestsGoFromTheLastToTheFirst) {
  Rig rig;
  const auto file =
      rig.folder.write("m.yaml",
                       "apiVersion: orch/v1\nkind: Machine\nmetadata: {name: m}\n---\n"
                       "apiVersion: orch/v1\nkind: BenchRun\nmetadata: {name: a}\n");
  rig.api.on("DELETE /apis/orch/v1/benchruns/a", 200, kGone);
  rig.api.on("DELETE /apis/orch/v1/machines/m", 200, kGone);
  EXPECT_EQ(rig.orch({"delete", "-f", file}).out,
            "benchrun.orch \"a\" deleted\nmachine.orch \"m\" deleted\n");
  EXPECT_EQ(rig.asked().front(), "DELETE /apis/orch/v1/benchruns/a");
}

TEST(Delete, WhatIsNotThereFailsUnlessItMay) {
  Rig rig;
  rig.api.on("DELETE /apis/orch/v1/benchruns/a", 200, kGone);
  const auto some = rig.orch({"delete", "run", "x", "a"});
  EXPECT_EQ(some.exit, 1);
  EXPECT_EQ(some.out, "benchrun.orch \"a\" deleted\n");
  EXPECT_EQ(rig.orch({"delete", "run/x", "--ignore-not-found"}).exit, 0);
}

TEST(Delete, ASelectorDeletesTheLivesThatItFound) {
  Rig rig;
  rig.api.on(kRuns, 200, list_of(run_json("Running", 5), 5));
  rig.api.on("DELETE /apis/orch/v1/benchruns/a", 200, kGone);
  EXPECT_EQ(rig.orch({"delete", "run", "--all"}).exit, 0);
  const auto body = api::parse_json(rig.api.requests.back().body);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->at({"preconditions", "uid"})->string(), "u");
}

TEST(Delete, ARefusalStopsIt) {
  Rig rig;
  rig.api.on("DELETE /apis/orch/v1/benchruns/a", 403, kForbidden);
  EXPECT_EQ(rig.orch({"delete", "run", "a", "b"}).exit, 77);
  EXPECT_EQ(rig.asked().size(), 1U);
}

// ---- logs

TEST(Logs, GoOnUntilTheStreamEnds) {
  Rig rig;
  rig.api.stream("GET /apis/orch/v1/benchruns/a/log", {"one\n", "\x1b[31mtw", "o\x1b[0m\nthree"},
                 Then::finish);
  const auto file = rig.orch({"logs", "-f", "run/a", "--tail=9"});
  EXPECT_EQ(file.exit, 0) << file.err;
  EXPECT_EQ(file.out, "one\n\x1b[31mtwo\x1b[0m\nthree");
  EXPECT_EQ(rig.asked().front(),
            "GET /apis/orch/v1/benchruns/a/log?follow=true&offset=0&tailLines=9");
  rig.out_is = Terminal::yes;
  EXPECT_EQ(rig.orch({"logs", "run/a"}).out, "one\ntwo\nthree");
}

TEST(Logs, ACutStreamIsNoEnd) {
  Rig rig;
  rig.api.stream("GET /apis/orch/v1/modeldeployments/a/log", {"one\n"}, Then::cut);
  const auto ran = rig.orch({"logs", "-f", "md/a"});
  EXPECT_EQ(ran.exit, 69);
  EXPECT_EQ(ran.out, "one\n");
}

TEST(Logs, ThatAreFollowedGoOnAfterACutWhereTheyWere) {
  Rig rig;
  const std::string path = "GET /apis/orch/v1/benchruns/a/log";
  rig.api.stream_with_head(path, {{"Orch-Log-Stream", "u1/box1"}, {"Orch-Log-Offset", "100"}},
                           {"one\n", "tw"}, Then::cut);
  rig.api.stream_with_head(path, {{"Orch-Log-Stream", "u1/box1"}, {"Orch-Log-Offset", "106"}},
                           {"o\n"}, Then::finish);
  const auto ran = rig.orch({"logs", "-f", "run/a", "--tail=9"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out, "one\ntwo\n");
  EXPECT_EQ(ran.err, "");
  ASSERT_EQ(rig.asked().size(), 2U);
  EXPECT_EQ(rig.asked().back(), path + "?follow=true&offset=106&stream=u1%2Fbox1");
}

TEST(Logs, OfWhichSomeBytesAreGoneSaySo) {
  Rig rig;
  const std::string path = "GET /apis/orch/v1/benchruns/a/log";
  rig.api.stream_with_head(path, {{"Orch-Log-Stream", "u1/box1"}, {"Orch-Log-Offset", "0"}},
                           {"one\n"}, Then::cut);
  rig.api.stream_with_head(path, {{"Orch-Log-Stream", "u1/box1"}, {"Orch-Log-Offset", "10"}},
                           {"two\n"}, Then::finish);
  const auto ran = rig.orch({"logs", "-f", "run/a"});
  EXPECT_EQ(ran.out, "one\ntwo\n");
  EXPECT_NE(ran.err.find("6 bytes of the log are gone here"), std::string::npos) << ran.err;
}

TEST(Logs, ThatAreNotFollowedFailWhenTheyAreCut) {
  Rig rig;
  rig.api.stream_with_head("GET /apis/orch/v1/benchruns/a/log",
                           {{"Orch-Log-Stream", "u1/box1"}, {"Orch-Log-Offset", "0"}}, {"one\n"},
                           Then::cut);
  EXPECT_EQ(rig.orch({"logs", "run/a"}).exit, 69);
  EXPECT_EQ(rig.asked().size(), 1U);
}

TEST(Logs, OfBeforeAreAskedFor) {
  Rig rig;
  rig.api.stream("GET /apis/orch/v1/benchruns/a/log", {"old\n"}, Then::finish);
  EXPECT_EQ(rig.orch({"logs", "-p", "run/a"}).out, "old\n");
  EXPECT_EQ(rig.asked().front(), "GET /apis/orch/v1/benchruns/a/log?previous=true");
}

TEST(Logs, OfNothingAreNotFound) {
  Rig rig;
  rig.api.on("GET /apis/orch/v1/benchruns/a/log", 404, status_body(404, "NotFound", "no such run"));
  const auto ran = rig.orch({"logs", "run/a"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_EQ(ran.err, "error: no such run\n");
}

}  // namespace
}  // namespace cli
