// SPDX-License-Identifier: Apache-2.0
#include "api/codec/yaml.hpp"

#include "base/dice.hpp"
#include "tests/support/random_value.hpp"
#include "tests/unit/api/sample_types.hpp"

#include <gtest/gtest.h>

namespace {

using api::Json;

// Every document as JSON and every error as line:column: message, one a line.
std::string told(std::string_view text) {
  const auto result = api::read_yaml(text);
  std::string out;
  for (const auto& document : result.documents)
    out += api::write_json(document.value) + "\n";
  for (const auto& error : result.errors)
    out += std::to_string(error.place.line) + ":" + std::to_string(error.place.column) + ": " +
           error.message + "\n";
  return out;
}

TEST(Yaml, PlainScalarsFollowTheCoreSchemaWithoutGuessing) {
  const struct {
    const char* yaml;
    const char* json;
  } cases[] = {
      {"no", R"("no")"},
      {"yes", R"("yes")"},
      {"010", R"("010")"},
      {"0x50", R"("0x50")"},
      {"0o7", R"("0o7")"},
      {"1e3", "1000.0"},
      {"42", "42"},
      {"+5", "5"},
      {"-0", "0"},
      {"0", "0"},
      {"00", R"("00")"},
      {".5", "0.5"},
      {"-.5", "-0.5"},
      {"1.", "1.0"},
      {"1.5e-3", "0.0015"},
      {"1_000", R"("1_000")"},
      {"12:30", R"("12:30")"},
      {".inf", R"(".inf")"},
      {".nan", R"(".nan")"},
      {"1e400", R"("1e400")"},
      {"true", "true"},
      {"False", "false"},
      {"tRue", R"("tRue")"},
      {"'true'", R"("true")"},
      {"\"5\"", R"("5")"},
      {"96G", R"("96G")"},
      {"+", R"("+")"},
      {"-", "[null]"},
      {"e5", R"("e5")"},
      {"1e", R"("1e")"},
      {"1.2.3", R"("1.2.3")"},
      {"2026-01-02", R"("2026-01-02")"},
      {"9223372036854775807", "9223372036854775807"},
      {"99999999999999999999", R"("99999999999999999999")"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.yaml);
    EXPECT_EQ(told(std::string("[") + c.yaml + "]") == "[" + std::string(c.json) + "]\n" ||
                  told(c.yaml) == std::string(c.json) + "\n",
              true)
        << told(c.yaml);
  }
  EXPECT_EQ(told("a: ~\nb:\nc: null\nd: ''"), "{\"a\":null,\"b\":null,\"c\":null,\"d\":\"\"}\n");
}

TEST(Yaml, WhatIsRefusedIsRefusedByNameAndPlace) {
  using namespace std::string_literals;
  const std::string deep_flow = std::string(400, '[') + std::string(400, ']');
  const struct {
    std::string yaml;
    std::string told;
  } cases[] = {
      {"&x [*x]", "1:1: anchors are not allowed (\"&x\")\n1:5: aliases are not allowed (\"*x\")\n"},
      {"a: *x", "1:4: aliases are not allowed (\"*x\")\n"},
      {"priority: 1\nb: 2\npriority: 99", "3:1: duplicate key \"priority\" (first at line 1)\n"},
      {"a:\n  b: {c: 1, \"c\": 2}", "2:13: duplicate key \"c\" (first at line 2)\n"},
      {"<<: {a: 1}", "1:1: merge keys are not allowed (\"<<\")\n"},
      {"a: !!binary eA==", "1:4: tags are not allowed (\"!!binary\")\n"},
      {"a: !python/object x", "1:4: tags are not allowed (\"!python/object\")\n"},
      {"a: ! 12", "1:4: tags are not allowed (\"!\")\n"},
      {"!!map {a: 1}", "1:1: tags are not allowed (\"!!map\")\n"},
      {"? [a]\n: b", "1:3: a key must be a plain text\n"},
      {"{? {x: 1} : b, c: 1}", "1:4: a key must be a plain text\n"},
      {"~: 1", "1:1: a key must be a plain text\n"},
      {"a: \"x\\0\"", "1:4: a text with a NUL is not allowed\n"},
      {"\"a\\x00\": 1", "1:1: a text with a NUL is not allowed\n"},
      {",", "1:1: malformed YAML: unexpected \",\"\n"},
      {"{} {}", "1:4: malformed YAML: unexpected \"{\"\n"},
      {"- a\nb: 1", "2:1: malformed YAML: unexpected \"b:\"\n"},
      {"a: 1\n... junk", "2:5: malformed YAML: unexpected \"junk\"\n"},
      {"a: \"x\n", "1:4: malformed YAML: a quoted text without an end\n"},
      {"a: 'x''\n", "1:4: malformed YAML: a quoted text without an end\n"},
      {"a: 1\n\tb: 2", "2:1: malformed YAML: a tab may not indent\n"},
      {"a: b: c", "1:5: malformed YAML: illegal map value\n"},
      {"a: [1", "1:4: malformed YAML: a bracket is not closed\n"},
      // Escapes that the parser reads on behind the end of their line.
      {"a: \"x\\", "1:7: malformed YAML: unknown escape character:\n"},
      {"a: \"\\ud8\n", "2:1: malformed YAML: bad character found while scanning hex number\n"},
      {deep_flow, "1:33: nested deeper than 32\n"},
      {"a: \"\\N\"",
       "1:4: a text must be valid UTF-8 (instead of \\N or \\_ write \\u0085 or \\u00a0)\n"},
      {"\xFF\xFE"
       "a\0"s,
       "1:1: a UTF-16 text is not allowed; save it as UTF-8\n"},
      {"a\0:\0"s, "1:1: a UTF-16 text is not allowed; save it as UTF-8\n"},
      {"a: 1\nb: \0"s, "2:4: a NUL is not allowed\n"},
      {"a: 1\nb: \xff\n", "2:1: this line is no valid UTF-8\n"},
      {"a: " + std::string(256 * 1024, 'x'),
       "1:1: a document may not be larger than 262144 bytes\n"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.yaml.substr(0, 60));
    EXPECT_EQ(told(c.yaml), c.told);
  }
}

TEST(Yaml, BlockNestingIsBoundedToo) {
  std::string yaml;
  for (int i = 0; i < 400; ++i)
    yaml += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_EQ(told(yaml), "33:33: nested deeper than 32\n");
  std::string questions;
  for (int i = 0; i < 100'000; ++i)
    questions += "? ";
  EXPECT_NE(told(questions), "");
}

TEST(Yaml, ABombOfAliasesIsNoMoreThanItsErrors) {
  std::string yaml = "a0: &a0 [x]\n";
  for (int i = 1; i < 10; ++i) {
    const auto before = "*a" + std::to_string(i - 1);
    yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " + before +
            ", " + before + "]\n";
  }
  const auto result = api::read_yaml(yaml);
  EXPECT_TRUE(result.documents.empty());
  EXPECT_LE(result.errors.size(), 21U);
  EXPECT_EQ(result.errors.front().message, "anchors are not allowed (\"&a0\")");
  EXPECT_EQ(result.errors.back().message, "too many errors; the rest is not read");
}

TEST(Yaml, ABrokenDocumentDoesNotHideTheOthers) {
  EXPECT_EQ(told("a: 1\n"
                 "---\n"
                 "b: [\n"
                 "---\n"
                 "c: 2\n"
                 "--- # nothing\n"
                 "\n"
                 "---\n"
                 "d: {x: 1, x: 2}\n"
                 "---\n"
                 "e: \"\n"
                 "---\n"
                 "f: |\n"
                 "  text\n"
                 "...\n"
                 "# over\n"),
            "{\"a\":1}\n"
            "{\"c\":2}\n"
            "{\"f\":\"text\\n\"}\n"
            "3:4: malformed YAML: a bracket is not closed\n"
            "9:11: duplicate key \"x\" (first at line 9)\n"
            "11:4: malformed YAML: a quoted text without an end\n");
}

TEST(Yaml, EmptyDocumentsAreLeftOut) {
  for (const auto* empty : {"", "\n", "# only words\n", "---\n", "---\n---\n...\n",
                            "%YAML 1.2\n---\n", "--- ~\n", "\xEF\xBB\xBF"}) {
    SCOPED_TRACE(empty);
    EXPECT_EQ(told(empty), "");
  }
}

TEST(Yaml, AByteOrderMarkAndWindowsLineEndsAreAccepted) {
  EXPECT_EQ(told("\xEF\xBB\xBF"
                 "a: 1\r\nb: |\r\n  x\r\n  y\r\nc: \"p\r\n  q\"\r\n---\r\nd: 2\r\n"),
            "{\"a\":1,\"b\":\"x\\ny\\n\",\"c\":\"p q\"}\n{\"d\":2}\n");
}

TEST(Yaml, JsonIsTakenAsJson) {
  EXPECT_EQ(told("{\"a\":\"\\ud83d\\ude00\",\n\t\"b\":[1.0,\"no\"]}"),
            "{\"a\":\"\U0001F600\",\"b\":[1.0,\"no\"]}\n");
  EXPECT_EQ(told("---\n{\"a\":1}\n---\nb: 2\n"), "{\"a\":1}\n{\"b\":2}\n");
  EXPECT_EQ(told("{\"a\":1,\"a\":2}"), "1:8: duplicate key \"a\" (first at line 1)\n");
  EXPECT_EQ(told("{a: 1}"), "{\"a\":1}\n");
}

TEST(Yaml, EveryValueHasAPlace) {
  const auto result = api::read_yaml(
      "# manifest\n"
      "---\n"
      "kind: Box\n"
      "metadata:\n"
      "  labels: {a.b/c: x}\n"
      "spec:\n"
      "  steps:\n"
      "  - name: a\n"
      "    command: [x, y]\n");
  ASSERT_EQ(result.documents.size(), 1U);
  const auto& document = result.documents[0];
  const struct {
    const char* path;
    int line, column;
  } cases[] = {
      {"", 3, 1},
      {"kind", 3, 1},
      {"metadata.labels", 5, 3},
      {R"(metadata.labels["a.b/c"])", 5, 12},
      {R"(metadata.labels["none.at/all"])", 5, 3},
      {"spec.steps[0]", 8, 5},
      {"spec.steps[0].name", 8, 5},
      {"spec.steps[0].command[1]", 9, 18},
      {"spec.steps[0].absent", 8, 5},
      {"spec.steps[7].name", 7, 3},
      {"nothing", 3, 1},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.path);
    EXPECT_EQ(document.place_of(c.path).line, c.line);
    EXPECT_EQ(document.place_of(c.path).column, c.column);
  }
}

TEST(Yaml, TheComplaintsOfACheckFindTheirPlaces) {
  const auto result = api::read_yaml(
      "model: m\n"
      "machnes: 2\n"
      "steps:\n"
      "- name: a\n"
      "  command: [x]\n"
      "- name: B\n"
      "labels: {a.b/c: 1}\n");
  ASSERT_EQ(result.documents.size(), 1U);
  const auto& document = result.documents[0];
  std::string lines;
  for (const auto& finding :
       api::check(document.value, api::type_of<sample::Spec>(), "", api::Unknown::refuse))
    lines += finding.path + "@" + std::to_string(document.place_of(finding.path).line) + " ";
  EXPECT_EQ(lines, R"(labels["a.b/c"]@7 machnes@2 steps[1].name@6 steps[1].command@6 )");
}

TEST(Yaml, DocumentsAreCounted) {
  std::string yaml;
  for (int i = 0; i < 2000; ++i)
    yaml += "--- {a: 1}\n";
  EXPECT_EQ(api::read_yaml(yaml).documents.size(), 2000U);
  EXPECT_TRUE(api::read_yaml(yaml).errors.empty());
  const auto more = api::read_yaml(yaml + "--- {a: 1}\n");
  ASSERT_EQ(more.errors.size(), 1U);
  EXPECT_EQ(more.errors[0].message, "more than 2000 documents");
  EXPECT_EQ(more.errors[0].place.line, 2001);
}

TEST(Yaml, PlacesOfAHostileDocumentStayBounded) {
  // Long keys above many short items: the paths alone would be gigabytes.
  std::string yaml;
  for (int i = 0; i < 30; ++i)
    yaml += "{" + std::string(900, 'k') + ": ";
  yaml += "[";
  for (int i = 0; i < 50'000; ++i)
    yaml += "1,";
  yaml += "1]" + std::string(30, '}');
  const auto result = api::read_yaml(yaml);
  ASSERT_EQ(result.documents.size(), 1U);
  std::size_t bytes = 0;
  for (const auto& [path, place] : result.documents[0].places)
    bytes += path.size();
  EXPECT_LT(bytes, 4U << 20);
}

TEST(YamlWrite, WhatIsWrittenReadsBackAsTheSameValue) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    base::Dice dice(seed);
    const Json value = support::random_json(dice);
    const std::string yaml = api::write_yaml(value);
    const auto result = api::read_yaml(yaml);
    ASSERT_TRUE(result.errors.empty()) << yaml << "\n" << result.errors[0].message;
    if (value.is_null()) continue;  // an empty document
    ASSERT_EQ(result.documents.size(), 1U) << yaml;
    ASSERT_EQ(result.documents[0].value, value) << yaml;
  }
}

