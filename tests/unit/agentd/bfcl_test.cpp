// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "agentd/harness/bfcl.hpp"
#include "agentd/harness/bfcl_failure.hpp"
#include "agentd/harness/python_json.hpp"
#include "base/text.hpp"
#include "tests/unit/agentd/bfcl_run.hpp"

namespace agentd {
namespace {

using tests::answer;
using tests::bfcl_data;
using tests::broken_answer;
using tests::failed;
using tests::Folder;
using tests::outcomes;
using tests::result_file;
using tests::score_file;
using tests::scores;

Parsed parse(const Folder& folder) {
  auto parsed = parse_bfcl(folder.at("out"));
  EXPECT_TRUE(parsed);
  return parsed ? *std::move(parsed) : Parsed{};
}

std::vector<std::string> real_failed_entries() {
  auto lines = base::split(bfcl_data("failed_entries.jsonl"), '\n');
  lines.pop_back();
  return lines;
}

TEST(Bfcl, RealFilesGiveTheirFigures) {
  Folder folder;
  folder.put(result_file("simple_python"), bfcl_data("simple_python_result.json"));
  folder.put(
      "out/test_case_ids_to_generate.json",
      R"({"simple_python": ["simple_python_0", "simple_python_1"], "multiple": ["multiple_0"]})");
  EXPECT_EQ(parse(folder).answered, 10);
  EXPECT_TRUE(parse(folder).samples.empty()) << "nothing is graded yet";

  std::vector<std::string> entries;
  for (const auto& line : real_failed_entries()) {
    const bool ours = line.find("\"simple_python_2\"") != std::string::npos ||
                      line.find("\"simple_python_35\"") != std::string::npos;
    if (ours) entries.push_back(line + "\n");
  }
  ASSERT_EQ(entries.size(), 2U);
  folder.put(score_file("simple_python"), scores(10, entries));
  const Parsed parsed = parse(folder);
  EXPECT_EQ(outcomes(parsed.samples),
            "simple_python_0 pass; simple_python_1 pass; simple_python_2 fail noCall; "
            "simple_python_3 pass; simple_python_4 pass; simple_python_5 pass; "
            "simple_python_12 pass; simple_python_13 pass; simple_python_14 pass; "
            "simple_python_35 fail graderMismatch");
  const api::Sample& first = parsed.samples.front();
  EXPECT_EQ(first.category, "simple_python");
  EXPECT_EQ(first.score, 1);
  EXPECT_EQ(first.tokens_in, 398);
  EXPECT_EQ(first.tokens_out, 87);
  EXPECT_EQ(first.tool_calls, 1);
  EXPECT_DOUBLE_EQ(first.wall_seconds.value_or(0), 3.9701528549194336);
  EXPECT_EQ(parsed.samples[2].message, "Wrong number of functions.");
  EXPECT_EQ(parsed.total, 3);
  EXPECT_EQ(parsed.metrics, (std::map<std::string, double>{{"accuracy.simple_python", 0.5}}));
  EXPECT_TRUE(parsed.fingerprint.empty());
}

TEST(Bfcl, AMultiTurnAnswerSumsItsSteps) {
  Folder folder;
  folder.put("out/result/K/multi_turn/BFCL_v4_multi_turn_base_result.json",
             bfcl_data("multi_turn_base_result.json"));
  folder.put("out/score/K/multi_turn/BFCL_v4_multi_turn_base_score.json", scores(1, {}));
  const Parsed parsed = parse(folder);
  ASSERT_EQ(outcomes(parsed.samples), "multi_turn_base_0 pass");
  EXPECT_EQ(parsed.samples[0].turns, 4);
  EXPECT_EQ(parsed.samples[0].tokens_out, 3297);
  EXPECT_GT(parsed.samples[0].tool_calls.value_or(0), 30);
  EXPECT_GT(parsed.samples[0].wall_seconds.value_or(0), 100);
}

TEST(Bfcl, AnAnswerCountsOnlyOnceScoresSpeakOfExactlyTheAnswersThereAre) {
  struct Case {
    const char* name;
    std::string results, scores, outcomes;
  };
  const std::string two = answer("m_0") + answer("m_1");
  const std::string head = R"({"accuracy":0.5,"correct_count":1,"total_count":2})";
  const Case cases[] = {
      {"no scores", two, "", ""},
      {"half a head", two, head.substr(0, 30), ""},
      {"a head alone", two, head + "\n", ""},
      {"half an entry", two, head + "\n" + failed("m_1").substr(0, 20), ""},
      {"no head", two, failed("m_1"), ""},
      {"whole", two, head + "\n" + failed("m_1"), "m_0 pass; m_1 fail wrongArguments"},
      {"all pass", two, scores(2, {}), "m_0 pass; m_1 pass"},
      {"of fewer answers", two, scores(1, {}), ""},
      {"of more answers", two, scores(3, {failed("m_1")}), ""},
      {"of another answer", two, scores(2, {failed("m_7")}), ""},
      {"a torn answer is none", two + R"({"id":"m_2","res)", scores(2, {}), "m_0 pass; m_1 pass"},
      {"error entries were graded", two + broken_answer("m_2"), scores(3, {}),
       "m_2 error infrastructure"},
      {"error entries were left out", two + broken_answer("m_2"), scores(2, {}),
       "m_2 error infrastructure; m_0 pass; m_1 pass"},
      {"blank and foreign lines", "\n[]\n7\n{}\n" + two + "\n", scores(2, {}),
       "m_0 pass; m_1 pass"},
      {"the call failed in a later turn", two,
       scores(2, {failed("m_1", "multi_turn:inference_error")}),
       "m_0 pass; m_1 error infrastructure"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    Folder folder;
    folder.put(result_file("multiple"), c.results);
    if (!c.scores.empty()) folder.put(score_file("multiple"), c.scores);
    EXPECT_EQ(outcomes(parse(folder).samples), c.outcomes);
  }
}

TEST(Bfcl, ScoresThatAreOlderThanTheAnswersCountForNothing) {
  Folder folder;
  folder.put(score_file("multiple"), scores(1, {}));
  folder.put(result_file("multiple"), answer("m_0"));
  const timespec times[2] = {{1000, 0}, {1000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, folder.at(score_file("multiple")).c_str(), times, 0), 0);
  EXPECT_EQ(outcomes(parse(folder).samples), "");
}

TEST(Bfcl, ADeadServerNeverPassesIrrelevance) {
  Folder folder;
  std::string results;
  for (int i = 0; i < 8; ++i)
    results += broken_answer("irrelevance_" + std::to_string(i));
  folder.put(result_file("irrelevance"), results);
  folder.put(score_file("irrelevance"), scores(8, {}));
  const Parsed parsed = parse(folder);
  EXPECT_EQ(parsed.samples.size(), 8U);
  for (const auto& sample : parsed.samples)
    EXPECT_EQ(sample.outcome, api::Outcome::error);
  EXPECT_EQ(parsed.samples[0].message, "Error during inference: Connection error.");
  EXPECT_TRUE(parsed.metrics.empty());
  EXPECT_EQ(parsed.answered, 0);
}

TEST(Bfcl, ErrorEntriesThatWereMovedAsideAreErrors) {
  Folder folder;
  folder.put(result_file("multiple"), answer("multiple_0"));
  folder.put(score_file("multiple"), scores(1, {}));
  folder.put("out/errors/multiple.jsonl", broken_answer("multiple_1") +
                                              broken_answer("multiple_1") +
                                              R"({"id":"multiple_2","result":"Err)");
  const Parsed parsed = parse(folder);
  EXPECT_EQ(outcomes(parsed.samples), "multiple_1 error infrastructure; multiple_0 pass");
  EXPECT_EQ(parsed.samples[0].category, "multiple");
}

TEST(Bfcl, PrerequisitesAndOtherFilesAreNoTasks) {
  Folder folder;
  folder.put("out/result/K/agentic/memory/kv/BFCL_v4_memory_kv_prereq_result.json", answer("x"));
  folder.put("out/result/K/agentic/memory/kv/memory_snapshot/a.json", answer("y"));
  folder.put("out/result/K/notes.txt", answer("z"));
  EXPECT_EQ(parse(folder).answered, 0);
  EXPECT_EQ(parse(Folder()).answered, 0) << "a run that has not begun has no files";
}

TEST(Bfcl, AnIdThatIsNoTaskIdIsLeftOut) {
  Folder folder;
  const std::string longest(200, 'a'), too_long(201, 'a');
  folder.put(result_file("multiple"), answer("a\\nb") + answer(too_long) + answer(longest));
  folder.put(score_file("multiple"), scores(3, {}));
  EXPECT_EQ(outcomes(parse(folder).samples), longest + " pass");
}

TEST(Bfcl, RealFailuresHaveTheirClasses) {
  const std::map<std::string, std::string> wanted = {
      {"irrelevance_27", "hallucinatedTool"},
      {"multi_turn_base_2", "graderMismatch"},
      {"memory_kv_0-customer-0", "graderMismatch"},
      {"live_multiple_1-0-1", "wrongArguments"},
      {"live_multiple_9-4-1", "noCall"},                   // it wrote []
      {"live_parallel_multiple_3-2-1", "wrongArguments"},  // it was offered, and the wrong choice
      {"parallel_5", "wrongArguments"},
      {"simple_python_2", "noCall"},
      {"simple_python_35", "graderMismatch"},
      {"simple_python_61", "graderMismatch"},
      {"simple_python_99", "wrongArguments"},
      {"simple_python_151", "wrongArguments"},
  };
  std::size_t seen = 0;
  for (const auto& line : real_failed_entries()) {
    const auto entry = parse_python_json(line);
    ASSERT_TRUE(entry) << line;
    const BfclFailure failure = classify_bfcl(*entry);
    EXPECT_FALSE(failure.message.empty());
    const auto found = wanted.find(entry->text_at("id"));
    if (found == wanted.end()) continue;
    ++seen;
    EXPECT_EQ(failure.failure, found->second) << found->first;
  }
  EXPECT_EQ(seen, wanted.size());
}

TEST(Bfcl, EveryErrorTypeHasAClass) {
  struct Case {
    const char *type, *failure;
  };
  const Case cases[] = {
      {"ast_decoder:decoder_failed", "malformedJson"},
      {"ast_decoder:decoder_wrong_output_format", "malformedJson"},
      {"relevance_error:decoder_failed", "malformedJson"},
      {"simple_function_checker:missing_required", "wrongArguments"},
      {"simple_function_checker:unexpected_param", "wrongArguments"},
      {"type_error:nested", "wrongArguments"},
      {"value_error:dict_key", "wrongArguments"},
      {"value_error:dict_value", "graderMismatch"},
      {"value_error:list/tuple", "graderMismatch"},
      {"multi_turn:empty_turn_model_response", "graderMismatch"},
      {"agentic:no_last_message", "graderMismatch"},
      {"multi_turn:force_terminated", "timeout"},
      {"multi_turn:irrelevance_error:decoder_success", "hallucinatedTool"},
      {"multi_turn:inference_error", "infrastructure"},
      {"agentic:inference_error", "infrastructure"},
      {"something:new", "graderMismatch"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.type);
    EXPECT_EQ(classify_bfcl(*parse_python_json(failed("x", c.type))).failure, c.failure);
  }
}

TEST(Bfcl, NoCallIsNotCalledABrokenCall) {
  struct Case {
    const char *name, *answer, *failure;
  };
  const Case cases[] = {
      {"prose", R"-("I can help you calculate the area (in units) of a triangle.")-", "noCall"},
      {"a refusal", R"-("Unable to answer.")-", "noCall"},
      {"prose with code of its own", R"-("Use `print(x)` or f(x) = 2.")-", "noCall"},
      {"a function that is only named", R"-("You could use math.hypot for this.")-", "noCall"},
      {"an example program, as SmolLM2 writes it",
       R"-("Use math:\n```python\ndef f(n):\n    return math.hypot(n, 1)\n\nprint(math.hypot(4")-",
       "noCall"},
      {"nothing", R"-("")-", "noCall"},
      {"an empty list", R"-("```\n[]\n```")-", "noCall"},
      {"no text and no call", "null", "noCall"},
      {"a list of no calls", "[]", "noCall"},
      {"an offered function, cut off", R"-("[math.hypot(x=4, y=")-", "malformedJson"},
      {"one behind prose", R"-("Sure: math.hypot (4, 5")-", "malformedJson"},
      {"by its plain name", R"-("math_hypot(4 5)")-", "malformedJson"},
      {"an invented function in a list", R"-("[hypot(x=4, y=")-", "malformedJson"},
      {"torn JSON", R"-("{\"name\": \"math.hypot\", \"argum")-", "malformedJson"},
      {"JSON in a fence", R"-("```json\n[{\"math.hypot\": {\"x\": 4")-", "malformedJson"},
      {"a mark of tool calls", R"-("<tool_call>math.hypot")-", "malformedJson"},
      {"a real call with torn arguments", R"-([{"math_hypot":"{\"x\": 4"}])-", "malformedJson"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    for (const char* type : {"ast_decoder:decoder_failed", "relevance_error:decoder_failed"}) {
      const std::string key = type[0] == 'a' ? "model_result_raw" : "model_result";
      const auto entry = parse_python_json(
          R"({"id":"x","error":["n"],"prompt":{"function":[{"name":"math.hypot"}]},)"
          R"("error_type":")" +
          std::string(type) + R"(",")" + key + "\":" + c.answer + "}");
      ASSERT_TRUE(entry);
      EXPECT_EQ(classify_bfcl(*entry).failure, c.failure);
    }
  }
}

TEST(Bfcl, AWrongNumberOfCallsIsNoCallOnlyWhenThereIsNone) {
  const std::string head = R"({"id":"x","error":["n"],"error_type":"parallel_function_checker)"
                           R"(_no_order:wrong_count","model_result_decoded":)";
  EXPECT_EQ(classify_bfcl(*parse_python_json(head + "[]}")).failure, "noCall");
  EXPECT_EQ(classify_bfcl(*parse_python_json(head + R"([{"f":{}}]})")).failure, "graderMismatch");
}

