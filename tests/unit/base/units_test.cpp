// SPDX-License-Identifier: Apache-2.0
#include "base/units.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace base {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(Quantity, ReadsWhatKubernetesWrites) {
  struct Case {
    std::string_view text;
    std::int64_t value;
  };
  const Case cases[] = {
      {"0", 0},
      {"12", 12},
      {"+12", 12},
      {"-12", -12},
      {"007", 7},
      {"1.", 1},
      {".5", 1},
      {"12k", 12'000},
      {"3M", 3'000'000},
      {"96G", 96'000'000'000},
      {"2T", 2'000'000'000'000},
      {"5P", 5'000'000'000'000'000},
      {"9E", 9'000'000'000'000'000'000},
      {"1Ki", 1024},
      {"1Mi", 1 << 20},
      {"45Gi", std::int64_t{45} << 30},
      {"1Ti", std::int64_t{1} << 40},
      {"1Pi", std::int64_t{1} << 50},
      {"7Ei", std::int64_t{7} << 60},
      {"1.5Gi", std::int64_t{3} << 29},
      {"1e3", 1000},
      {"1E3", 1000},
      {"1e+3", 1000},
      {"25e-1", 3},
      {"0.00012e6", 120},
      {"1E", 1'000'000'000'000'000'000},
      {"0e99", 0},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(parse_quantity(c.text), c.value);
  }
}

TEST(Quantity, RoundsUpAwayFromZero) {
  struct Case {
    std::string_view text;
    std::int64_t value;
  };
  const Case cases[] = {
      {"1500m", 2},
      {"1m", 1},
      {"1000m", 1},
      {"1n", 1},
      {"1u", 1},
      {"0.1", 1},
      {"-1500m", -2},
      {"1.000000000000000000001", 2},
      {"0.5Ki", 512},
      {"0.001Ki", 2},
      {"1.0009765625Ki", 1025},
      {"1.2k", 1200},
      {"1.2345k", 1235},
      {"1e-50", 1},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(parse_quantity(c.text), c.value);
  }
}

TEST(Quantity, MayReachThe63rdBitAndNotPassIt) {
  EXPECT_EQ(parse_quantity("9223372036854775807"), kMax);
  EXPECT_EQ(parse_quantity("-9223372036854775807"), -kMax);
  EXPECT_EQ(parse_quantity("9223372036854775806500m"), kMax);
  for (const auto* text :
       {"9223372036854775808", "9223372036854775807.1", "8Ei", "10E", "1e19",
        "9999999999999999999999999", "1e100", "10000000000000000000000000m", "100000000Ti"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(parse_quantity(text), std::nullopt);
  }
}

TEST(Quantity, RefusesWhatIsNone) {
  for (const auto* text :
       {"",      " ",     "G",     "e3",  ".",    "+",   "-",        "1 G", " 1",
        "1 ",    "1g",    "1K",    "1ki", "1KiB", "1GB", "1e",       "1e+", "1e+-3",
        "1e1.5", "1e101", "1.2.3", "--1", "0x10", "1,5", "infinity", "1mm", "1e3k"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(parse_quantity(text), std::nullopt);
  }
}

TEST(DurationText, ReadsGoDurations) {
  struct Case {
    std::string_view text;
    std::int64_t ms;
  };
  const Case cases[] = {
      {"0", 0},
      {"0s", 0},
      {"15s", 15'000},
      {"250ms", 250},
      {"1h30m", 5'400'000},
      {"1.5h", 5'400'000},
      {"1h0m0.5s", 3'600'500},
      {".5s", 500},
      {"1.s", 1000},
      {"2m", 120'000},
      {"1500us", 2},
      {"1ns", 1},
      {"3000\xC2\xB5s", 3},
      {"3000\xCE\xBCs", 3},
      {"100m5s", 6'005'000},
      {"2562047h", 9'223'369'200'000},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(parse_duration(c.text), Duration{c.ms});
  }
}

TEST(DurationText, RefusesWhatIsNone) {
  for (const auto* text :
       {"", "5", "00", "-5s", "+5s", "s", ".s", "5 s", "5s ", "5sec", "1d", "1h30", "1e3s",
        "2562048h", "1h2562047h", "99999999999999999999h", "0x1s"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(parse_duration(text), std::nullopt);
  }
}

TEST(Rfc3339, WritesAndReadsBack) {
  struct Case {
    std::int64_t ms;
    std::string_view text;
  };
  const Case cases[] = {
      {0, "1970-01-01T00:00:00Z"},
      {1'767'323'045'000, "2026-01-02T03:04:05Z"},
      {951'782'400'000, "2000-02-29T00:00:00Z"},
      {-1000, "1969-12-31T23:59:59Z"},
      {253'402'300'799'000, "9999-12-31T23:59:59Z"},
      {-62'167'219'200'000, "0000-01-01T00:00:00Z"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(rfc3339({c.ms}), c.text);
    EXPECT_EQ(parse_rfc3339(c.text), Instant{c.ms});
  }
  EXPECT_EQ(rfc3339({1999}), "1970-01-01T00:00:01Z");
  EXPECT_EQ(rfc3339({-1}), "1969-12-31T23:59:59Z");
}

TEST(Rfc3339, AcceptsFractionsAndOffsets) {
  struct Case {
    std::string_view text;
    std::int64_t ms;
  };
  const Case cases[] = {
      {"1970-01-01T00:00:00.5Z", 500},  {"1970-01-01T00:00:00.123456789Z", 123},
      {"1970-01-01T02:00:00+02:00", 0}, {"1969-12-31T18:30:00-05:30", 0},
      {"1970-01-01t00:00:01z", 1000},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(parse_rfc3339(c.text), Instant{c.ms});
  }
  for (const auto* text :
       {"", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01 00:00:00Z", "1970-1-01T00:00:00Z",
        "1970-13-01T00:00:00Z", "1970-02-29T00:00:00Z", "1970-01-01T24:00:00Z",
        "1970-01-01T00:60:00Z", "1970-01-01T00:00:60Z", "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00Zx", "1970-01-01T00:00:00+2:00", "1970-01-01T00:00:00+0200",
        "1970-01-01T00:00:00+24:00", "+970-01-01T00:00:00Z", "1970-01-00T00:00:00Z"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(parse_rfc3339(text), std::nullopt);
  }
}

TEST(Age, ReadsAsInKubectl) {
  struct Case {
    std::int64_t seconds;
    std::string_view text;
  };
  constexpr std::int64_t kDay = 86'400;
  constexpr std::int64_t kYear = 365 * kDay;
  const Case cases[] = {
      {-5, "<invalid>"},
      {-1, "0s"},
      {0, "0s"},
      {45, "45s"},
      {119, "119s"},
      {120, "2m"},
      {245, "4m5s"},
      {599, "9m59s"},
      {600, "10m"},
      {720, "12m"},
      {3 * 3600 - 1, "179m"},
      {3 * 3600, "3h"},
      {3 * 3600 + 20 * 60, "3h20m"},
      {8 * 3600 - 1, "7h59m"},
      {8 * 3600, "8h"},
      {26 * 3600, "26h"},
      {48 * 3600 - 1, "47h"},
      {48 * 3600, "2d"},
      {5 * kDay + 2 * 3600, "5d2h"},
      {8 * kDay - 1, "7d23h"},
      {8 * kDay, "8d"},
      {40 * kDay, "40d"},
      {2 * kYear - 1, "729d"},
      {2 * kYear, "2y"},
      {2 * kYear + 30 * kDay, "2y30d"},
      {8 * kYear - 1, "7y364d"},
      {9 * kYear + 5 * kDay, "9y"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(age_text(seconds(c.seconds)), c.text);
  }
}

TEST(Bytes, ReadWithOneDigit) {
  struct Case {
    std::int64_t bytes;
    std::string_view text;
  };
  const Case cases[] = {
      {0, "0 B"},
      {999, "999 B"},
      {1000, "1.0 kB"},
      {1536, "1.5 kB"},
      {999'949, "999.9 kB"},
      {999'950, "1.0 MB"},
      {98'400'000, "98.4 MB"},
      {kMax, "9.2 EB"},
      {-1536, "-1.5 kB"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(bytes_text(c.bytes), c.text);
  }
}

}  // namespace
}  // namespace base
