// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/ports.hpp"
#include "tests/unit/agentd/folder.hpp"

#include <string>
#include <vector>

/// Words for BFCL's files in a run directory.
namespace agentd::tests {

/// A file of tests/data/bfcl.
std::string bfcl_data(const std::string& name);

std::string answer(const std::string& id);
std::string broken_answer(const std::string& id);
/// A failed entry of a score file.
std::string failed(const std::string& id,
                   const std::string& type = "simple_function_checker:missing_required");
/// A whole score file.
std::string scores(int total, const std::vector<std::string>& failed_entries);

inline const std::string kResults = "out/result/KEY/non_live/BFCL_v4_";
inline const std::string kScores = "out/score/KEY/non_live/BFCL_v4_";
inline std::string result_file(const std::string& category) {
  return kResults + category + "_result.json";
}
inline std::string score_file(const std::string& category) {
  return kScores + category + "_score.json";
}

/// `simple_python_0 pass; simple_python_1 fail wrongArguments; ...`
std::string outcomes(const std::vector<api::Sample>& samples);

}  // namespace agentd::tests
