// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/yaml.hpp"
#include "api/kinds.hpp"
#include "cli/session.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cli {

/// One object of a manifest, and where it was written.
struct Manifest {
  std::string file;  // as it was named; "-" for standard input
  const api::Kind* kind = nullptr;
  std::string name;
  api::Json value;
  std::shared_ptr<const api::Document> document;
  std::string within;  // the object's own path in the document; not empty in a List

  api::Place place_of(const std::string& path) const;
  /// `demo.yaml:12:5: BenchRun/demo: spec.tasks: ` and then what is wrong there.
  std::string complaint(const std::string& path, const std::string& what) const;
};

struct Manifests {
  std::vector<Manifest> list;
  std::vector<std::string> complaints;  // every one, file by file, from top to bottom
  std::optional<Failure> failure;       // a file that cannot be read, no input at all
};

/// What to hold against the declarations: only which objects are meant, or the whole of them.
enum class Held { identity, whole };

/// Objects of texts that were read already.
void add_manifests(const std::string& file, std::string_view text, Held held, Manifests& manifests);

/// Reads files, folders (their *.yaml, *.yml, *.json in order) and "-", and checks every document.
/// Two documents that name the same object are a complaint.
Manifests read_manifests(Session& session, const Files& files, Held held);

/// The failure of a reading: every complaint a line, exit 65.
Failure refusal_of(const Manifests& manifests, std::string_view consequence);

}  // namespace cli