TEST(Bfcl, AWrongNameIsInventedOnlyWhenItWasNeverOffered) {
  const std::string head =
      R"({"id":"x","error_type":"simple_function_checker:wrong_func_name","error":["n"],)"
      R"("prompt":{"function":[{"name":"math.sum"},{"name":"math.mean"}]},"model_result_decoded":)";
  struct Case {
    const char *decoded, *failure;
  };
  const Case cases[] = {{R"([{"math_mean":{}}])", "wrongArguments"},
                        {R"([{"math.mean":{}}])", "wrongArguments"},
                        {R"([{"statistics.mean":{}}])", "hallucinatedTool"},
                        {R"([{"math.sum":{}},{"nope":{}}])", "hallucinatedTool"}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.decoded);
    EXPECT_EQ(classify_bfcl(*parse_python_json(head + c.decoded + "}")).failure, c.failure);
  }
}

TEST(Bfcl, AfterAnOutageOnlyWholeAnswersStayByteForByte) {
  Folder folder;
  const std::string text = bfcl_data("after_outage_result.json.torn");
  folder.put(result_file("simple_python"), text);
  folder.put(score_file("simple_python"), scores(2, {}));
  folder.put("out/errors/simple_python.jsonl", broken_answer("simple_python_2"));
  ASSERT_TRUE(clean_bfcl(folder.at("out")));
  const auto second_end = text.find('\n', text.find('\n') + 1) + 1;
  EXPECT_EQ(folder.get(result_file("simple_python")), text.substr(0, second_end));
  EXPECT_FALSE(folder.has("out/score"));
  EXPECT_FALSE(folder.has("out/errors"));
  const auto before = base::hash64(folder.get(result_file("simple_python")));
  ASSERT_TRUE(clean_bfcl(folder.at("out"))) << "twice is once";
  EXPECT_EQ(base::hash64(folder.get(result_file("simple_python"))), before);
}

