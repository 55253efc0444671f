// SPDX-License-Identifier: Apache-2.0
#include "api/codec/check.hpp"
#include "api/codec/yaml.hpp"
#include "api/kinds.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "cli/manifest.hpp"
#include "tests/fuzz/target.hpp"

namespace fuzz {
namespace {

using api::Json;

constexpr std::string_view kMark = "\xEF\xBB\xBF";

std::string_view without_mark(std::string_view text) {
  return text.starts_with(kMark) ? text.substr(kMark.size()) : text;
}

void check_written(const Json& value) {
  const auto again = api::read_yaml(api::write_yaml(value));
  promise(again.errors.empty(), "what we write as YAML can be read");
  // An empty document is left out; null is one.
  if (value.is_null()) return;
  promise(again.documents.size() == 1 && again.documents[0].value == value,
          "what we write as YAML reads back as the value");
}

/// `file:line:column: what`.
void check_complaint(std::string_view text, const std::string& complaint) {
  const auto parts = base::split(complaint, ':');
  promise(parts.size() > 3 && parts[0] == "in.yaml", "a complaint begins with its file");
  const auto line = base::to_integer(parts[1]);
  const auto column = base::to_integer(parts[2]);
  promise(line && column && is_inside(text, static_cast<int>(*line), static_cast<int>(*column)),
          "a complaint names a place in the text");
  promise(base::is_utf8(complaint) || !base::is_utf8(text), "a complaint is valid UTF-8");
}

/// An object that passed every check: what the server makes of it is checked to stay.
void check_whole_object(const api::Kind& kind, const Json& object) {
  const auto* spec = object.find("spec");
  if (spec == nullptr || kind.spec == nullptr) return;
  auto filled = *spec;
  api::fill_defaults(filled, *kind.spec);
  auto again = filled;
  api::fill_defaults(again, *kind.spec);
  promise(again == filled, "defaults are filled in once");
  promise(api::check(filled, *kind.spec, "spec", api::Unknown::refuse).empty(),
          "what is fine is fine with its defaults");
  promise(api::immutable_changes(filled, filled, *kind.spec, "spec").empty(),
          "nothing changes between equals");
  auto pruned = filled;
  (void)api::prune(pruned, *kind.spec, "spec");
  promise(api::check(pruned, *kind.spec, "spec", api::Unknown::refuse).empty(),
          "what is fine is fine without its nulls");
}

}  // namespace

void run_yaml(std::string_view input) {
  const auto text = without_mark(input);
  const auto read = api::read_yaml(input);
  for (const auto& error : read.errors) {
    promise(is_inside(text, error.place.line, error.place.column),
            "an error names a place in the text");
    promise(!error.message.empty() && base::is_utf8(error.message) &&
                error.message.find('\n') == std::string::npos,
            "an error says what is wrong, in one line");
  }
  for (const auto& document : read.documents) {
    promise(is_inside(text, document.start.line, document.start.column),
            "a document begins in the text");
    for (const auto& [path, place] : document.places)
      promise(is_inside(text, place.line, place.column), "a value has its place in the text");
    check_written(document.value);
  }
  const auto json = api::parse_json(text, base::limits::kDepth);
  if (json && json->is_object()) {
    // Lines `---` within JSON cannot be: a text has no line breaks.
    promise(read.errors.empty() && read.documents.size() == 1, "a JSON object is one document");
    promise(read.documents[0].value == *json, "a JSON object reads the same as YAML");
  }
}

void run_manifest(std::string_view input) {
  cli::Manifests manifests;
  cli::add_manifests("in.yaml", input, cli::Held::whole, manifests);
  for (const auto& complaint : manifests.complaints)
    check_complaint(without_mark(input), complaint);
  for (const auto& manifest : manifests.list) {
    const auto findings = api::check_object(manifest.value, *manifest.kind);
    promise(findings.empty() || !manifests.complaints.empty(), "what is wrong is complained about");
    if (findings.empty()) check_whole_object(*manifest.kind, manifest.value);
  }
}

}  // namespace fuzz
