// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/time.hpp"
#include "wire/client.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace agentd {

/// Ships the output of children by offset: the controller's answer is the durable end, from which
/// the agent goes on. No byte twice, none lost while the file holds it. One request at a time.
class LogShipper {
 public:
  LogShipper(wire::Client& client, std::string machine)
      : client_(client), machine_(std::move(machine)) {}

  /// Which stream comes from which file; a stream that is not named any more is shipped to its end
  /// and forgotten.
  enum class Keep : std::uint8_t { bytes, holes };  // holes: shipped bytes are punched out
  struct Source {
    std::string stream;  // "run.NAME", "deployment.NAME"
    std::string uid;     // the life of that object
    std::string file;
    Keep keep = Keep::bytes;
  };
  void follow(const Source& source, base::Instant now);
  void pump(base::Instant now);

 private:
  struct Stream {
    Source source;
    std::int64_t durable = -1;  // -1: not asked yet
    std::int64_t punched = 0;
    base::Instant next, followed;
  };
  void answered(const std::string& name, std::int64_t sent, const base::Result<wire::Response>& r,
                base::Instant now);

  wire::Client& client_;
  std::string machine_;
  std::map<std::string, Stream> streams_;  // by stream and uid
  std::string last_;                       // the stream that had its turn
  wire::Client::Call call_;
};

}  // namespace agentd
