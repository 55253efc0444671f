// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "agentd/harness/parsers.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "tests/unit/agentd/bfcl_run.hpp"
#include "tests/unit/agentd/process_bench.hpp"

namespace agentd {
namespace {

using tests::Bench;
using tests::eventually;
using tests::Folder;
using tests::outcomes;

constexpr auto kFinal = Parsers::Pass::final;

/// A bench of processes for the parsers, and a run directory.
struct Rig {
  Bench bench;
  Folder run;
  HarnessParsers parsers;
  api::RunWanted wanted;

  explicit Rig(base::Duration deadline = base::seconds(60))
      : parsers(bench.processes, {{"PATH", "/usr/bin:/bin"}}, deadline) {
    wanted.name = "r1";
    wanted.uid = "u1";
    wanted.attempt = 2;
  }

  void use(const std::string& script) { wanted.parser.command = {"/bin/sh", "-c", script}; }

  /// How the record of a parser of this run directory begins.
  std::string orphan() const { return "parser-" + std::to_string(base::hash64(run.path())); }

  base::Result<Parsed> parse_all() {
    base::Result<Parsed> last = Parsed{};
    EXPECT_TRUE(eventually([&] {
      last = parsers.parse(run.path(), wanted, kFinal);
      return !last || last->done;
    }));
    return last;
  }
};

TEST(Parsers, JsonLinesAreReadAndNamedAfterTheRun) {
  Rig rig;
  rig.wanted.parser.builtin = "jsonl";
  EXPECT_TRUE(rig.parse_all()->samples.empty()) << "nothing is there yet";
  rig.run.put(
      "out/samples.jsonl",
      "{\"task\":\"a\",\"outcome\":\"error\"}\n{\"task\":\"b\",\"outcome\":\"fail\"}\nnoise\n"
      "{\"task\":\"a\",\"outcome\":\"pass\"}\n{\"task\":\"b\",\"outcome\":\"error\"}\n"
      "{\"task\":\"c\",\"outcome\":\"error\",\"attempt\":1}\n"
      "{\"task\":\"d\",\"outcome\":\"error\",\"failure\":\"infrastructure\"}\n"
      "{\"task\":\"e\",\"outco");
  const auto parsed = rig.parse_all();
  ASSERT_TRUE(parsed);
  EXPECT_EQ(outcomes(parsed->samples), "b fail; a pass; b error; d error infrastructure");
  EXPECT_EQ(parsed->samples[0].run, "u1");
  EXPECT_EQ(parsed->samples[0].attempt, 2);
  EXPECT_EQ(parsed->answered, 2);
}

TEST(Parsers, AnErrorThatAnEarlierAttemptWroteIsNotThisOnes) {
  Rig rig;
  rig.wanted.parser.builtin = "jsonl";
  const std::string old = "{\"task\":\"a\",\"outcome\":\"error\"}\n";
  rig.run.put("attempts/1/samples.jsonl", old);
  rig.run.put("out/samples.jsonl", old + "{\"task\":\"b\",\"outcome\":\"error\"}\n");
  EXPECT_EQ(outcomes(rig.parse_all()->samples), "b error");
}

TEST(Parsers, ALineThatBreaksTheContractIsNamed) {
  Rig rig;
  rig.wanted.parser.builtin = "jsonl";
  rig.run.put("out/samples.jsonl",
              "{\"task\":\"a\",\"outcome\":\"pass\"}\n{\"task\":\"b\",\"outcome\":\"won\"}\n");
  const auto parsed = rig.parse_all();
  ASSERT_FALSE(parsed);
  EXPECT_NE(parsed.error().message.find("line 2"), std::string::npos) << parsed.error().message;
}

TEST(Parsers, AParserThatIsNotKnownIsAnError) {
  Rig rig;
  rig.wanted.parser.builtin = "other";
  EXPECT_FALSE(rig.parse_all());
}

TEST(Parsers, ACommandRunsBesideAndItsLinesAreSamples) {
  Rig rig;
  rig.use(
      "echo warning >&2; printf '{\"task\":\"%s\",\"outcome\":\"pass\"}\\n' \"$ORCH_ATTEMPT\";"
      "printf '{\"task\":\"b\",\"outcome\":\"fail\"}'; [ \"$PWD\" = \"$ORCH_RUN_DIR\" ]");
  const auto first = rig.parsers.parse(rig.run.path(), rig.wanted, kFinal);
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->done);
  const auto parsed = rig.parse_all();
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(outcomes(parsed->samples), "2 pass; b fail");
  EXPECT_TRUE(base::list_folder(rig.run.at(".parser"))->empty());
}

TEST(Parsers, AnAnswerThatWasBegunForAnotherPassIsThrownAway) {
  Rig rig;
  rig.use("echo '{\"task\":\"old\",\"outcome\":\"pass\"}'; exit 1");
  ASSERT_TRUE(rig.parsers.parse(rig.run.path(), rig.wanted, Parsers::Pass::live));
  rig.use("echo '{\"task\":\"new\",\"outcome\":\"pass\"}'");
  const auto parsed = rig.parse_all();
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(outcomes(parsed->samples), "new pass");
}

TEST(Parsers, AnErrorThatStandsInTwoPlacesCountsOnce) {
  Rig rig;
  rig.wanted.parser.builtin = "bfcl";
  rig.run.put(tests::result_file("multiple"), tests::broken_answer("m_1"));
  rig.run.put("out/errors/multiple.jsonl", tests::broken_answer("m_1"));
  EXPECT_EQ(outcomes(rig.parse_all()->samples), "m_1 error infrastructure");
}

TEST(Parsers, ACommandThatFailsSaysHow) {
  struct Case {
    const char *script, *why;
  };
  const Case cases[] = {{"echo first >&2; echo 'no such file' >&2; exit 3", "3: no such file"},
                        {"kill -9 $$", "137"}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.script);
    Rig rig;
    rig.use(c.script);
    const auto parsed = rig.parse_all();
    ASSERT_FALSE(parsed);
    EXPECT_NE(parsed.error().message.find(c.why), std::string::npos) << parsed.error().message;
  }
  Rig rig;
  rig.wanted.parser.command = {"no-such-parser"};
  const auto parsed = rig.parse_all();
  ASSERT_FALSE(parsed);
  EXPECT_NE(parsed.error().message.find("not found in PATH"), std::string::npos);
}

