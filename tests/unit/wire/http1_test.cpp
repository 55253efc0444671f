// SPDX-License-Identifier: Apache-2.0
#include "wire/http1.hpp"

#include "tests/unit/wire/probes.hpp"

#include <gtest/gtest.h>

namespace wire {
namespace {

using namespace test;  // NOLINT: the probes are made for this file

/// Feeds everything, as a session does; gives what was not taken.
template <class Parser>
std::string feed_all(Parser& parser, std::string bytes) {
  while (!parser.done() && !parser.refusal()) {
    const auto taken = parser.feed(bytes);
    bytes.erase(0, taken);
    if (taken == 0) break;
  }
  return bytes;
}

/// The same, one byte after the other.
template <class Parser>
std::string feed_slowly(Parser& parser, const std::string& bytes) {
  std::string waiting;
  for (const char c : bytes) {
    waiting += c;
    waiting = feed_all(parser, waiting);
  }
  return waiting;
}

/// What the parser says: "ok METHOD path body" or the status of the refusal, or "more".
std::string verdict(RequestParser& parser) {
  if (parser.refusal()) return std::to_string(parser.refusal()->status);
  if (!parser.done()) return "more";
  const auto request = parser.take();
  return "ok " + request.method + ' ' + request.path + ' ' + request.body;
}

std::string verdict_of(const std::string& bytes) {
  RequestParser parser(1 << 20);
  feed_all(parser, bytes);
  return verdict(parser);
}

std::string slow_verdict_of(const std::string& bytes) {
  RequestParser parser(1 << 20);
  feed_slowly(parser, bytes);
  return verdict(parser);
}

TEST(RequestParser, RefusesWhatTwoReadersCouldUnderstandDifferently) {
  for (const auto& probe : framing_probes()) {
    SCOPED_TRACE(probe.name);
    EXPECT_EQ(verdict_of(probe.bytes), probe.expected);
    EXPECT_EQ(slow_verdict_of(probe.bytes), probe.expected);
  }
}

TEST(RequestParser, TakesWhatEverydayClientsSend) {
  const Probe probes[] = {
      {"a plain GET", "GET /a HTTP/1.1\r\nHost: h\r\n\r\n", "ok GET /a "},
      {"a GET of length zero", "GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
       "ok GET /a "},
      {"HTTP/1.0 with a host", "GET /a HTTP/1.0\r\nHost: h\r\n\r\n", "ok GET /a "},
      {"a body of known length", kPost + "Content-Length: 5\r\n\r\nhello", "ok POST /a hello"},
      {"chunks", kPost + "Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
       "ok POST /a hello!"},
      {"no chunk but the last", kPost + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "ok POST /a "},
      {"a DELETE with a body", "DELETE /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
       "ok DELETE /a hello"},
      {"100-continue", kPost + "Expect: 100-Continue\r\nContent-Length: 5\r\n\r\nhello",
       "ok POST /a hello"},
  };
  for (const auto& probe : probes) {
    SCOPED_TRACE(probe.name);
    EXPECT_EQ(verdict_of(probe.bytes), probe.expected);
    EXPECT_EQ(slow_verdict_of(probe.bytes), probe.expected);
  }
}

TEST(RequestParser, TargetsThatClimbOrHideAreRefused) {
  const Probe probes[] = {
      {"climbs", "/a/../b", "400"},
      {"climbs encoded", "/a/%2e%2e%2fb", "400"},
      {"climbs at the end", "/a/..", "400"},
      {"stands still", "/a/./b", "400"},
      {"an empty segment", "/a//b", "400"},
      {"an empty segment, encoded", "/a/%2Fb", "400"},
      {"a parameter", "/a;b=c", "400"},
      {"a NUL", "/a%00", "400"},
      {"half an escape", "/a%4", "400"},
      {"overlong UTF-8", "/a%c0%af", "400"},
      {"an escape sequence", "/a%1b[2J", "400"},
      {"a fragment", "/a#b", "400"},
      {"a broken query", "/a?b=%zz", "400"},
      {"2049 bytes", "/" + std::string(2048, 'a'), "414"},
      {"2048 bytes", "/" + std::string(2047, 'a'), "ok GET /" + std::string(2047, 'a') + " "},
      {"a slash at the end", "/a/", "ok GET /a/ "},
      {"the root", "/", "ok GET / "},
      {"dots in a name", "/a..b/...", "ok GET /a..b/... "},
      {"an encoded blank", "/a%20b", "ok GET /a b "},
  };
  for (const auto& probe : probes) {
    SCOPED_TRACE(probe.name);
    EXPECT_EQ(verdict_of("GET " + probe.bytes + " HTTP/1.1\r\nHost: h\r\n\r\n"), probe.expected);
  }
}

TEST(RequestParser, TheQueryIsDecodedInOrder) {
  RequestParser parser(0);
  feed_all(parser, "GET /a?x=1&labelSelector=a%3Db%2Cc&w&x=2&s=a+b HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(parser.done());
  const auto request = parser.take();
  EXPECT_EQ(request.parameter("x"), "1");
  EXPECT_EQ(request.parameter("labelSelector"), "a=b,c");
  EXPECT_EQ(request.parameter("s"), "a b");
  EXPECT_EQ(request.query.size(), 5U);
  EXPECT_TRUE(request.flag("w"));
  EXPECT_FALSE(request.flag("absent"));
  EXPECT_EQ(request.header("hOST"), "h");
}

TEST(RequestParser, BoundsAreRefusedByName) {
  const std::string big(20'000, 'x');
  std::string many = "GET /a HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 64; ++i)
    many += "X: y\r\n";
  const Probe probes[] = {
      {"a head of 20 kB", "GET /a HTTP/1.1\r\nHost: h\r\nX: " + big + "\r\n\r\n", "431"},
      {"a head of 20 kB in small fields, not ended",
       [] {
         std::string head = "GET /a HTTP/1.1\r\nHost: h\r\n";
         while (head.size() < 20'000)
           head += "X: yyyyyyyyyyyyyyyyyyyyyyyyy\r\n";
         return head;
       }(),
       "431"},
      {"a request line of 20 kB", "GET /" + big + " HTTP/1.1\r\nHost: h\r\n\r\n", "414"},
      {"65 fields", many + "\r\n", "431"},
      {"a body over the bound", kPost + "Content-Length: 1048577\r\n\r\n", "413"},
      {"a chunk over the bound", kPost + "Transfer-Encoding: chunked\r\n\r\n100001\r\n", "413"},
      {"a chunk's size that never ends",
       kPost + "Transfer-Encoding: chunked\r\n\r\n" + std::string(9'000, '0'), "400"},
  };
  for (const auto& probe : probes) {
    SCOPED_TRACE(probe.name);
    EXPECT_EQ(verdict_of(probe.bytes), probe.expected);
    EXPECT_EQ(slow_verdict_of(probe.bytes), probe.expected);
  }
}

TEST(RequestParser, TheHeadIsThereBeforeTheBodyAndTheBoundMayFollowFromIt) {
  RequestParser parser(1 << 20);
  std::string bytes = kPost + "Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello";
  bytes.erase(0, parser.feed(bytes));
  ASSERT_TRUE(parser.head_done());
  EXPECT_EQ(bytes, "hello");
  EXPECT_EQ(parser.head().path, "/a");
  EXPECT_TRUE(parser.wants_continue());
  parser.set_body_max(4);
  ASSERT_TRUE(parser.refusal());
  EXPECT_EQ(parser.refusal()->status, 413);
}

TEST(RequestParser, TwoRequestsInOneWriteAreTwoRequests) {
  RequestParser parser(1 << 20);
  const auto rest = feed_all(parser, kPost + "Content-Length: 3\r\n\r\none" + kPost +
                                         "Transfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n");
  EXPECT_EQ(verdict(parser), "ok POST /a one");
  EXPECT_EQ(feed_all(parser, rest), "");
  EXPECT_EQ(verdict(parser), "ok POST /a two");
}

TEST(RequestParser, ABodyOf300KilobytesArrivesWholeInAnyPieces) {
  std::string body;
  for (int i = 0; body.size() < 300'000; ++i)
    body += std::to_string(i) + ' ';
  const auto whole = kPost + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  for (const std::size_t piece : {7UL, 4096UL, 16384UL, whole.size()}) {
    SCOPED_TRACE(piece);
    RequestParser parser(1 << 20);
    std::string waiting;
    for (std::size_t at = 0; at < whole.size(); at += piece)
      waiting = feed_all(parser, waiting + whole.substr(at, piece));
    ASSERT_TRUE(parser.done());
    EXPECT_EQ(parser.take().body, body);
  }
}

TEST(RequestParser, KeepsTheConnectionUnlessToldOtherwise) {
  const std::pair<std::string, bool> cases[] = {
      {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nHost: h\r\n\r\n", false},
  };
  for (const auto& [bytes, keep] : cases) {
    SCOPED_TRACE(bytes);
    RequestParser parser(0);
    feed_all(parser, bytes);
    EXPECT_EQ(parser.keep_alive(), keep);
  }
}

// ---- answers

std::string answer_verdict(const std::string& bytes, std::size_t body_max = 1 << 20) {
  std::string both;
  for (const bool slowly : {false, true}) {
    ResponseParser parser(body_max);
    if (slowly)
      feed_slowly(parser, bytes);
    else
      feed_all(parser, bytes);
    std::string got;
    if (parser.refusal())
      got = "refused";
    else if (parser.done())
      got = "whole";
    else
      got = parser.finish() ? "closed" : "cut";
    if (got != "refused" && got != "cut") {
      const auto response = parser.take();
      got += ' ' + std::to_string(response.status) + ' ' + response.body;
    }
    if (slowly && got != both) return "slowly: " + got + " but at once: " + both;
    both = got;
  }
  return both;
}

TEST(ResponseParser, KnowsWhereAnAnswerEnds) {
  const Probe probes[] = {
      {"a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "whole 200 hello"},
      {"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + kChunked,
       "whole 200 hello"},
      {"the end of the connection", "HTTP/1.1 200 OK\r\n\r\nhello", "closed 200 hello"},
      {"a status without a body", "HTTP/1.1 204 No Content\r\n\r\n", "whole 204 "},
      {"an interim answer first",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nx",
       "whole 201 x"},
      {"no reason phrase", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "whole 200 "},
      {"cut within the length", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", "cut"},
      {"cut within a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
       "cut"},
      {"cut before the last chunk",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "cut"},
      {"cut within the head", "HTTP/1.1 200 OK\r\nContent-Le", "cut"},
      {"nothing", "", "cut"},
      {"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "refused"},
      {"no status", "HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n", "refused"},
      {"another protocol", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "refused"},
      {"both lengths",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + kChunked,
       "refused"},
      {"an encoding we do not know", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello",
       "refused"},
      {"a head without end", "HTTP/1.1 200 OK\r\nX: " + std::string(9000, 'x'), "refused"},
  };
  for (const auto& probe : probes) {
    SCOPED_TRACE(probe.name);
    EXPECT_EQ(answer_verdict(probe.bytes), probe.expected);
  }
}

TEST(ResponseParser, ABodyOverTheBoundIsRefusedHoweverItComes) {
  EXPECT_EQ(answer_verdict("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 4), "refused");
  EXPECT_EQ(answer_verdict("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + kChunked, 4),
            "refused");
  EXPECT_EQ(answer_verdict("HTTP/1.1 200 OK\r\n\r\nhello", 4), "refused");
}

TEST(ResponseParser, AnAnswerToHeadHasALengthButNoBody) {
  ResponseParser parser(0, true);
  EXPECT_EQ(feed_all(parser, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP"), "HTTP");
  EXPECT_TRUE(parser.done());
  EXPECT_EQ(parser.take().header("content-length"), "5");
}

// ---- writing

TEST(Encode, WhatIsWrittenReadsBackTheSame) {
  Request request;
  request.method = "PATCH";
  request.target = "/a?b=c";
  request.headers = {{"Content-Type", "application/json"}};
  request.body = "{}";
  RequestParser requests(100);
  feed_all(requests, encode(request, "h:1", true));
  ASSERT_TRUE(requests.done());
  EXPECT_TRUE(requests.keep_alive());
  const auto read = requests.take();
  EXPECT_EQ(read.target, "/a?b=c");
  EXPECT_EQ(read.header("Host"), "h:1");
  EXPECT_EQ(read.body, "{}");

  ResponseParser responses(100);
  feed_all(responses, encode({422, {{"X", "y"}}, "no"}, false));
  ASSERT_TRUE(responses.done());
  EXPECT_FALSE(responses.keep_alive());
  const auto answer = responses.take();
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.body, "no");

  ResponseParser streams(100);
  feed_all(streams, encode_stream_head(200, {}) + encode_chunk("hel") + encode_chunk("") +
                        encode_chunk("lo") + std::string(last_chunk()));
  ASSERT_TRUE(streams.done());
  EXPECT_EQ(streams.take().body, "hello");
}

TEST(Encode, ALineBreakInAValueBeginsNoLineOfItsOwn) {
  const auto bytes = encode({200, {{"X", "a\r\nSet-Cookie: b"}}, ""}, true);
  EXPECT_EQ(bytes.find("\r\nSet-Cookie"), std::string::npos);
}

TEST(QueryText, EncodesWhatSplitTargetDecodes) {
  Request request;
  request.target = "/a" + query_text({{"labelSelector", "a=b,c d&e"}, {"watch", ""}});
  ASSERT_TRUE(split_target(request));
  EXPECT_EQ(request.parameter("labelSelector"), "a=b,c d&e");
  EXPECT_EQ(request.parameter("watch"), "");
  EXPECT_EQ(query_text({}), "");
}

}  // namespace
}  // namespace wire
