// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/wire/probes.hpp"

namespace wire::test {

std::vector<Probe> framing_probes() {
  return {
      {"gzip and a length", kPost + "Transfer-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
       "400"},
      {"xchunked and a length",
       kPost + "Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\nhello", "400"},
      {"chunked, gzip and a length",
       kPost + "Transfer-Encoding: chunked, gzip\r\nContent-Length: 5\r\n\r\nhello", "400"},
      {"gzip, chunked", kPost + "Transfer-Encoding: gzip, chunked\r\n\r\n" + kChunked, "400"},
      {"chunks in HTTP/1.0",
       "POST /a HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + kChunked, "400"},
      {"a list of lengths", kPost + "Content-Length: 5, 5\r\n\r\nhello", "400"},
      {"the same length twice", kPost + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
       "400"},
      {"two lengths", kPost + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "400"},
      {"no host", "GET /a HTTP/1.1\r\n\r\n", "400"},
      {"two hosts", "GET /a HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", "400"},
      {"absolute form", "GET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
      {"authority form", "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
      {"a folded line", "GET /a HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", "400"},
      {"a folded line before any", "GET /a HTTP/1.1\r\n Host: h\r\n\r\n", "400"},
      {"a chunk extension", kPost + "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n",
       "400"},
      {"a trailer", kPost + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
       "400"},
      {"a GET with a body", "GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", "400"},
      {"length, then chunked",
       kPost + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + kChunked, "400"},
      {"chunked, then length",
       kPost + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + kChunked, "400"},
      {"length, then gzip", kPost + "Content-Length: 5\r\nTransfer-Encoding: gzip\r\n\r\nhello",
       "400"},
      {"chunked twice",
       kPost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + kChunked,
       "400"},
      {"a signed length", kPost + "Content-Length: +5\r\n\r\nhello", "400"},
      {"a length that overflows", kPost + "Content-Length: 18446744073709551621\r\n\r\nhello",
       "400"},
      {"line feeds alone", "GET /a HTTP/1.1\nHost: h\n\n", "400"},
      {"a NUL", std::string("GET /a HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", 36), "400"},
      {"a control character",
       "GET /a HTTP/1.1\r\nHost: h\r\nX: a\x01"
       "b\r\n\r\n",
       "400"},
      {"a blank before the colon", kPost + "Content-Length : 5\r\n\r\nhello", "400"},
      {"HTTP/2 by prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"},
      {"the asterisk", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
      {"a carriage return within a value", "GET /a HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", "400"},
      {"an upgrade", "GET /a HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\n", "400"},
      {"another expectation", kPost + "Expect: 200-maybe\r\nContent-Length: 5\r\n\r\nhello", "417"},
      {"a chunk of too many digits",
       kPost + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello\r\n0\r\n\r\n", "400"},
      {"a chunk longer than it says",
       kPost + "Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n", "400"},
      {"an empty length", kPost + "Content-Length: \r\n\r\n", "400"},
  };
}

}  // namespace wire::test
