// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "tests/unit/wire/lab.hpp"

namespace wire {
namespace {

using namespace test;  // NOLINT: the lab is made for this file

/// What a stream told, in order.
struct Told {
  std::string data;
  int status = 0;
  std::optional<base::Status> end;

  Client::StreamEvents events() {
    return {.on_head = [this](const Response& head) { status = head.status; },
            .on_data = [this](std::string_view bytes) { data += bytes; },
            .on_end = [this](base::Status how) { end = std::move(how); }};
  }
};

/// Every story is told over TLS and over plain TCP.
class Stream : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string scheme = GetParam();
    const auto address = scheme == "https" ? *server.listen("127.0.0.1:0", server_tls(ca))
                                           : *server.listen_plain("127.0.0.1:0");
    client.emplace(loop, *Endpoint::parse(scheme + "://" + address),
                   scheme == "https" ? std::optional<Tls>(client_tls(ca)) : std::nullopt);
  }

  Client::Call open(Told& told, base::Duration silence = base::Duration{0}) {
    auto call =
        client->stream({}, {.timeout = base::seconds(10), .body_max = 1}, silence, told.events());
    EXPECT_TRUE(run_until(loop, [&] { return service.exchanges.size() == 1; }));
    return call;
  }
  Exchange& exchange() { return *service.exchanges.front(); }

  Loop loop;
  KeyPair ca = new_ca();
  Asked service;
  Server server{loop, service};
  std::optional<Client> client;
};

TEST_P(Stream, TheHeadArrivesBeforeAnythingIsWritten) {
  Told told;
  const auto call = open(told);
  exchange().head(200, {{"Content-Type", "application/json"}});
  EXPECT_TRUE(run_until(loop, [&] { return told.status == 200; }));
  EXPECT_TRUE(exchange().write("one\n"));
  EXPECT_TRUE(run_until(loop, [&] { return told.data == "one\n"; }));
  EXPECT_TRUE(exchange().write("two\n"));
  EXPECT_TRUE(run_until(loop, [&] { return told.data == "one\ntwo\n"; }));
  EXPECT_FALSE(told.end);
  exchange().finish();
  EXPECT_TRUE(run_until(loop, [&] { return told.end.has_value(); }));
  EXPECT_TRUE(*told.end);
  EXPECT_TRUE(exchange().closed());
}

TEST_P(Stream, ACutStreamIsToldFromOneThatEnded) {
  Told told;
  const auto call = open(told);
  exchange().head(200, {});
  exchange().write("half");
  ASSERT_TRUE(run_until(loop, [&] { return told.data == "half"; }));
  exchange().abort();
  ASSERT_TRUE(run_until(loop, [&] { return told.end.has_value(); }));
  ASSERT_FALSE(*told.end);
  EXPECT_EQ(told.end->error().code, base::Code::unavailable);
}

TEST_P(Stream, AServiceThatLetsGoOfAStreamCutsIt) {
  Told told;
  const auto call = open(told);
  exchange().head(200, {});
  service.exchanges.clear();
  ASSERT_TRUE(run_until(loop, [&] { return told.end.has_value(); }));
  EXPECT_FALSE(*told.end);
}

TEST_P(Stream, AHangUpIsNoticedWhileNothingIsWritten) {
  Told told;
  auto call = open(told);
  int closed = 0;
  exchange().on_closed = [&] { ++closed; };
  exchange().head(200, {});
  ASSERT_TRUE(run_until(loop, [&] { return told.status == 200; }));
  call.cancel();
  EXPECT_TRUE(run_until(loop, [&] { return closed == 1; }));
  EXPECT_TRUE(exchange().closed());
  EXPECT_EQ(exchange().backlog(), 0U);
  EXPECT_TRUE(exchange().write("nobody hears"));
  exchange().finish();
  EXPECT_TRUE(run_until(loop, [&] { return server.connections() == 0; }));
  EXPECT_EQ(closed, 1);
  EXPECT_FALSE(told.end);
}

TEST_P(Stream, SilenceEndsAStreamWhenAsked) {
  Told told;
  const auto call = open(told, base::Duration{30});
  exchange().head(200, {});
  ASSERT_TRUE(run_until(loop, [&] { return told.end.has_value(); }));
  ASSERT_FALSE(*told.end);
  EXPECT_EQ(told.end->error().code, base::Code::timeout);
}

TEST_P(Stream, AnAnswerThatIsNoStreamEndsAsOne) {
  Told told;
  const auto call = open(told);
  exchange().respond({404, {}, "no such thing"});
  ASSERT_TRUE(run_until(loop, [&] { return told.end.has_value(); }));
  EXPECT_TRUE(*told.end);
  EXPECT_EQ(told.status, 404);
  EXPECT_EQ(told.data, "no such thing");
}

TEST_P(Stream, AHundredThousandPiecesArriveInOrder) {
  Told told;
  const auto call = open(told);
  exchange().head(200, {});
  std::string all;
  for (int i = 0; i < 100'000; ++i) {
    const auto piece = std::to_string(i) + '\n';
    all += piece;
    exchange().write(piece);
  }
  exchange().finish();
  ASSERT_TRUE(run_until(loop, [&] { return told.end.has_value(); }));
  EXPECT_TRUE(told.data == all);
}

INSTANTIATE_TEST_SUITE_P(OverBoth, Stream, ::testing::Values("https", "http"));

struct SlowReader : ::testing::Test {
  Loop loop;
  Asked service;
  Server server{loop, service};
  RawSocket reader{*server.listen_plain("127.0.0.1:0")};
};

TEST_F(SlowReader, IsToldOfWhenFullAndAgainWhenThereIsRoom) {
  reader.say("GET /watch HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(run_until(loop, [&] { return service.exchanges.size() == 1; }));
  auto& exchange = *service.exchanges.front();
  int writable = 0;
  exchange.on_writable = [&] { ++writable; };
  exchange.head(200, {});
  const std::string piece(64 * 1024, 'x');
  std::size_t given = 0;
  while (given < 64UL << 20) {
    given += piece.size();
    const bool room = exchange.write(piece);
    loop.run_once(base::Duration{0});
    if (!room && exchange.backlog() > base::limits::kWriteHighWater) break;
  }
  ASSERT_LT(given, 64UL << 20) << "write never said that it is full";
  EXPECT_EQ(writable, 0);
  exchange.finish();
  ASSERT_TRUE(
      run_until(loop, [&] { return reader.heard().find("0\r\n\r\n") != std::string::npos; }));
  EXPECT_GT(reader.heard().size(), given);
}

TEST_F(SlowReader, IsWrittenToAgainOnceItReads) {
  reader.say("GET /watch HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(run_until(loop, [&] { return service.exchanges.size() == 1; }));
  auto& exchange = *service.exchanges.front();
  int writable = 0;
  exchange.on_writable = [&] { ++writable; };
  exchange.head(200, {});
  while (exchange.write(std::string(64 * 1024, 'x')))
    loop.run_once(base::Duration{0});
  EXPECT_TRUE(run_until(loop, [&] {
    reader.heard();
    return writable == 1;
  }));
  EXPECT_LT(exchange.backlog(), base::limits::kWriteHighWater);
}

}  // namespace
}  // namespace wire
