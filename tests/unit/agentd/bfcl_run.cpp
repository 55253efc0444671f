// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/agentd/bfcl_run.hpp"

#include "base/check.hpp"
#include "base/file.hpp"

namespace agentd::tests {

std::string bfcl_data(const std::string& name) {
  const auto text = base::read_file(std::string(ORCH_TEST_DATA) + "/bfcl/" + name);
  CHECK(text);
  return *text;
}

std::string answer(const std::string& id) {
  return R"({"id":")" + id + R"(","result":"x","input_token_count":5,"output_token_count":2})" +
         "\n";
}

std::string broken_answer(const std::string& id) {
  return R"({"id":")" + id + R"(","result":"Error during inference: Connection error."})" + "\n";
}

std::string failed(const std::string& id, const std::string& type) {
  return R"({"id":")" + id + R"(","valid":false,"error":["no"],"error_type":")" + type + "\"}\n";
}

std::string scores(int total, const std::vector<std::string>& failed_entries) {
  const int correct = total - static_cast<int>(failed_entries.size());
  std::string text = R"({"accuracy": 0.5, "correct_count": )" + std::to_string(correct) +
                     R"(, "total_count": )" + std::to_string(total) + "}\n";
  for (const auto& entry : failed_entries)
    text += entry;
  return text;
}

std::string outcomes(const std::vector<api::Sample>& samples) {
  std::string text;
  for (const auto& sample : samples) {
    if (!text.empty()) text += "; ";
    text +=
        sample.task + " " + std::string(api::kOutcomes[static_cast<std::size_t>(sample.outcome)]);
    if (!sample.failure.empty()) text += " " + sample.failure;
  }
  return text;
}

}  // namespace agentd::tests
