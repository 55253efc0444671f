// SPDX-License-Identifier: Apache-2.0
#include "base/check.hpp"
#include "tests/fuzz/target.hpp"

#include <stdexcept>

namespace fuzz {

/// Has a fault of each sort that a runner must notice, each behind a word.
void run_faulty(std::string_view input) {
  const auto says = [&](std::string_view word) {
    return input.find(word) != std::string_view::npos;
  };
  promise(!says("lie"), "nobody lies");
  CHECK(!says("bug"));
  if (says("throw")) throw std::length_error("too long");
  for (volatile int i = 0; says("hang");)
    i = i + 1;
  for (volatile int i = 0; says("slow") && i < 60'000'000;)
    i = i + 1;
  // Nibbles, so that a guided search finds it letter by letter.
  if (input.size() > 3 && input[0] == 'd' && input[1] == 'e' && input[2] == 'e' && input[3] == 'p')
    throw Broken{"the well is not that deep"};
}

}  // namespace fuzz
