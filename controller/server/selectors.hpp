// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace controller {

/// One condition of a selector: on a label, or on a field by its path.
struct Requirement {
  enum class Op : std::uint8_t { equals, differs, in, not_in, exists, absent, above, below };
  std::string key;
  Op op = Op::exists;
  std::vector<std::string> values;
  bool operator==(const Requirement&) const = default;
};

/// What a list or a watch lets through; all conditions must hold.
struct Selector {
  std::vector<Requirement> labels, fields;
  bool all() const { return labels.empty() && fields.empty(); }
  bool matches(const api::Json& object) const;
  bool operator==(const Selector&) const = default;
};

/// `a=b,c!=d,e in (x,y),f notin (z),g,!h,i>1`.
base::Result<std::vector<Requirement>> parse_labels(std::string_view text);
/// `metadata.name=x,involvedObject.kind!=y`, of `known` fields only.
base::Result<std::vector<Requirement>> parse_fields(std::string_view text,
                                                    const std::vector<std::string_view>& known);

/// Fields that the API can select by: of every kind, and of events.
const std::vector<std::string_view>& object_fields();
const std::vector<std::string_view>& event_fields();

}  // namespace controller
