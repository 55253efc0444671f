// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/wire/lab.hpp"

#include <list>

namespace wire {
namespace {

using namespace test;  // NOLINT: the lab is made for this file

const std::string kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kHalfAHead = "POST /a HTTP/1.1\r\nHost: h\r\n";
const std::string kHalfABody = kHalfAHead + "Content-Length: 100\r\n\r\nhello";

/// A server that waits only as long as a test says, and peers who take their time.
struct SlowPeers : ::testing::Test {
  static constexpr base::Duration kSoon{30};

  std::string serve(const Bounds& bounds) {
    server.emplace(loop, service, bounds);
    return *server->listen_plain("127.0.0.1:0");
  }
  std::string serve_tls(const Bounds& bounds) {
    server.emplace(loop, service, bounds);
    return *server->listen("127.0.0.1:0", server_tls(ca));
  }
  bool closed(RawSocket& raw) {
    return run_until(loop, [&] { return raw.ended(); });
  }
  /// An exchange that a peer has asked for and will not read.
  Exchange& asked(RawSocket& raw) {
    raw.say(kGet);
    EXPECT_TRUE(run_until(loop, [&] { return service.exchanges.size() == 1; }));
    return *service.exchanges.front();
  }

  Loop loop;
  Asked service;
  KeyPair ca = new_ca();
  std::optional<Server> server;
};

TEST_F(SlowPeers, AHeadOrABodyThatStopsIsAnswered408) {
  const struct {
    const char* what;
    std::string bytes;
    Bounds bounds;
  } rows[] = {
      {"half a request line", "POST /a HT", {.header = kSoon}},
      {"half a head", kHalfAHead, {.header = kSoon}},
      {"half a body", kHalfABody, {.body = kSoon}},
      {"all but one byte of a body", kHalfABody + std::string(94, 'x'), {.body = kSoon}},
      {"a chunk that does not come",
       kHalfAHead + "Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
       {.body = kSoon}},
      {"no last chunk",
       kHalfAHead + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
       {.body = kSoon}},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    RawSocket raw(serve(row.bounds));
    raw.say(row.bytes);
    EXPECT_TRUE(closed(raw));
    EXPECT_EQ(raw.heard().substr(0, 12), "HTTP/1.1 408");
    EXPECT_NE(raw.heard().find("Connection: close"), std::string::npos);
  }
  EXPECT_TRUE(service.requests.empty());
  EXPECT_EQ(service.refused.size(), std::size(rows));
}

TEST_F(SlowPeers, BytesThatDribbleBuyNoTime) {
  const struct {
    const char* what;
    std::string begin;
    Bounds bounds;
  } rows[] = {{"a head", kHalfAHead + "X: ", {.header = kSoon}},
              {"a body", kHalfAHead + "Content-Length: 1000000\r\n\r\n", {.body = kSoon}}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    RawSocket raw(serve(row.bounds));
    raw.say(row.begin);
    EXPECT_TRUE(run_until(loop, [&] {
      raw.say("x");
      return raw.ended();
    }));
    EXPECT_EQ(raw.heard().substr(0, 12), "HTTP/1.1 408");
  }
  EXPECT_TRUE(service.requests.empty());
}

TEST_F(SlowPeers, AConnectionThatSaysNothingIsOwedNothing) {
  RawSocket raw(serve({.header = kSoon}));
  EXPECT_TRUE(closed(raw));
  EXPECT_EQ(raw.heard(), "");
  EXPECT_TRUE(run_until(loop, [&] { return server->connections() == 0; }));
}

TEST_F(SlowPeers, AKeptConnectionIsClosedInTimeWithoutAnotherWord) {
  service.answer = say_path;
  RawSocket raw(serve({.idle = kSoon}));
  raw.say(kGet);
  EXPECT_TRUE(closed(raw));
  EXPECT_TRUE(raw.heard().starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(raw.heard().ends_with("/a"));
}

TEST_F(SlowPeers, ABodyWhosePeerLeavesIsNeverServed) {
  const auto address = serve({});
  RawSocket{address}.say(kHalfABody);
  RawSocket half(address);
  half.say(kHalfABody);
  half.stop_saying();
  EXPECT_TRUE(closed(half));
  EXPECT_TRUE(run_until(loop, [&] { return server->connections() == 0; }));
  EXPECT_TRUE(service.requests.empty());
}

TEST_F(SlowPeers, HandshakesThatDoNotGoOnAreCut) {
  const auto address = serve_tls({.handshake = kSoon});
  std::list<RawSocket> idle;
  for (int i = 0; i < 100; ++i)
    idle.emplace_back(address).say(i % 2 == 0 ? "" : "\x16\x03\x01\x02");
  for (auto& one : idle)
    EXPECT_TRUE(closed(one));
  EXPECT_TRUE(run_until(loop, [&] { return server->connections() == 0; }));
}

TEST_F(SlowPeers, OthersAreServedBesideHandshakesThatDoNotGoOn) {
  service.answer = say_path;
  const auto address = serve_tls({});
  std::list<RawSocket> idle;
  for (int i = 0; i < 100; ++i)
    idle.emplace_back(address).say(i % 2 == 0 ? "" : "\x16\x03\x01\x02");
  Client client(loop, *Endpoint::parse("https://" + address), client_tls(ca));
  EXPECT_TRUE(client.call({}, {.timeout = base::seconds(10), .body_max = 1000}));
}

TEST_F(SlowPeers, WhoDoesNotReadAStreamIsCutAndTheServiceIsTold) {
  RawSocket raw(serve({.write = kSoon}));
  auto& exchange = asked(raw);
  int gone = 0;
  exchange.on_closed = [&] { ++gone; };
  exchange.head(200, {});
  while (!exchange.closed() && exchange.write(std::string(64 * 1024, 'x')))
    loop.run_once(base::Duration{0});
  EXPECT_TRUE(run_until(loop, [&] { return gone == 1; }));
  EXPECT_TRUE(exchange.closed());
  EXPECT_EQ(exchange.backlog(), 0U);
  EXPECT_TRUE(run_until(loop, [&] { return server->connections() == 0; }));
}

TEST_F(SlowPeers, WhoDoesNotReadAnAnswerIsCut) {
  RawSocket raw(serve({.write = kSoon}));
  asked(raw).respond({200, {}, std::string(64UL << 20, 'x')});
  EXPECT_TRUE(run_until(loop, [&] { return server->connections() == 0; }));
}

TEST_F(SlowPeers, WhoDoesNotReadARefusalIsCut) {
  service.body_bound = 10;
  std::list<RawSocket> peers;
  const auto address = serve({.write = kSoon, .linger = kSoon});
  for (int i = 0; i < 20; ++i)
    peers.emplace_back(address).say(kHalfABody);
  EXPECT_TRUE(run_until(loop, [&] { return service.refused.size() == 20; }));
  EXPECT_TRUE(run_until(loop, [&] { return server->connections() == 0; }));
}

TEST_F(SlowPeers, WhoWaitsLongestMakesRoomForOneMore) {
  service.answer = say_path;
  const auto address = serve({.connections = 4});
  std::list<RawSocket> silent;
  for (int i = 0; i < 50; ++i) {
    silent.emplace_back(address).say(i % 2 == 0 ? "" : kHalfABody);
    loop.run_once(base::Duration{0});
    EXPECT_LE(server->connections(), 4U);
  }
  RawSocket late(address);
  late.say(kGet);
  EXPECT_TRUE(run_until(loop, [&] { return late.heard().ends_with("/a"); }));
  EXPECT_TRUE(closed(silent.front()));
}

TEST_F(SlowPeers, StrangersMakeRoomBeforeWhoHasShownHisCertificate) {
  service.answer = say_path;
  const auto address = serve_tls({.connections = 3});
  Client known(loop, *Endpoint::parse("https://" + address), client_tls(ca));
  const Client::Options options{.timeout = base::seconds(10), .body_max = 1000};
  ASSERT_TRUE(known.call({}, options));
  std::list<RawSocket> strangers;
  for (int i = 0; i < 20; ++i) {
    strangers.emplace_back(address);
    loop.run_once(base::Duration{0});
  }
  EXPECT_TRUE(closed(strangers.front()));
  ASSERT_TRUE(known.call({}, options));
  EXPECT_EQ(service.requests[0].peer.address, service.requests[1].peer.address)
      << "the connection was kept";
}

TEST_F(SlowPeers, WhoIsOwedAnAnswerIsNotSentAway) {
  const auto address = serve({.connections = 1});
  RawSocket first(address);
  auto& exchange = asked(first);
  RawSocket second(address);
  EXPECT_TRUE(closed(second));
  exchange.respond({200, {}, "hello"});
  EXPECT_TRUE(run_until(loop, [&] { return first.heard().ends_with("hello"); }));
}

}  // namespace
}  // namespace wire
