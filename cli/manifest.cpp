// SPDX-License-Identifier: Apache-2.0
#include "cli/manifest.hpp"

#include "api/codec/path.hpp"
#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "cli/input.hpp"

#include <algorithm>

namespace cli {
namespace {

using api::Json;

bool is_applied(const api::Kind& kind) {
  return kind.door == api::Kind::Door::open && kind.spec != nullptr;
}

/// Only the exact word is a kind in a manifest: what is stored must read the same everywhere.
const api::Kind* exact_kind(std::string_view word) {
  const auto* kind = api::find_kind(word);
  return kind != nullptr && kind->name == word && is_applied(*kind) ? kind : nullptr;
}

std::string unknown_kind(const std::string& word) {
  std::vector<std::string_view> names;
  for (const auto& kind : api::kinds())
    if (is_applied(kind)) names.push_back(kind.name);
  std::string text = "unknown kind " + base::quoted(base::clipped(word, 64));
  const auto* meant = api::find_kind(word);
  auto near = base::nearest(word, names);
  if (meant != nullptr && is_applied(*meant)) near = meant->name;
  if (near) return text + "; did you mean " + base::quoted(*near) + "?";
  const std::vector<std::string> all(names.begin(), names.end());
  return text + "; known are " + base::join(all, ", ");
}

std::string unknown_version(const std::string& word) {
  return "unknown version " + base::quoted(base::clipped(word, 64)) + "; did you mean " +
         base::quoted(std::string(api::kApiVersion)) + "?";
}

/// What is wrong in one file. Told from its top to its bottom, whoever found it.
class Complaints {
 public:
  void add(api::Place place, std::string text) { list_.push_back({place, std::move(text)}); }
  void add(const Manifest& manifest, const std::string& path, const std::string& what) {
    add(manifest.place_of(path), manifest.complaint(path, what));
  }
  void move_to(std::vector<std::string>& out) {
    std::stable_sort(list_.begin(), list_.end(), [](const Entry& a, const Entry& b) {
      return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
    });
    for (auto& entry : list_)
      out.push_back(std::move(entry.text));
  }

