// SPDX-License-Identifier: Apache-2.0
#include "controller/server/join_token.hpp"

#include "base/units.hpp"
#include "controller/server/enrolment.hpp"

#include <gtest/gtest.h>

namespace controller {
namespace {

using api::Json;

const base::Instant kNow = *base::parse_rfc3339("2026-03-01T12:00:00Z");

struct Made {
  JoinToken token;
  Json stored;
};
/// A token as it would be stored, an hour before it expires.
Made made() {
  auto fresh = make_token("box1", std::string(64, 'a'), kNow + base::hours(1));
  auto stored = fresh.write.body;
  stored["metadata"].set("resourceVersion", "7");
  return {fresh.token, stored};
}

Json with(Json stored, std::string_view key, Json value) {
  stored["status"].set(key, std::move(value));
  return stored;
}

TEST(JoinToken, ReadsBackWhatItPrints) {
  const auto token = made().token;
  const auto read = parse_token(" " + token.text() + "\n");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->text(), token.text());
  EXPECT_EQ(read->machine, "box1");
}

TEST(JoinToken, SaysWhatIsWrongWithATextThatIsNone) {
  const std::string id(16, 'b'), secret(32, 'c'), print(64, 'd');
  const struct {
    std::string text, why;
  } cases[] = {
      {"", "does not begin with"},
      {"hello", "does not begin with"},
      {"orch1." + id + "." + secret, "3 parts"},
      {"orch1.xyz." + secret + "." + print + ".box1", "its id"},
      {"orch1." + id + ".short." + print + ".box1", "its secret"},
      {"orch1." + id + "." + secret + ".ff.box1", "its fingerprint"},
      {"orch1." + id + "." + secret + "." + print + ".", "names no machine"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const auto read = parse_token(c.text);
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().message.find(c.why), std::string::npos) << read.error().message;
    EXPECT_NE(read.error().message.find("malformed"), std::string::npos);
  }
}

TEST(JoinToken, IsStoredWithoutItsSecret) {
  const auto [token, stored] = made();
  EXPECT_EQ(api::write_json(stored).find(token.secret), std::string::npos);
}

TEST(JoinToken, IsGoodOnceForItsMachineAndItsTime) {
  const auto [token, stored] = made();
  auto other = token;
  other.machine = "box2";
  auto guess = token;
  guess.secret = std::string(32, '0');
  const struct {
    const char* what;
    JoinToken token;
    Json stored;
    std::string why;
    bool counted;
  } cases[] = {
      {"a good one", token, stored, "", false},
      {"not known", token, Json(), "is not known", false},
      {"used", token, with(stored, "used", "2026-03-01T11:00:00Z"), "used up at", false},
      {"expired", token, with(stored, "expires", "2026-03-01T11:59:59Z"), "expired at", false},
      {"for another machine", other, stored, "is for machine \"box1\"", false},
      {"a wrong secret", guess, stored, "wrong secret", true},
      {"the fifth wrong secret", guess, with(stored, "wrongTries", 4), "wrong secret", true},
      {"ended, even with the right secret", token, with(stored, "wrongTries", 5), "five wrong",
       false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const auto verdict = judge_token(c.token, c.stored, kNow);
    EXPECT_EQ(verdict.rejection.has_value(), !c.why.empty());
    if (verdict.rejection) {
      EXPECT_EQ(verdict.rejection->code, 403);
      EXPECT_NE(verdict.rejection->message.find(c.why), std::string::npos)
          << verdict.rejection->message;
    }
    EXPECT_EQ(verdict.count.has_value(), c.counted);
  }
}

TEST(JoinToken, IsUsedUpOnlyAtTheRevisionThatWasSeen) {
  const auto use = use_token(made().stored, kNow);
  EXPECT_EQ(*use.body.at({"metadata", "resourceVersion"}), Json("7"));
  EXPECT_EQ(*use.body.at({"status", "used"}), Json("2026-03-01T12:00:00Z"));
}

TEST(JoinToken, IsForgottenADayAfterItsEnd) {
  const auto stored = made().stored;
  EXPECT_FALSE(is_forgotten(stored, kNow + base::hours(24)));
  EXPECT_TRUE(is_forgotten(stored, kNow + base::hours(26)));
  EXPECT_TRUE(is_forgotten(with(stored, "used", "2026-02-01T00:00:00Z"), kNow));
}

TEST(TokenLife, IsAnHourUnlessSomebodySays) {
  EXPECT_EQ(*token_life(""), base::hours(1));
  EXPECT_EQ(*token_life("30m"), base::minutes(30));
  for (const char* text : {"0s", "x", "721h", "-1h"})
    EXPECT_FALSE(token_life(text)) << text;
}

}  // namespace
}  // namespace controller
