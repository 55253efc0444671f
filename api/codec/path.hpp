// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

/// How a place inside a document is named, the same in checks, YAML places and messages:
/// `spec.steps[1].command`, and `metadata.labels["a.b/c"]` where a key is no plain word.
namespace api {

std::string member_path(std::string_view path, std::string_view key);
std::string item_path(std::string_view path, std::size_t index);

/// The same on a path that a walker grows and cuts back. Long keys are clipped, so that a path
/// stays bounded whatever the input is.
void append_member(std::string& path, std::string_view key);
void append_item(std::string& path, std::size_t index);

}  // namespace api
