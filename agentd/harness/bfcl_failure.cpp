// SPDX-License-Identifier: Apache-2.0
#include "agentd/harness/bfcl_failure.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <vector>

#include "agentd/harness/bfcl_attempt.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"

namespace agentd {
namespace {

using api::Json;

constexpr std::string_view kMalformed = "malformedJson", kNoCall = "noCall",
                           kArguments = "wrongArguments", kTool = "hallucinatedTool",
                           kGrader = "graderMismatch", kTimeout = "timeout",
                           kInfrastructure = "infrastructure";
constexpr std::string_view kWrongName = "simple_function_checker:wrong_func_name";

struct Rule {
  std::string_view type, failure;
};

/// By the checker's own words, the first that ends or begins so; all others are the grader's
/// (wrong values and counts, states and answers that differ).
constexpr Rule kRules[] = {
    {"ast_decoder:", kMalformed},
    {"relevance_error:decoder_failed", kMalformed},
    {"simple_function_checker:missing_required", kArguments},
    {"simple_function_checker:unexpected_param", kArguments},
    {"simple_function_checker:missing_optional", kArguments},
    {"type_error:", kArguments},
    {"value_error:dict_key", kArguments},
    {"irrelevance_error:decoder_success", kTool},
    {"multi_turn:irrelevance_error:decoder_success", kTool},
    {"multi_turn:force_terminated", kTimeout},
    {"multi_turn:inference_error", kInfrastructure},
    {"agentic:inference_error", kInfrastructure},
};

std::string_view class_of(std::string_view type) {
  for (const auto& rule : kRules) {
    if (type.starts_with(rule.type)) return rule.failure;
  }
  return kGrader;
}

/// The names that a decoded answer calls: a list of {name: arguments}, or one of them.
void add_called(const Json* decoded, std::vector<std::string>& names) {
  if (decoded == nullptr) return;
  if (decoded->is_array()) {
    for (const auto& item : decoded->items())
      add_called(&item, names);
  } else if (decoded->is_object()) {
    for (const auto& [name, arguments] : decoded->members())
      names.push_back(plain_name(name));
  }
}

/// A function that was never offered is invented; one that was offered is the wrong choice.
std::string_view class_of_wrong_name(const Json& entry, const Json* decoded) {
  const auto offered = offered_functions(entry);
  std::vector<std::string> called;
  add_called(decoded, called);
  if (offered.empty() || called.empty()) return kTool;
  const bool invented = std::any_of(called.begin(), called.end(),
                                    [&](const auto& name) { return !offered.contains(name); });
  return invented ? kTool : kArguments;
}

/// Nothing was decoded: a call that is broken, or none where one was wanted.
std::string_view class_of_undecoded(const Json& entry) {
  return attempt_of(entry) == Attempt::none ? kNoCall : kMalformed;
}

/// BFCL decodes `[]` as a list of no calls and then finds their number wrong.
bool is_empty_list(const Json& entry) {
  const Json* decoded = entry.find("model_result_decoded");
  return decoded != nullptr && decoded->is_array() && decoded->items().empty();
}

struct Candidate {
  std::string type;
  const Json* call = nullptr;
};

/// Parallel entries hide the causes: error[1..] = {"Model Result Index i": {sub_error_type, ...}}.
std::vector<Candidate> candidates_of(const Json& entry) {
  std::vector<Candidate> out;
  const Json* errors = entry.find("error");
  if (errors == nullptr || !errors->is_array()) return out;
  for (const auto& item : errors->items()) {
    if (!item.is_object()) continue;
    for (const auto& [name, sub] : item.members()) {
      const auto type = sub.text_at("sub_error_type");
      if (!type.empty()) out.push_back({type, sub.find("model_output_item")});
    }
  }
  return out;
}

/// The nearest candidate has the right function's name; among those the first class of
/// M > A > G counts.
std::string_view class_of_parallel(const Json& entry, const std::vector<Candidate>& candidates) {
  std::set<std::string_view> seen;
  for (const auto& candidate : candidates) {
    if (candidate.type != kWrongName) seen.insert(class_of(candidate.type));
  }
  for (const auto failure : {kMalformed, kArguments, kGrader}) {
    if (seen.contains(failure)) return failure;
  }
  const bool invented =
      std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& candidate) {
        return class_of_wrong_name(entry, candidate.call) == kTool;
      });
  return invented ? kTool : kArguments;
}

std::string message_of(const Json& entry) {
  const Json* error = entry.find("error");
  std::string text;
  if (error != nullptr && error->is_object()) text = error->text_at("error_message");
  if (error != nullptr && error->is_string()) text = error->string();
  if (error != nullptr && error->is_array() && !error->items().empty() &&
      error->items().front().is_string()) {
    text = error->items().front().string();
  }
  return base::clipped(base::clean_utf8(text), base::limits::kMessageBytes);
}

}  // namespace

BfclFailure classify_bfcl(const Json& entry) {
  std::string type = entry.text_at("error_type");
  if (const Json* error = entry.find("error"); type.empty() && error != nullptr) {
    type = error->text_at("error_type");
  }
  const auto candidates = candidates_of(entry);
  std::string_view failure = class_of(type);
  if (type == kWrongName) {
    const Json* decoded = entry.find("model_result_decoded");
    failure = class_of_wrong_name(entry, decoded);
  } else if (type.ends_with(":cannot_find_match") && !candidates.empty()) {
    failure = class_of_parallel(entry, candidates);
  } else if (failure == kMalformed) {
    failure = class_of_undecoded(entry);
  } else if (type.ends_with(":wrong_count") && is_empty_list(entry)) {
    failure = kNoCall;
  }
  BfclFailure out{std::string(failure), message_of(entry)};
  if (out.message.empty()) out.message = type;
  return out;
}

}  // namespace agentd