TEST(YamlWrite, YamlAndJsonOfAnObjectAgree) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    base::Dice dice(seed);
    const Json value = support::random_value(api::type_of<sample::Spec>(), dice);
    for (const auto& text :
         {api::write_yaml(value), api::write_json(value), api::write_json_pretty(value)}) {
      const auto result = api::read_yaml(text);
      ASSERT_TRUE(result.errors.empty()) << text << "\n" << result.errors[0].message;
      ASSERT_EQ(result.documents.size(), 1U);
      ASSERT_EQ(result.documents[0].value, value) << text;
    }
  }
}

TEST(YamlWrite, PeopleReadItWithoutNeedlessQuotes) {
  const auto value = api::parse_json(
      R"x({"apiVersion":"orch/v1","command":["vllm","serve","$(model.source)","--port","8000"],)x"
      R"("empty":{},"image":"vllm/vllm-openai:v0.17.1","list":[{"a":1,"b":[]},["x"]],)"
      R"("memory":"96G","no":"no","number":"12","script":"one\ntwo\n","tail":"one\ntwo",)"
      R"("text":"a: b","time":"2026-01-02T03:04:05Z","time out":"15s","versions":"1e3"})");
  ASSERT_TRUE(value);
  EXPECT_EQ(api::write_yaml(*value),
            "apiVersion: orch/v1\n"
            "command:\n"
            "- vllm\n"
            "- serve\n"
            "- $(model.source)\n"
            "- --port\n"
            "- \"8000\"\n"
            "empty: {}\n"
            "image: vllm/vllm-openai:v0.17.1\n"
            "list:\n"
            "- a: 1\n"
            "  b: []\n"
            "- - x\n"
            "memory: 96G\n"
            "\"no\": \"no\"\n"
            "number: \"12\"\n"
            "script: |\n"
            "  one\n"
            "  two\n"
            "tail: |-\n"
            "  one\n"
            "  two\n"
            "text: \"a: b\"\n"
            "time: \"2026-01-02T03:04:05Z\"\n"
            "time out: 15s\n"
            "versions: \"1e3\"\n");
}

