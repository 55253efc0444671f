// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/harness/python_json.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace agentd {

/// One category of one model.
struct BfclCategory {
  std::string name;
  std::string result_path, score_path;
  std::int64_t result_ns = 0;  // last change
};
/// What result/ holds, sorted by path; prerequisite conversations are no tasks and left out.
base::Result<std::vector<BfclCategory>> find_bfcl_categories(const std::string& out);

/// A line of a result file: it has an id and a result.
bool is_bfcl_answer(const HarnessLine& line);
/// The call itself failed, and the harness wrote its own words in the answer's place.
bool is_bfcl_error(const api::Json& answer);

/// A score file that is whole: as many failed entries as its head says.
struct BfclScore {
  std::int64_t total = 0;
  double accuracy = 0;
  std::map<std::string, api::Json> failed;
};
/// `not_found` when the file is absent, older than the answers, or not whole (yet).
base::Result<BfclScore> read_bfcl_score(const BfclCategory& category);

}  // namespace agentd
