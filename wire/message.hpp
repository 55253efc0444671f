// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wire {

struct Header {
  std::string name, value;
  bool operator==(const Header&) const = default;
};
using Headers = std::vector<Header>;

/// The first value of a header, by a name in any case; nothing when absent.
std::optional<std::string_view> find_header(const Headers& headers, std::string_view name);

/// Who is at the other end, as the transport proved it (never from a body or a header).
struct Peer {
  std::string address;                     // "127.0.0.1:51234" or "unix"
  bool certified = false;                  // showed a certificate of our CA
  std::string common_name;                 // CN
  std::vector<std::string> organizations;  // each O
  std::vector<std::string> uris;           // subject alternative names of type URI
  std::string serial;                      // hexadecimal
  std::optional<std::uint32_t> uid;        // unix sockets: SO_PEERCRED
};

/// One request, framing already checked: `target` is origin-form, `path` decoded and without "..",
/// `query` decoded in order of appearance.
struct Request {
  std::string method = "GET";
  std::string target = "/";
  std::string path = "/";
  std::vector<std::pair<std::string, std::string>> query;
  Headers headers;
  std::string body;
  Peer peer;

  std::optional<std::string_view> header(std::string_view name) const {
    return find_header(headers, name);
  }
  /// The first value of a query parameter; nothing when absent.
  std::optional<std::string_view> parameter(std::string_view name) const;
  /// Kubernetes' rule: absent, "0" and "false" are false, all else (also empty) is true.
  bool flag(std::string_view name) const;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;

  std::optional<std::string_view> header(std::string_view name) const {
    return find_header(headers, name);
  }
};

/// Why a message was refused, with the status that a server answers before it closes.
struct Refusal {
  int status = 400;
  std::string reason;
};

/// Splits and decodes `target` into path and query; the reason when it is not acceptable.
base::Status split_target(Request& request);

/// `?a=b&c=d` from pairs, encoded; empty for none.
std::string query_text(const std::vector<std::pair<std::string, std::string>>& query);

}  // namespace wire
