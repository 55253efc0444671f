// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/wire/lab.hpp"

namespace wire {
namespace {

using namespace test;  // NOLINT: the lab is made for this file

Request get(const std::string& target) {
  Request request;
  request.target = target;
  return request;
}

struct RoundTrip : ::testing::Test {
  Endpoint serve() {
    return *Endpoint::parse("https://" + *server.listen("127.0.0.1:0", server_tls(ca)));
  }
  Endpoint serve_plain() {
    return *Endpoint::parse("http://" + *server.listen_plain("127.0.0.1:0"));
  }

  Loop loop;
  KeyPair ca = new_ca();
  Asked service;
  Server server{loop, service};
};

TEST_F(RoundTrip, ARequestArrivesWithTheIdentityOfTheCertificateAndIsAnswered) {
  service.answer = say_path;
  Client client(loop, serve(), client_tls(ca));
  auto request = get("/agent/v1/report?dry=1");
  request.method = "POST";
  request.body = "{}";

  const auto response = client.call(request, {});

  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "/agent/v1/report");
  ASSERT_EQ(service.requests.size(), 1U);
  const auto& got = service.requests.front();
  EXPECT_EQ(got.body, "{}");
  EXPECT_TRUE(got.flag("dry"));
  EXPECT_TRUE(got.peer.certified);
  EXPECT_EQ(got.peer.common_name, "orch:machine:box1");
  EXPECT_EQ(got.peer.organizations, std::vector<std::string>{"orch:machines"});
  EXPECT_EQ(got.peer.uris, std::vector<std::string>{"spiffe://orch/c1/machine/box1"});
  EXPECT_EQ(got.peer.serial.size(), 32U);
  EXPECT_EQ(got.peer.address.substr(0, 10), "127.0.0.1:");
}

TEST_F(RoundTrip, AClientWithoutACertificateIsServedButNotCertified) {
  service.answer = say_path;
  Client client(loop, serve(), *Tls::client(ca.certificate, "", ""));
  const auto response = client.call(get("/livez"), {});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_FALSE(service.requests.front().peer.certified);
  EXPECT_EQ(service.requests.front().peer.common_name, "");
}

TEST_F(RoundTrip, ManyRequestsShareOneConnection) {
  service.answer = say_path;
  Client client(loop, serve(), client_tls(ca));
  for (int i = 0; i < 20; ++i) {
    const auto response = client.call(get("/" + std::to_string(i)), {});
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, "/" + std::to_string(i));
  }
  EXPECT_EQ(server.connections(), 1U);
  EXPECT_EQ(service.requests.front().peer.address, service.requests.back().peer.address);
}

TEST_F(RoundTrip, RequestsAtTheSameTimeEachGetTheirOwnAnswer) {
  service.answer = say_path;
  Client client(loop, serve(), client_tls(ca));
  std::vector<Client::Call> calls;
  int right = 0;
  for (int i = 0; i < 40; ++i)
    calls.push_back(client.send(get("/" + std::to_string(i)), {}, [&, i](auto response) {
      if (response && response->body == "/" + std::to_string(i)) ++right;
    }));
  EXPECT_TRUE(run_until(loop, [&] { return right == 40; }));
}

TEST_F(RoundTrip, BodiesOfMegabytesTravelBothWays) {
  service.body_bound = 8 << 20;
  service.answer = [](Request request, const std::shared_ptr<Exchange>& exchange) {
    exchange->respond({200, {}, request.body + request.body});
  };
  Client client(loop, serve(), client_tls(ca));
  auto request = get("/big");
  request.method = "PUT";
  for (int i = 0; request.body.size() < 6'000'000; ++i)
    request.body += std::to_string(i);
  const auto response = client.call(request, {});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_TRUE(response->body == request.body + request.body);
}

TEST_F(RoundTrip, AConnectionThatTheServerClosedWhileIdleIsReplacedSilently) {
  service.answer = say_path;
  Client client(loop, serve(), client_tls(ca));
  ASSERT_TRUE(client.call(get("/a"), {}));
  server.close_all();
  const auto response = client.call(get("/b"), {});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "/b");
}

TEST_F(RoundTrip, AConnectionCutBeforeTheAnswerIsAnErrorAndTheRequestIsNotSentAgain) {
  service.answer = [](const Request&, const std::shared_ptr<Exchange>& exchange) {
    exchange->abort();
  };
  Client client(loop, serve(), client_tls(ca));
  const auto response = client.call(get("/a"), {});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, base::Code::unavailable);
  EXPECT_EQ(service.requests.size(), 1U);
}

TEST_F(RoundTrip, ADroppedCallNeverAnswersAndTheServerNotices) {
  Client client(loop, serve(), client_tls(ca));
  bool answered = false, noticed = false;
  auto call = client.send(get("/a"), {}, [&](const auto&) { answered = true; });
  ASSERT_TRUE(run_until(loop, [&] { return service.exchanges.size() == 1; }));
  service.exchanges.front()->on_closed = [&] { noticed = true; };
  call.cancel();
  EXPECT_TRUE(run_until(loop, [&] { return noticed; }));
  EXPECT_TRUE(service.exchanges.front()->closed());
  service.exchanges.front()->respond({200, {}, "too late"});
  EXPECT_FALSE(answered);
}