TEST(YamlWrite, KeysThatAreTooLongForOneLineReadBackToo) {
  const Json value =
      Json::object({{"outer", Json::object({{std::string(3000, 'k'), Json::array({1, 2})},
                                            {std::string(3000, 'l'), "x"}})}});
  const auto result = api::read_yaml(api::write_yaml(value));
  ASSERT_TRUE(result.errors.empty()) << result.errors[0].message;
  ASSERT_EQ(result.documents.size(), 1U);
  EXPECT_EQ(result.documents[0].value, value);
}

constexpr std::string_view kManifest = R"(kind: Runtime
metadata: {name: vllm, labels: {"a.b/c": 'x'}}
spec:
  command: [vllm, $(model.source)]  # argv
  env:
  - name: TEXT
    value: |
      one
        two
  ? odd
  : "q\u00e9\n"
---
kind: Bench
)";

// Cuts, doubles, swaps and writes characters that mean something to YAML.
std::string mutated(base::Dice& dice) {
  static constexpr std::string_view kOdd = ",:-?&*!|>'\"%@`{}[]#\n\t ~<=.\\\r\x01\xff";
  std::string text(kManifest);
  const auto edits = 1 + dice.upto(6);
  for (std::int64_t i = 0; i < edits && !text.empty(); ++i) {
    const auto at = static_cast<std::size_t>(dice.upto(static_cast<std::int64_t>(text.size())));
    const auto size = static_cast<std::size_t>(1 + dice.upto(20));
    switch (dice.upto(4)) {
      case 0: text.erase(at, size); break;
      case 1: text.insert(at, text.substr(at, size)); break;
      case 2:
        text[at] =
            kOdd[static_cast<std::size_t>(dice.upto(static_cast<std::int64_t>(kOdd.size())))];
        break;
      default:
        text.insert(
            at, 1 + static_cast<std::size_t>(dice.upto(3)),
            kOdd[static_cast<std::size_t>(dice.upto(static_cast<std::int64_t>(kOdd.size())))]);
    }
  }
  return text;
}

TEST(Yaml, NoMutationOfAManifestHangsOrCrashes) {
  base::Dice dice(7);
  int fine = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto text = mutated(dice);
    const auto result = api::read_yaml(text);
    fine += result.errors.empty() ? 1 : 0;
    for (const auto& error : result.errors) {
      ASSERT_GE(error.place.line, 1) << text;
      ASSERT_FALSE(error.message.empty());
    }
  }
  EXPECT_GT(fine, 100);
  EXPECT_LT(fine, 19'000);
}

}  // namespace