TEST(Bfcl, NoTearOfAFileHarms) {
  const std::string text = answer("m_0") + broken_answer("m_1") + answer("m_2");
  const std::string score = scores(2, {failed("m_2")});
  const Folder folder(tests::kInMemory);
  folder.put(score_file("multiple"), score);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    SCOPED_TRACE(cut);
    folder.put(result_file("multiple"), text.substr(0, cut));
    folder.put(score_file("multiple"), score);
    const auto samples = parse(folder).samples;
    const bool whole = cut >= text.size() - 1;  // its newline may be missing
    if (!whole) {
      for (const auto& sample : samples)
        EXPECT_EQ(sample.outcome, api::Outcome::error);
    } else {
      EXPECT_EQ(outcomes(samples), "m_1 error infrastructure; m_0 pass; m_2 fail wrongArguments");
    }
    ASSERT_TRUE(clean_bfcl(folder.at("out")));
    std::string wanted;
    if (cut >= answer("m_0").size() - 1) wanted += answer("m_0");
    if (whole) wanted += answer("m_2");
    EXPECT_EQ(folder.get(result_file("multiple")), wanted);
  }
  folder.put(result_file("multiple"), answer("m_0") + answer("m_2"));
  for (std::size_t cut = 0; cut < score.size() - 1; ++cut) {
    SCOPED_TRACE(cut);
    folder.put(score_file("multiple"), score.substr(0, cut));
    EXPECT_EQ(outcomes(parse(folder).samples), "");
  }
}