 private:
  struct Entry {
    api::Place place;
    std::string text;
  };
  std::vector<Entry> list_;
};

/// A text member, or what is wrong with it.
std::string text_of(const Json& value, std::string_view key, std::string& wrong) {
  const Json* member = value.find(key);
  if (member == nullptr || member->is_null())
    wrong = "Required value";
  else if (!member->is_string())
    wrong = "Invalid value: must be of type string";
  else
    return member->string();
  return {};
}

void check_version(const Manifest& manifest, Complaints& complaints) {
  std::string wrong;
  const auto version = text_of(manifest.value, "apiVersion", wrong);
  if (wrong.empty() && version != api::kApiVersion) wrong = unknown_version(version);
  if (wrong == "Required value") wrong += ": " + base::quoted(std::string(api::kApiVersion));
  if (!wrong.empty()) complaints.add(manifest, "apiVersion", wrong);
}

void check_kind(Manifest& manifest, Complaints& complaints) {
  std::string wrong;
  const auto word = text_of(manifest.value, "kind", wrong);
  if (wrong.empty()) {
    manifest.kind = exact_kind(word);
    if (manifest.kind == nullptr) wrong = unknown_kind(word);
  }
  if (!wrong.empty()) complaints.add(manifest, "kind", wrong);
}

void check_whole(const Manifest& manifest, Held held, Complaints& complaints) {
  const auto findings = held == Held::whole
                            ? api::check_object(manifest.value, *manifest.kind)
                            : api::check_metadata(manifest.value.find("metadata") != nullptr
                                                      ? *manifest.value.find("metadata")
                                                      : Json::object(),
                                                  api::Writer::system);
  for (const auto& finding : findings)
    complaints.add(manifest, finding.path, finding.message);
}

void add_object(Manifest manifest, Held held, Manifests& manifests, Complaints& complaints) {
  if (!manifest.value.is_object()) {
    complaints.add(manifest, "", "a manifest is a map with apiVersion, kind, metadata and spec");
    return;
  }
  if (const Json* name = manifest.value.at({"metadata", "name"});
      name != nullptr && name->is_string())
    manifest.name = name->string();
  check_kind(manifest, complaints);
  check_version(manifest, complaints);
  if (manifest.kind == nullptr) return;
  check_whole(manifest, held, complaints);
  const auto twin =
      std::find_if(manifests.list.begin(), manifests.list.end(), [&](const Manifest& other) {
        return other.kind == manifest.kind && other.name == manifest.name && !other.name.empty();
      });
  if (twin != manifests.list.end())
    complaints.add(manifest, "metadata.name",
                   "Duplicate value: " + base::quoted(manifest.name) + ": also in " + twin->file +
                       ":" + std::to_string(twin->place_of("metadata").line));
  manifests.list.push_back(std::move(manifest));
}

/// What `get -o yaml` prints of several objects.
bool is_list(const Json& value) {
  const Json* items = value.find("items");
  return value.text_at("kind") == "List" && items != nullptr && items->is_array();
}

void read_file(const std::string& path, Held held, std::size_t& left, Manifests& manifests) {
  auto text = read_source(path, left);
  if (!text) {
    manifests.failure = failure_of(std::move(text).error());
    if (manifests.failure->exit == base::Exit::no) manifests.failure->exit = base::Exit::usage;
    return;
  }
  left -= text->size();
  add_manifests(path, *text, held, manifests);
}

bool is_manifest(const std::string& name) {
  return !name.starts_with('.') &&
         (name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json"));
}

void read_path(const std::string& path, const Files& files, Held held, std::size_t& left,
               Manifests& manifests) {
  const auto names = base::list_folder(path);
  if (!names) return read_file(path, held, left, manifests);
  for (const auto& name : *names) {
    if (manifests.failure) return;
    const auto inner = path.ends_with('/') ? path + name : path + "/" + name;
    const auto facts = base::facts_of(inner);
    const bool folder = facts && facts->folder;
    if (folder && files.recursive == Switch::on && !name.starts_with('.'))
      read_path(inner, files, held, left, manifests);
    else if (!folder && is_manifest(name))
      read_file(inner, held, left, manifests);
  }
}

}  // namespace

api::Place Manifest::place_of(const std::string& path) const {
  const bool item = path.empty() || path.front() == '[';
  return document->place_of(within + (within.empty() || item ? "" : ".") + path);
}

std::string Manifest::complaint(const std::string& path, const std::string& what) const {
  std::string text = place_text(file, place_of(path));
  if (kind != nullptr)
    text += std::string(kind->name) + (name.empty() ? "" : "/" + base::clipped(name, 64)) + ": ";
  return text + (path.empty() ? "" : path + ": ") + what;
}

void add_manifests(const std::string& file, std::string_view text, Held held,
                   Manifests& manifests) {
  auto read = api::read_yaml(text);
  Complaints complaints;
  for (const auto& error : read.errors)
    complaints.add(error.place, place_text(file, error.place) + error.message);
  for (auto& one : read.documents) {
    const auto document = std::make_shared<const api::Document>(std::move(one));
    const auto add = [&](const Json& value, std::string within) {
      add_object({file, nullptr, {}, value, document, std::move(within)}, held, manifests,
                 complaints);
    };
    if (!is_list(document->value)) {
      add(document->value, {});
      continue;
    }
    const auto& items = document->value.find("items")->items();
    for (std::size_t i = 0; i < items.size(); ++i)
      add(items[i], api::item_path("items", i));
  }
  complaints.move_to(manifests.complaints);
}

Manifests read_manifests(Session& session, const Files& files, Held held) {
  Manifests manifests;
  std::size_t left = base::limits::kApplyBytes;
  for (const auto& path : files.paths) {
    if (manifests.failure) return manifests;
    if (path != "-") {
      read_path(path, files, held, left, manifests);
      continue;
    }
    const auto text = session.read_input();
    if (!text) {
      manifests.failure = failure_of(base::Error(text.error()).within("read standard input"));
      return manifests;
    }
    add_manifests("-", *text, held, manifests);
  }
  if (!manifests.failure && manifests.list.empty() && manifests.complaints.empty())
    manifests.failure = wrong_input("no objects in " + base::join(files.paths, ", ") +
                                    ": nothing but blanks, comments or \"---\"");
  return manifests;
}

Failure refusal_of(const Manifests& manifests, std::string_view consequence) {
  const auto count = manifests.complaints.size();
  auto failure = wrong_input(std::to_string(count) + (count == 1 ? " error; " : " errors; ") +
                             std::string(consequence));
  failure.lines = manifests.complaints;
  return failure;
}

}  // namespace cli