TEST_F(RoundTrip, NobodyIsAnsweredAfterTheClientIsGone) {
  auto client = std::make_unique<Client>(loop, serve(), client_tls(ca));
  bool answered = false;
  const auto call = client->send(get("/a"), {}, [&](const auto&) { answered = true; });
  ASSERT_TRUE(run_until(loop, [&] { return service.exchanges.size() == 1; }));
  client.reset();
  service.exchanges.front()->respond({200, {}, ""});
  EXPECT_TRUE(run_until(loop, [&] { return server.connections() == 0; }));
  EXPECT_FALSE(answered);
}

TEST_F(RoundTrip, AnAnswerMayAskTheNextQuestion) {
  service.answer = say_path;
  Client client(loop, serve(), client_tls(ca));
  Client::Call call;
  int answers = 0;
  std::function<void(base::Result<Response>)> again = [&](const base::Result<Response>& response) {
    ASSERT_TRUE(response);
    if (++answers < 3) call = client.send(get("/next"), {}, again);
  };
  call = client.send(get("/first"), {}, again);
  EXPECT_TRUE(run_until(loop, [&] { return answers == 3; }));
}

TEST_F(RoundTrip, AServerThatDoesNotAnswerIsATimeout) {
  Client client(loop, serve(), client_tls(ca));
  const auto response = client.call(get("/a"), {.timeout = base::Duration{50}, .body_max = 1});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, base::Code::timeout);
  EXPECT_NE(response.error().message.find("no answer within 50 ms"), std::string::npos);
}

TEST_F(RoundTrip, AServerThatIsNotThereIsUnavailableAndNamed) {
  const auto address = *server.listen_plain("127.0.0.1:0");
  server.stop_accepting();
  Client client(loop, *Endpoint::parse("http://" + address), std::nullopt);
  const auto response = client.call(get("/a"), {});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, base::Code::unavailable);
  EXPECT_NE(response.error().message.find("reach http://" + address), std::string::npos)
      << response.error().message;
}

TEST_F(RoundTrip, AHostThatNobodyKnowsIsUnavailable) {
  const std::string too_long(64, 'x');  // no name service is asked for such a label
  Client client(loop, *Endpoint::parse("http://" + too_long + ":1"), std::nullopt);
  const auto response = client.call(get("/a"), {});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, base::Code::unavailable);
}

TEST_F(RoundTrip, AnAnswerLargerThanTheCallerAllowsIsRefused) {
  service.answer = [](const Request&, const std::shared_ptr<Exchange>& exchange) {
    exchange->respond({200, {}, std::string(101, 'x')});
  };
  Client client(loop, serve(), client_tls(ca));
  EXPECT_TRUE(client.call(get("/a"), {.timeout = base::seconds(5), .body_max = 101}));
  EXPECT_FALSE(client.call(get("/a"), {.timeout = base::seconds(5), .body_max = 100}));
}

TEST_F(RoundTrip, AStopEndsACallThatWaits) {
  Client client(loop, serve(), client_tls(ca));
  const auto timer = loop.after(base::Duration{1}, [&] { loop.stop(); });
  const auto response = client.call(get("/a"), {});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, base::Code::unavailable);
}

TEST_F(RoundTrip, AnotherCertificateIsShownToConnectionsThatComeFromNowOn) {
  service.answer = say_path;
  const auto endpoint = serve();
  Client before(loop, endpoint, client_tls(ca));
  ASSERT_TRUE(before.call(get("/a"), {}));
  const auto other = new_ca("another CA");
  server.use(server_tls(other));
  Client after(loop, endpoint, client_tls(other));
  EXPECT_TRUE(after.call(get("/a"), {}));
  EXPECT_TRUE(before.call(get("/a"), {}));
  Client stale(loop, endpoint, client_tls(ca));
  EXPECT_FALSE(stale.call(get("/a"), {}));
}

TEST(EndpointParse, TakesTheThreeFormsAndNothingElse) {
  const std::pair<std::string, std::string> cases[] = {
      {"https://127.0.0.1:7443", "https://127.0.0.1:7443"},
      {"https://controller.lab:7443/", "https://controller.lab:7443"},
      {"https://controller.lab", "https://controller.lab:443"},
      {"http://localhost", "http://localhost:80"},
      {"https://[::1]:7443", "https://[::1]:7443"},
      {"https://[::1]", "https://[::1]:443"},
      {"unix:/run/docker.sock", "unix:/run/docker.sock"},
      {"unix:///run/docker.sock", "unix:/run/docker.sock"},
      {"", "refused"},
      {"127.0.0.1:7443", "refused"},
      {"ftp://a:1", "refused"},
      {"https://", "refused"},
      {"https://a:b", "refused"},
      {"https://a:0", "refused"},
      {"https://a:65536", "refused"},
      {"https://a:1/path", "refused"},
      {"https://user@a:1", "refused"},
      {"https://a b:1", "refused"},
      {"https://::1:7443", "refused"},
      {"unix:relative", "refused"},
      {"unix:", "refused"},
  };
  for (const auto& [url, expected] : cases) {
    SCOPED_TRACE(url);
    const auto endpoint = Endpoint::parse(url);
    EXPECT_EQ(endpoint ? endpoint->text() : "refused", expected);
  }
}

}  // namespace
}  // namespace wire
