// SPDX-License-Identifier: Apache-2.0
#include "base/clock.hpp"
#include "tests/e2e/controller/house.hpp"
#include "tests/sim/disk/sql.hpp"

namespace e2e {
namespace {

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

}  // namespace
}  // namespace e2e
