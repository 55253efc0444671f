// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"
#include "api/kinds.hpp"
#include "base/time.hpp"
#include "controller/core/picture.hpp"
#include "controller/core/rejection.hpp"

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace controller {

/// Who asks, as the change log and the rules see it.
struct Asker {
  std::string name = "orch";  // "alice", "machine/box1", "orch"
  api::Writer writer = api::Writer::person;
};

enum class FieldValidation : std::uint8_t { strict, warn, ignore };

/// One wish of a client. The server decides everything that is the server's.
struct WriteOp {
  enum class Verb : std::uint8_t {
    create,       // POST
    replace,      // PUT
    merge_patch,  // PATCH application/merge-patch+json
    json_patch,   // PATCH application/json-patch+json
    apply,        // the batch route: create, or a three-way merge with what was applied last
    remove        // DELETE
  };
  Verb verb = Verb::create;
  std::string kind, name;  // name: empty for a create that brings its own
  api::Json body;
  enum class Part : std::uint8_t { object, status } part = Part::object;
  FieldValidation validation = FieldValidation::strict;
  std::optional<std::string> uid, resource_version;  // preconditions of a remove
};

struct Admitted {
  enum class What : std::uint8_t { created, configured, unchanged, removed, marked };
  What what = What::unchanged;
  api::Json object;  // as it is stored now, or was at last
  std::vector<std::string> warnings;
  /// As this write stored it; null where it stored nothing.
  std::shared_ptr<const std::string> bytes = {};
};
using Admission = std::variant<Admitted, Rejection>;

/// The new object for a create, from what the client sent: server fields filled, the rest checked
/// and defaulted. `uid` and `wall` are the server's.
Admission admit_create(const Picture& picture, const WriteOp& op, const Asker& asker,
                       const std::string& uid, base::Instant wall);
/// The new object for a replace, patch or apply over `live`.
Admission admit_update(const Picture& picture, const WriteOp& op, const Asker& asker,
                       const api::Json& live);

/// The merge that `kubectl apply` does on the client: what was applied last and is not asked for
/// any more goes, the rest of `live` stays, `wanted` wins.
api::Json three_way(const api::Json& live, const api::Json& last_applied, const api::Json& wanted);

inline constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

}  // namespace controller
