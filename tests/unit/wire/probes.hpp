// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

/// Requests on whose end two readers of the same bytes could disagree.
namespace wire::test {

struct Probe {
  const char* name;
  std::string bytes;
  std::string expected;  // the status of the refusal
};

inline const std::string kPost = "POST /a HTTP/1.1\r\nHost: h\r\n";
inline const std::string kChunked = "5\r\nhello\r\n0\r\n\r\n";

std::vector<Probe> framing_probes();

}  // namespace wire::test