TEST(PythonJson, WhatModelsWroteIsReadAsFarAsItMeansSomething) {
  struct Case {
    const char *text, *read;
  };
  const Case cases[] = {
      {R"({"a":NaN,"b":[Infinity,-Infinity]})", R"({"a":null,"b":[null,null]})"},
      {R"({"a":"NaN and \"Infinity\""})", R"({"a":"NaN and \"Infinity\""})"},
      {R"("a\u0000b")",
       "\"a\xEF\xBF\xBD"
       "b\""},
      {R"("\ud83d\ude00 \ud83d x \ude00")", "\"\xF0\x9F\x98\x80 \xEF\xBF\xBD x \xEF\xBF\xBD\""},
      {R"("\\u0000 \\")", R"("\\u0000 \\")"},
      {"\"\xff\"", "\"\xEF\xBF\xBD\""},
      {"[1,-2,3.5,true]", "[1,-2,3.5,true]"},
      {"[1000000000000000000000000]", "[1e+24]"},
      {R"({"a":1)", nullptr},
      {"", nullptr},
      {"{]", nullptr},
      {"\"\\ud83d", nullptr},
      {"\"\\u12", nullptr},
      {"\"\\", nullptr},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const auto value = parse_python_json(c.text);
    ASSERT_EQ(value.has_value(), c.read != nullptr);
    if (value) {
      EXPECT_EQ(api::write_json(*value), c.read);
    }
  }
}

}  // namespace
}  // namespace agentd
