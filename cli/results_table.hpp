// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"
#include "api/sample.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cli {

/// What the tasks of one category gave. A task counts once: by its first scored sample, or as
/// `infra` when it has none.
struct Tally {
  std::string category;
  std::int64_t passed = 0, failed = 0, infra = 0;
  std::optional<std::int64_t> tokens_in, tokens_out;  // of what counts; nothing: nobody knows
  std::optional<double> wall_seconds;

  std::int64_t scored() const { return passed + failed; }
  std::int64_t tasks() const { return scored() + infra; }
};

struct Tallies {
  std::vector<Tally> categories;  // in order of first appearance
  Tally total;
  std::int64_t run_again = 0;  // tasks with an error and a later score
};
Tallies tally(const std::vector<api::Sample>& samples);

/// The samples of a text of JSON lines; the line that is none is named.
base::Result<std::vector<api::Sample>> read_samples(std::string_view lines);

/// The 95 % Wilson interval of `passed` out of `scored`; `scored` above 0.
std::pair<double, double> wilson(std::int64_t passed, std::int64_t scored);

/// A run with its samples, ready to be shown.
struct RunResults {
  api::Json run;     // the BenchRun
  std::string note;  // the Bench's
  Tallies tallies;
};
/// A heading line, the table by category, and what must be known to read it.
std::string results_text(const RunResults& results);
api::Json results_json(const RunResults& results);

}  // namespace cli
