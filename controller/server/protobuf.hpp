// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <optional>
#include <string_view>

namespace controller {

/// The fields of one protobuf message that are text or messages, by number; of one that comes
/// twice the last counts. Views into what was read.
using ProtoFields = std::map<std::uint32_t, std::string_view>;

/// Reads the two kinds of fields that typed clients of Kubernetes send: numbers (left out) and
/// bytes. Nothing when it is malformed.
std::optional<ProtoFields> read_protobuf(std::string_view bytes);

/// `runtime.Unknown` in its envelope: what a typed client sends as
/// `application/vnd.kubernetes.protobuf`.
struct ProtoObject {
  std::string_view api_version, kind;
  ProtoFields fields;  // of the object: 1 metadata, 2 spec
};
std::optional<ProtoObject> read_proto_object(std::string_view body);

}  // namespace controller
