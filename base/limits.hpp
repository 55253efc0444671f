// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/time.hpp"

#include <cstddef>

/// Every bound of the system in one place. Beyond a bound the answer is a refusal by name.
namespace base::limits {

// Manifests and JSON.
constexpr std::size_t kDocumentBytes = 256 * 1024;  // one YAML document
constexpr std::size_t kDocuments = 2000;            // in one apply
constexpr std::size_t kApplyBytes = 8 * 1024 * 1024;
constexpr std::size_t kDepth = 32;
constexpr std::size_t kNodes = 200'000;       // values in one apply
constexpr std::size_t kObjectNodes = 50'000;  // values in one object: read, checked, told
constexpr std::size_t kNameBytes = 63;        // a DNS label
constexpr std::size_t kTaskIdBytes = 200;
constexpr std::size_t kArguments = 128;
constexpr std::size_t kArgumentBytes = 4096;
constexpr std::size_t kMessageBytes = 1024;  // free text that a machine or harness wrote

// HTTP.
constexpr std::size_t kHeaderBytes = 8 * 1024;
constexpr std::size_t kHeaderFields = 64;
constexpr std::size_t kTargetBytes = 2048;
constexpr std::size_t kBodyBytes = 4 * 1024 * 1024;  // reports, batches, samples
constexpr std::size_t kConnections = 1024;
constexpr std::size_t kStreams = 64;             // watches and followed logs of one identity
constexpr std::size_t kWarningBytes = 4 * 1024;  // of one answer, in headers: clients bound those
constexpr std::size_t kWatchBacklogBytes = 4 * 1024 * 1024;  // a slower watcher is cut off
constexpr std::size_t kWriteHighWater = 256 * 1024;          // `write` says full above this
constexpr Duration kHandshake{5'000};
constexpr Duration kHeader{
    10'000};  // from the first byte (or the connection's start) to the blank line
constexpr Duration kBody{60'000};    // absolute
constexpr Duration kIdle{120'000};   // keep-alive without a request
constexpr Duration kWrite{30'000};   // a peer that does not read
constexpr Duration kLinger{2'000};   // for the other side to read a refusal before we close
constexpr Duration kConnect{5'000};  // client side: resolve, connect, handshake
constexpr Duration kAnswer{60'000};  // client side: until the head of the answer

// What harnesses write.
constexpr std::size_t kResultFileBytes = 1UL << 30;  // a million samples have about 300 MB

// Logs and events.
constexpr std::size_t kLogLineBytes = 16 * 1024;
constexpr std::size_t kLogStreamBytes = 64 * 1024 * 1024;
constexpr std::size_t kEventRingBytes = 64 * 1024 * 1024;
constexpr std::size_t kEvidenceBytes = 64 * 1024;  // the end of a run's log that is kept

}  // namespace base::limits