TEST(Parsers, ACommandThatTakesTooLongIsEndedWithItsTree) {
  Rig rig(base::Duration{1});
  rig.use("setsid sleep 1000 & sleep 1000");
  const auto parsed = rig.parse_all();
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, base::Code::timeout);
  EXPECT_TRUE(eventually([&] { return rig.bench.processes.list()->empty(); }));
}

TEST(Parsers, ACommandOfAnAgentThatEndedIsEndedAndNoOtherChildIs) {
  Rig rig;
  ASSERT_TRUE(rig.bench.processes.start(rig.bench.shell("server", "exec sleep 1000")));
  rig.use("sleep 1000");
  ASSERT_TRUE(rig.parsers.parse(rig.run.path(), rig.wanted, kFinal));
  HarnessParsers next_agent(rig.bench.processes, {{"PATH", "/usr/bin:/bin"}});
  Folder other;
  rig.use("echo '{\"task\":\"a\",\"outcome\":\"pass\"}'");
  bool answered = false;
  EXPECT_TRUE(eventually([&] {
    const auto parsed = next_agent.parse(other.path(), rig.wanted, kFinal);
    answered = answered || (parsed && parsed->done);
    std::size_t parsers = 0;
    const auto children = rig.bench.processes.list();
    if (!children) return false;
    for (const auto& child : *children) {
      const bool orphan = child.labels.contains("role") && child.id.starts_with(rig.orphan());
      if (orphan) ++parsers;
    }
    return answered && parsers == 0;
  }));
  EXPECT_EQ(rig.bench.child("server").state, Child::State::running);
}

TEST(Parsers, ACommandThatAnAgentOnlyMeantToStartIsForgotten) {
  Rig rig;
  ShimProcesses cut_off(rig.bench.folder.path(), "/bin/true");
  auto never = rig.bench.shell("parser-never", "exec sleep 1000");
  never.labels = {{"role", "parser"}};
  ASSERT_TRUE(cut_off.start(never));
  rig.use("echo '{\"task\":\"a\",\"outcome\":\"pass\"}'");
  ASSERT_TRUE(rig.parse_all());
  EXPECT_TRUE(rig.bench.processes.list()->empty());
}

}  // namespace
}  // namespace agentd
