// SPDX-License-Identifier: Apache-2.0
#include "controller/server/protobuf.hpp"

namespace controller {
namespace {

constexpr std::string_view kMagic{"k8s\0", 4};
constexpr int kNumberBytes = 10;  // of 64 bits, seven at a time

std::optional<std::uint64_t> take_number(std::string_view& bytes) {
  std::uint64_t number = 0;
  for (int i = 0; i < kNumberBytes && !bytes.empty(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    number |= std::uint64_t{byte & 0x7FU} << (7 * i);
    if (byte < 0x80) return number;
  }
  return std::nullopt;
}

std::string_view field(const ProtoFields& fields, std::uint32_t number) {
  const auto it = fields.find(number);
  return it == fields.end() ? std::string_view{} : it->second;
}

}  // namespace

std::optional<ProtoFields> read_protobuf(std::string_view bytes) {
  constexpr std::uint64_t kNumber = 0;
  constexpr std::uint64_t kBytes = 2;
  ProtoFields fields;
  while (!bytes.empty()) {
    const auto tag = take_number(bytes);
    if (!tag || *tag >> 3 == 0 || *tag >> 32 != 0) return std::nullopt;
    const auto value = take_number(bytes);  // of a number; of bytes their count
    if (!value) return std::nullopt;
    if ((*tag & 7) == kNumber) continue;
    if ((*tag & 7) != kBytes || *value > bytes.size()) return std::nullopt;
    fields[static_cast<std::uint32_t>(*tag >> 3)] = bytes.substr(0, *value);
    bytes.remove_prefix(*value);
  }
  return fields;
}

std::optional<ProtoObject> read_proto_object(std::string_view body) {
  if (!body.starts_with(kMagic)) return std::nullopt;
  const auto unknown = read_protobuf(body.substr(kMagic.size()));
  if (!unknown) return std::nullopt;
  const auto type = read_protobuf(field(*unknown, 1));
  auto fields = read_protobuf(field(*unknown, 2));
  if (!type || !fields) return std::nullopt;
  return ProtoObject{field(*type, 1), field(*type, 2), std::move(*fields)};
}

}  // namespace controller
