// SPDX-License-Identifier: Apache-2.0
#include "base/clock.hpp"
#include "base/file.hpp"
#include "tests/e2e/controller/house.hpp"
#include "tests/sim/disk/sql.hpp"

#include <filesystem>

namespace e2e {
namespace {

namespace fs = std::filesystem;

/// A controller that tidies up.
struct Upkeep : House {
  Upkeep() {
    init();
    start();
  }
  void sql(const std::string& text) const {
    const auto done = sim::run_sql(dir + "/state.db", "", text, sim::Access::write);
    ASSERT_TRUE(done) << done.error().message;
  }
  /// Asks until the answer is as wished, for twenty seconds at most.
  Answer ask_until(const std::string& target, const std::function<bool(const Answer&)>& wished) {
    const auto end = base::steady_now() + base::seconds(20);
    for (;;) {
      auto answer = get(target);
      if (wished(answer) || base::steady_now() > end) return answer;
      loop.run_once(base::Duration{20});
    }
  }
};

TEST_F(Upkeep, TheChangeLogIsBoundAndSaysWhereItBegins) {
  ASSERT_EQ(post("/apis/orch/v1/models", model("first")).status, 201);
  ASSERT_EQ(post("/apis/orch/v1/models", model("second")).status, 201);
  const auto whole = get("/changes?from=0");
  ASSERT_EQ(whole.status, 200);
  const auto second = whole.body.find("Model/second");
  ASSERT_NE(second, std::string::npos);
  stop();
  // More lines of the first revision than are kept; their sums are wrong, so that reading one
  // would fail.
  sql("UPDATE change SET id = id + 200010 WHERE id > 1;"
      "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 200010) "
      "INSERT INTO change SELECT i, 1, 0, 'x', 'update', 'Model', 'x', '', 0 FROM n");
  start();
  const auto gone =
      ask_until("/changes?from=0", [](const Answer& answer) { return answer.status == 410; });
  ASSERT_EQ(gone.status, 410) << gone.body;
  EXPECT_EQ(gone.reason(), "Expired");
  EXPECT_NE(gone.message().find("from=1"), std::string::npos) << gone.message();
  const auto kept = get("/changes?from=1");
  EXPECT_EQ(kept.status, 200);
  EXPECT_EQ(kept.body.find("Model/first"), std::string::npos);
  EXPECT_NE(kept.body.find("Model/second"), std::string::npos);
  EXPECT_EQ(get("/changes").body, kept.body) << "without from: what is there";
  stop();
  EXPECT_EQ(call(with_dir({"check"})).code, 0);
  start();
  EXPECT_EQ(get("/changes?from=0").status, 410) << "also after a start";
}

TEST_F(Upkeep, LogsOfWhatIsGoneStayForADayAlsoOverAStart) {
  const auto run = R"({"apiVersion":"orch/v1","kind":"BenchRun","metadata":{"name":"there"},)"
                   R"("spec":{"model":"m","bench":"b"}})";
  const auto made = post("/apis/orch/v1/benchruns", run);
  ASSERT_EQ(made.status, 201) << made.body;
  const auto uid = made.json().at({"metadata", "uid"})->string();
  stop();
  const auto now = base::wall_now();
  const auto logs = dir + "/logs/";
  const auto write = [&](const std::string& path, const std::string& bytes) {
    fs::create_directories(fs::path(logs + path).parent_path());
    ASSERT_TRUE(base::write_file(logs + path, bytes));
  };
  for (const auto& life : {"run.there/" + uid, std::string("run.there/other-life"),
                           std::string("run.long-gone/u1"), std::string("run.gone/u2")})
    write(life + "/box1/0000000000000000", "hello");
  const auto at = [](base::Instant when) { return std::to_string(when.ms); };
  write("run.there/" + uid + ".gone", at(now - base::hours(99)));  // of a restored snapshot
  write("run.long-gone/u1.gone", at(now - base::hours(25)));
  write("run.gone/u2.gone", at(now - base::hours(23)));
  start();
  const auto done = [&] {
    return !fs::exists(logs + "run.long-gone") && fs::exists(logs + "run.there/other-life.gone");
  };
  ask_until("/livez", [&](const Answer&) { return done(); });
  EXPECT_TRUE(done());
  EXPECT_TRUE(fs::exists(logs + "run.there/" + uid + "/box1/0000000000000000"));
  EXPECT_FALSE(fs::exists(logs + "run.there/" + uid + ".gone"));
  EXPECT_TRUE(fs::exists(logs + "run.there/other-life/box1/0000000000000000"));
  EXPECT_TRUE(fs::exists(logs + "run.gone/u2/box1/0000000000000000"));
}

}  // namespace
}  // namespace e2e
