// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"
#include "base/limits.hpp"
#include "base/metrics.hpp"
#include "controller/core/admission.hpp"
#include "controller/core/rejection.hpp"
#include "controller/server/routes.hpp"
#include "wire/server.hpp"

#include <memory>
#include <string>
#include <vector>

namespace controller {

/// One request that was let in, until its answer. Held by whoever owes the answer.
struct Call {
  wire::Request request;
  std::shared_ptr<wire::Exchange> exchange;
  Found found;
  Identity who;
  base::Metrics* metrics = nullptr;  // outlives every call
  std::shared_ptr<void> seat;        // of a stream

  void respond(wire::Response response);
  void answer(int code, const api::Json& body, const std::vector<std::string>& warnings = {});
  void answer_bytes(std::string json);
  void answer_bytes(int code, std::string json, const std::vector<std::string>& warnings);
  void answer_text(int code, std::string text);
  void refuse(const Rejection& rejection);
  /// Begins a streamed answer.
  void head(std::string_view content_type, wire::Headers more = {});

  std::string word(std::string_view name) const { return found.word(name); }
  std::string parameter(std::string_view name) const {
    return std::string(request.parameter(name).value_or(""));
  }
  Asker asker() const { return {who.name, api::Writer::person}; }

  /// Counts an answer; those that are given through a call count themselves.
  void count(int code);
};
using CallPtr = std::shared_ptr<Call>;

/// `299 - "text"`, as Warning headers have it.
std::string warning_text(std::string_view text);
/// As many as fit into kWarningBytes; a last one says how many more there were.
wire::Headers warning_headers(const std::vector<std::string>& warnings);

// Refusals that only the door makes (kube-api.md section 12).
Rejection no_such_path();
Rejection method_not_allowed(const Target& target);
Rejection not_acceptable();
Rejection unsupported_media();
/// A query parameter of LIST, WATCH or a write that is not acceptable.
Rejection bad_option(std::string_view options, const std::string& field, const std::string& why,
                     api::Finding::Reason reason);

/// Is everything to be done but storing? A value that is not "All" is refused.
struct DryRun {
  enum class Run : std::uint8_t { real, dry } run = Run::real;
  std::optional<Rejection> rejection;
};
DryRun dry_run_of(const wire::Request& request);

/// The body of a write as Json: JSON of so many values, or one YAML document.
std::variant<api::Json, Rejection> read_body(const Call& call, std::string_view what,
                                             std::size_t values_max = base::limits::kObjectNodes);
/// The same of a patch, which is JSON whatever its type says.
std::variant<api::Json, Rejection> read_patch(const Call& call);

}  // namespace controller
