// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "cli/await.hpp"

#include <optional>
#include <string>
#include <vector>

namespace cli {

/// Objects by names, by a selector, or all of a kind.
struct Selection {
  std::vector<std::string> words;
  std::string selector;
  Switch all = Switch::off;
};

struct Selected {
  std::vector<Awaited> list;
  std::optional<Failure> failure;
};

/// Names are taken as they are; a selector and `all` ask the server, and then give uids too.
Selected select_objects(Remote& remote, const Selection& selection);

}  // namespace cli
