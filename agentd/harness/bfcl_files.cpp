// SPDX-License-Identifier: Apache-2.0
#include "agentd/harness/bfcl_files.hpp"

#include <string_view>

#include "agentd/harness/walk.hpp"
#include "base/text.hpp"

namespace agentd {
namespace {

constexpr std::string_view kResultEnd = "_result.json", kScoreEnd = "_score.json";

/// `simple_python` of `BFCL_v4_simple_python_result.json`; empty for any other name.
std::string category_of(std::string_view path) {
  constexpr std::string_view kStart = "BFCL_v";
  std::string_view name = path.substr(path.rfind('/') + 1);
  if (!name.starts_with(kStart) || !name.ends_with(kResultEnd)) return "";
  name.remove_prefix(kStart.size());
  name.remove_suffix(kResultEnd.size());
  const auto version = name.find('_');
  if (version == std::string_view::npos || !base::to_integer(name.substr(0, version))) return "";
  name.remove_prefix(version + 1);
  return name.ends_with("_prereq") ? "" : std::string(name);
}

base::Result<std::int64_t> modified_ns(const std::string& folder, const std::string& file) {
  const auto entries = walk(folder);
  if (!entries) return entries.error();
  for (const auto& entry : *entries) {
    if (entry.what == TreeEntry::What::file && entry.path == file) return entry.modified_ns;
  }
  return base::not_found("there is no " + base::quoted(folder + "/" + file));
}

}  // namespace

base::Result<std::vector<BfclCategory>> find_bfcl_categories(const std::string& out) {
  const auto entries = walk(out + "/result");
  if (!entries) return entries.error();
  std::vector<BfclCategory> categories;
  for (const auto& entry : *entries) {
    const auto name = category_of(entry.path);
    if (entry.what != TreeEntry::What::file || name.empty()) continue;
    const auto stem = entry.path.substr(0, entry.path.size() - kResultEnd.size());
    categories.push_back({name, out + "/result/" + entry.path,
                          out + "/score/" + stem + std::string(kScoreEnd), entry.modified_ns});
  }
  return categories;
}

bool is_bfcl_answer(const HarnessLine& line) {
  return line.value && !line.value->text_at("id").empty() && line.value->find("result") != nullptr;
}

bool is_bfcl_error(const api::Json& answer) {
  return answer.text_at("result").starts_with("Error during inference:");
}

base::Result<BfclScore> read_bfcl_score(const BfclCategory& category) {
  const auto slash = category.score_path.rfind('/');
  const auto changed =
      modified_ns(category.score_path.substr(0, slash), category.score_path.substr(slash + 1));
  if (!changed) return changed.error();
  if (*changed < category.result_ns) return base::not_found("the scores are of older answers");

  const auto lines = read_harness_lines(category.score_path);
  if (!lines) return lines.error();
  if (lines->empty() || !lines->front().value) return base::not_found("no head of scores yet");
  const api::Json& head = *lines->front().value;
  const api::Json* accuracy = head.find("accuracy");
  BfclScore score;
  score.total = head.integer_at("total_count", -1);
  const auto correct = head.integer_at("correct_count", -1);
  if (score.total < 0 || correct < 0 || accuracy == nullptr || !accuracy->is_number()) {
    return base::not_found("no head of scores yet");
  }
  score.accuracy = accuracy->number();
  for (std::size_t i = 1; i < lines->size(); ++i) {
    const auto& value = (*lines)[i].value;
    if (value && !value->text_at("id").empty()) score.failed.emplace(value->text_at("id"), *value);
  }
  // The file is written piece by piece; an entry that is not there yet would look like a pass.
  if (static_cast<std::int64_t>(score.failed.size()) != score.total - correct) {
    return base::not_found("the scores are not whole");
  }
  return score;
}

}  // namespace agentd
