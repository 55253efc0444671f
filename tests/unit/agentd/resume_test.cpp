// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "agentd/harness/parsers.hpp"
#include "agentd/harness/python_json.hpp"
#include "agentd/harness/run_folders.hpp"
#include "base/text.hpp"
#include "tests/unit/agentd/bfcl_run.hpp"

namespace agentd {
namespace {

using tests::answer;
using tests::broken_answer;
using tests::failed;
using tests::Folder;
using tests::result_file;
using tests::score_file;

/// No parser command runs here.
class NoProcesses : public Processes {
 public:
  base::Result<std::vector<Child>> list() override { return std::vector<Child>{}; }
  base::Status start(const Launch&) override { return base::internal("not here"); }
  base::Status signal(const std::string&, int) override { return base::ok(); }
  base::Result<bool> sweep(const std::string&) override { return true; }
  base::Status note(const std::string&, const std::string&, const std::string&) override {
    return base::ok();
  }
  base::Status forget(const std::string&) override { return base::ok(); }
};

const std::string kCategory = "multiple";
const std::vector<std::string> kTasks = {"m_0", "m_1"};

/// A harness as BFCL is: it dies of a torn line, skips every id that it finds, and knows nothing of
/// errors. `good[i]`: the server answers on task i.
struct Harness {
  const Folder& folder;
  std::multiset<std::string> ran;

  /// What one attempt would write behind what is there.
  std::string generate(const std::vector<bool>& good) {
    const std::string before = folder.get(result_file(kCategory));
    std::set<std::string> found;
    for (const auto& line : base::split(before, '\n')) {
      const auto value = parse_python_json(line);
      if (value) found.insert(value->text_at("id"));
      EXPECT_TRUE(value || (line.empty() && before.ends_with('\n')) || before.empty())
          << "bfcl would stop at " << line;
    }
    std::string fresh;
    for (std::size_t i = 0; i < kTasks.size(); ++i) {
      if (found.contains(kTasks[i])) continue;
      ran.insert(kTasks[i]);
      fresh += good[i] ? answer(kTasks[i]) : broken_answer(kTasks[i]);
    }
    return fresh;
  }

  /// The launcher moves errors aside, then every answer is graded; m_1 is always wrong.
  void evaluate() const {
    std::string kept, errors;
    std::vector<std::string> wrong;
    int total = 0;
    for (const auto& line : base::split(folder.get(result_file(kCategory)), '\n')) {
      const auto value = parse_python_json(line);
      if (!value) continue;
      const bool error = value->text_at("result").starts_with("Error during inference:");
      (error ? errors : kept) += line + "\n";
      if (error) continue;
      ++total;
      if (value->text_at("id") == "m_1") wrong.push_back(failed("m_1"));
    }
    folder.put(result_file(kCategory), kept);
    folder.put("out/errors/" + kCategory + ".jsonl", errors);
    folder.put(score_file(kCategory), tests::scores(total, wrong));
  }
};

/// What the agent does with a finished attempt: newly scored tasks and errors are kept.
struct Agent {
  const Folder& folder;
  FileRunFolders folders{};
  NoProcesses none{};
  HarnessParsers parsers{none, {}};
  RunRecord record{};

  explicit Agent(const Folder& on) : folder(on) { record = *folders.open(folder.path()); }

  std::map<std::string, api::Outcome> scored() {
    std::map<std::string, api::Outcome> out;
    const auto samples = folders.samples(folder.path(), record);
    EXPECT_TRUE(samples);
    for (const auto& sample : *samples) {
      if (!api::is_scored(sample.outcome)) continue;
      EXPECT_TRUE(out.emplace(sample.task, sample.outcome).second)
          << sample.task << " was scored twice";
    }
    return out;
  }

  static api::RunWanted wanted(std::int64_t attempt) {
    api::RunWanted wanted;
    wanted.uid = "u1";
    wanted.attempt = attempt;
    wanted.parser.builtin = "bfcl";
    return wanted;
  }

  void prepare(std::int64_t attempt) {
    std::vector<std::string> tasks;
    for (const auto& [task, outcome] : scored())
      tasks.push_back(task);
    ASSERT_TRUE(folders.prepare(folder.path(), wanted(attempt), tasks));
  }

  void keep(std::int64_t attempt) {
    const auto parsed = parsers.parse(folder.path(), wanted(attempt), Parsers::Pass::final);
    ASSERT_TRUE(parsed && parsed->done);
    const auto known = scored();
    std::vector<api::Sample> fresh;
    for (const auto& sample : parsed->samples) {
      if (!known.contains(sample.task)) fresh.push_back(sample);
    }
    ASSERT_TRUE(folders.append(folder.path(), fresh, record));
  }
};

/// One story: the first attempt meets a server that answers as `good` says, is killed after `cut`
/// bytes of its results (none: it ends), and was graded or not. Then the machine is well.
void play(const std::vector<bool>& good, std::size_t cut, bool graded) {
  const Folder folder(tests::kInMemory);
  Harness harness{folder, {}};
  Agent agent(folder);
  agent.prepare(1);
  const std::string first = harness.generate(good);
  folder.put(result_file(kCategory), first.substr(0, cut));
  if (graded) harness.evaluate();
  agent.keep(1);
  const auto after_first = agent.scored();

  for (std::int64_t attempt = 2; attempt < 4; ++attempt) {
    agent.prepare(attempt);
    const std::multiset<std::string> before = harness.ran;
    const std::string fresh = harness.generate({true, true});
    for (const auto& [task, outcome] : after_first)
      EXPECT_EQ(harness.ran.count(task), before.count(task)) << task << " is scored and ran again";
    folder.put(result_file(kCategory), folder.get(result_file(kCategory)) + fresh);
    harness.evaluate();
    agent.keep(attempt);
  }
  EXPECT_EQ(agent.scored(), (std::map<std::string, api::Outcome>{{"m_0", api::Outcome::pass},
                                                                 {"m_1", api::Outcome::fail}}));
}

TEST(Resume, EveryOutageAndEveryCutLeadsToTheSameScores) {
  for (unsigned pattern = 0; pattern < 4; ++pattern) {
    const std::vector<bool> good{(pattern & 1U) != 0, (pattern & 2U) != 0};
    std::size_t longest = 0;
    for (std::size_t i = 0; i < kTasks.size(); ++i)
      longest += (good[i] ? answer(kTasks[i]) : broken_answer(kTasks[i])).size();
    for (std::size_t cut = 0; cut <= longest; ++cut) {
      for (const bool graded : {false, true}) {
        SCOPED_TRACE(std::to_string(pattern) + " cut " + std::to_string(cut) +
                     (graded ? " graded" : ""));
        play(good, cut, graded);
      }
    }
  }
}

}  // namespace
}  // namespace agentd
