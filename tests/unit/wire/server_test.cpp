// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/wire/lab.hpp"
#include "tests/unit/wire/probes.hpp"
#include "wire/http1.hpp"

#include <algorithm>

namespace wire {
namespace {

using namespace test;  // NOLINT: the lab is made for this file

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t times = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at)
    ++times;
  return times;
}

struct PlainServer : ::testing::Test {
  /// What the server says to these bytes until it closes or has answered `answers` times.
  std::string hear(std::string_view bytes, std::size_t answers = 1) {
    raw.emplace(address);
    raw->say(bytes);
    EXPECT_TRUE(run_until(
        loop, [&] { return raw->ended() || count(raw->heard(), "HTTP/1.1 ") == answers; }));
    return raw->heard();
  }

  Loop loop;
  Asked service;
  Server server{loop, service};
  std::string address = *server.listen_plain("127.0.0.1:0");
  std::optional<RawSocket> raw;
};

TEST_F(PlainServer, TwoRequestsInOneWriteAreAnsweredOneAfterTheOther) {
  raw.emplace(address);
  raw->say("GET /one HTTP/1.1\r\nHost: h\r\n\r\nGET /two HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(run_until(loop, [&] { return service.exchanges.size() == 1; }));
  loop.run_once(base::Duration{0});
  ASSERT_EQ(service.requests.size(), 1U);  // The second waits for the first.
  service.exchanges[0]->respond({200, {}, "first"});
  ASSERT_TRUE(run_until(loop, [&] { return service.exchanges.size() == 2; }));
  EXPECT_EQ(service.requests[1].path, "/two");
  service.exchanges[1]->respond({200, {}, "second"});
  ASSERT_TRUE(run_until(loop, [&] { return count(raw->heard(), "HTTP/1.1 200 OK") == 2; }));
  EXPECT_LT(raw->heard().find("first"), raw->heard().find("second"));
  EXPECT_FALSE(raw->ended());
}

TEST_F(PlainServer, ManyPipelinedRequestsAreAllAnswered) {
  service.answer = say_path;
  std::string all;
  for (int i = 0; i < 500; ++i)
    all += "GET /n HTTP/1.1\r\nHost: h\r\n\r\n";
  EXPECT_EQ(count(hear(all, 500), "HTTP/1.1 200 OK"), 500U);
}

TEST_F(PlainServer, EveryFramingProbeIsRefusedAndWhatFollowsItNeverRuns) {
  service.answer = say_path;
  for (const auto& probe : framing_probes()) {
    SCOPED_TRACE(probe.name);
    const auto heard = hear(probe.bytes + "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n", 2);
    EXPECT_EQ(heard.substr(0, 12), "HTTP/1.1 " + probe.expected);
    EXPECT_NE(heard.find("Connection: close"), std::string::npos);
    EXPECT_EQ(count(heard, "HTTP/1.1 "), 1U);
    EXPECT_TRUE(raw->ended());
  }
  EXPECT_TRUE(service.requests.empty());
}

TEST_F(PlainServer, NothingBehindARefusedRequestIsExecuted) {
  service.answer = say_path;
  const auto heard = hear(
      "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n",
      2);
  EXPECT_EQ(heard.substr(0, 12), "HTTP/1.1 400");
  EXPECT_NE(heard.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(raw->ended());
  EXPECT_TRUE(service.requests.empty());
}

TEST_F(PlainServer, AnswersBeforeARefusedRequestAreStillGiven) {
  service.answer = say_path;
  const auto heard = hear("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\n\r\n", 3);
  EXPECT_EQ(heard.substr(0, 12), "HTTP/1.1 200");
  EXPECT_NE(heard.find("HTTP/1.1 400"), std::string::npos);
  EXPECT_EQ(service.requests.size(), 1U);
}

TEST_F(PlainServer, BoundsCloseTheConnectionWithAReason) {
  service.body_bound = 10;
  service.answer = say_path;
  const std::pair<std::string, std::string> cases[] = {
      {"GET /a HTTP/1.1\r\nHost: h\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n", "431"},
      {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello world", "413"},
      {"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n",
       "413"},
      {"GET /" + std::string(3'000, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n", "414"},
  };
  for (const auto& [bytes, status] : cases) {
    SCOPED_TRACE(status);
    EXPECT_EQ(hear(bytes, 2).substr(0, 12), "HTTP/1.1 " + status);
    EXPECT_TRUE(raw->ended());
  }
  EXPECT_TRUE(service.requests.empty());
}

TEST_F(PlainServer, ARefusalIsAStatusThatEveryClientPrints) {
  service.body_bound = 10;
  const auto heard =
      hear("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello world", 2);
  EXPECT_NE(heard.find("Content-Type: application/json\r\n"), std::string::npos) << heard;
  EXPECT_EQ(heard.substr(heard.find("\r\n\r\n") + 4),
            R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)"
            R"("message":"the body is longer than 10 bytes","reason":"RequestEntityTooLarge",)"
            R"("code":413})"
            "\n");
}

TEST_F(PlainServer, TheServiceIsToldWhatWasRefusedAndWhoAskedFor) {
  service.body_bound = 10;
  hear("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello world", 2);
  hear("GET /" + std::string(9'000, 'x'), 2);
  ASSERT_EQ(service.refused.size(), 2U);
  const auto& [head, refusal] = service.refused.front();
  EXPECT_EQ(head.path, "/a");
  EXPECT_TRUE(head.peer.address.starts_with("127.0.0.1:")) << head.peer.address;
  EXPECT_EQ(refusal.status, 413);
  EXPECT_EQ(service.refused.back().second.status, 414);
  EXPECT_EQ(service.refused.back().first.path, "/");
}

TEST_F(PlainServer, ARequestThatIsDroppedIsAnsweredAsAStatus) {
  service.answer = [](const Request&, const std::shared_ptr<Exchange>&) {};
  const auto heard = hear("GET /a HTTP/1.1\r\nHost: h\r\n\r\n", 2);
  EXPECT_EQ(heard.substr(0, 12), "HTTP/1.1 500");
  EXPECT_NE(heard.find(R"("reason":"InternalError")"), std::string::npos) << heard;
}

TEST(Refusals, AreJsonWhateverTheReasonHolds) {
  const auto answer = answer_to({400, "a \"quote\", a \\, a \n, a \x01 and a \xff"});
  EXPECT_NE(answer.body.find(R"("message":"a \"quote\", a \\,)"), std::string::npos) << answer.body;
  EXPECT_EQ(answer.body.find('\n'), answer.body.size() - 1);
  EXPECT_EQ(answer.body.find('\x01'), std::string::npos);
}

TEST_F(PlainServer, ARequestThatComesByteByByteIsServed) {
  service.answer = [](const Request& request, const std::shared_ptr<Exchange>& exchange) {
    exchange->respond({200, {}, request.body});
  };
  raw.emplace(address);
  const std::string bytes =
      "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  for (const char c : bytes) {
    raw->say({&c, 1});
    loop.run_once(base::Duration{0});
  }
  EXPECT_TRUE(run_until(loop, [&] { return raw->heard().find("hello") != std::string::npos; }));
}

TEST_F(PlainServer, ABodyThatWaitsForPermissionGetsIt) {
  service.answer = [](const Request& request, const std::shared_ptr<Exchange>& exchange) {
    exchange->respond({200, {}, request.body});
  };
  const auto heard =
      hear("POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(heard, "HTTP/1.1 100 Continue\r\n\r\n");
  raw->say("hello");
  EXPECT_TRUE(
      run_until(loop, [&] { return raw->heard().find("\r\n\r\nhello") != std::string::npos; }));
}

TEST_F(PlainServer, HeadIsAnsweredLikeGetWithoutTheBody) {
  service.answer = say_path;
  const auto heard = hear("HEAD /abc HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(heard.find("Content-Length: 4\r\n"), std::string::npos);
  EXPECT_EQ(heard.substr(heard.size() - 4), "\r\n\r\n");
}

TEST_F(PlainServer, AStreamToHttp10EndsWithTheConnection) {
  service.answer = [](const Request&, const std::shared_ptr<Exchange>& exchange) {
    exchange->head(200, {});
    exchange->write("hello");
    exchange->finish();
  };
  const auto heard = hear("GET /a HTTP/1.0\r\nHost: h\r\n\r\n", 2);
  EXPECT_EQ(count(heard, "chunked"), 0U);
  EXPECT_EQ(heard.substr(heard.size() - 9), "\r\n\r\nhello");
}

TEST_F(PlainServer, AClientThatStopsSayingStillHearsItsAnswers) {
  raw.emplace(address);
  raw->say("GET /one HTTP/1.1\r\nHost: h\r\n\r\nGET /two HTTP/1.1\r\nHost: h\r\n\r\n");
  raw->stop_saying();
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(run_until(loop, [&] { return service.exchanges.size() == i + 1; }));
    loop.run_once(base::Duration{5});  // The end of what it says is noticed before the answer.
    service.exchanges[i]->respond({200, {}, service.requests[i].path});
  }
  EXPECT_TRUE(run_until(loop, [&] { return raw->ended(); }));
  EXPECT_NE(raw->heard().find("/one"), std::string::npos);
  EXPECT_NE(raw->heard().find("/two"), std::string::npos);
}

TEST_F(PlainServer, AServiceThatForgetsARequestAnswers500) {
  service.answer = [](const Request&, const std::shared_ptr<Exchange>&) {};
  EXPECT_EQ(hear("GET /a HTTP/1.1\r\nHost: h\r\n\r\n", 2).substr(0, 12), "HTTP/1.1 500");
}

TEST_F(PlainServer, AStoppedServerLetsOpenExchangesEnd) {
  raw.emplace(address);
  raw->say("GET /one HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(run_until(loop, [&] { return service.exchanges.size() == 1; }));
  server.stop_accepting();
  service.exchanges[0]->respond({200, {}, "done"});
  ASSERT_TRUE(run_until(loop, [&] { return raw->heard().find("done") != std::string::npos; }));
}

TEST_F(PlainServer, AnExchangeOutlivesItsServer) {
  auto own = std::make_unique<Server>(loop, service);
  raw.emplace(*own->listen_plain("127.0.0.1:0"));
  raw->say("GET /one HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(run_until(loop, [&] { return service.exchanges.size() == 1; }));
  own.reset();
  EXPECT_TRUE(service.exchanges[0]->closed());
  service.exchanges[0]->respond({200, {}, "nobody hears"});
  EXPECT_TRUE(run_until(loop, [&] { return raw->ended(); }));
}

TEST_F(PlainServer, GarbageAtATlsPortHarmsNothing) {
  const auto ca = new_ca();
  service.answer = say_path;
  const auto tls_address = *server.listen("127.0.0.1:0", server_tls(ca));
  RawSocket garbage(tls_address);
  garbage.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(run_until(loop, [&] { return garbage.ended(); }));
  Client client(loop, *Endpoint::parse("https://" + tls_address), client_tls(ca));
  EXPECT_TRUE(client.call({}, {}));
}

}  // namespace
}  // namespace wire
