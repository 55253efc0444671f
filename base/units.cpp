// SPDX-License-Identifier: Apache-2.0
#include "base/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <limits>

#include "base/text.hpp"

namespace base {
namespace {

__extension__ typedef unsigned __int128 Wide;  // exact sums before the range check

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kFractionDigits = 18;  // 10^18 * 2^60 still fits in 128 bits
constexpr Wide kFraction = 1'000'000'000'000'000'000;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view take_digits(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n]))
    ++n;
  const auto digits = text.substr(0, n);
  text.remove_prefix(n);
  return digits;
}

/// `12.50` as its digits and how many of them stand before the point.
struct Decimal {
  std::string digits;
  std::int64_t whole = 0;
};

std::optional<Decimal> take_decimal(std::string_view& text) {
  Decimal out;
  out.digits = take_digits(text);
  out.whole = static_cast<std::int64_t>(out.digits.size());
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    out.digits += take_digits(text);
  }
  if (out.digits.empty()) return std::nullopt;
  const auto zeros = std::min(out.digits.find_first_not_of('0'), out.digits.size());
  out.digits.erase(0, zeros);
  out.whole -= static_cast<std::int64_t>(zeros);
  return out;
}

/// The decimal times `factor` (at most 2^60), rounded up; nothing beyond 63 bits.
std::optional<std::int64_t> scaled(const Decimal& decimal, std::uint64_t factor) {
  if (decimal.digits.empty()) return 0;
  if (decimal.whole > 19) return std::nullopt;
  const auto digit = [&](std::int64_t place) -> unsigned {  // 0 = the first before the point's end
    const auto size = static_cast<std::int64_t>(decimal.digits.size());
    if (place < 0 || place >= size) return 0;
    return static_cast<unsigned>(decimal.digits[static_cast<std::size_t>(place)] - '0');
  };
  Wide whole = 0;
  for (std::int64_t i = 0; i < decimal.whole; ++i)
    whole = whole * 10 + digit(i);
  Wide fraction = 0;
  for (std::size_t i = 0; i < kFractionDigits; ++i) {
    fraction = fraction * 10 + digit(decimal.whole + static_cast<std::int64_t>(i));
  }
  // Finer digits than these only tell that there is a little more.
  const auto seen = decimal.whole + static_cast<std::int64_t>(kFractionDigits);
  if (static_cast<std::int64_t>(decimal.digits.size()) > std::max<std::int64_t>(seen, 0)) {
    const auto rest = decimal.digits.find_first_not_of(
        '0', static_cast<std::size_t>(std::max<std::int64_t>(seen, 0)));
    if (rest != std::string::npos) ++fraction;
  }
  const Wide value = whole * factor + (fraction * factor + kFraction - 1) / kFraction;
  if (value > static_cast<Wide>(kMax)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

struct Suffix {
  std::string_view text;
  int power_of_ten;
  int power_of_two;
};
constexpr Suffix kSuffixes[] = {
    {"", 0, 0},    {"n", -9, 0},  {"u", -6, 0},  {"m", -3, 0},  {"k", 3, 0},   {"M", 6, 0},
    {"G", 9, 0},   {"T", 12, 0},  {"P", 15, 0},  {"E", 18, 0},  {"Ki", 0, 10}, {"Mi", 0, 20},
    {"Gi", 0, 30}, {"Ti", 0, 40}, {"Pi", 0, 50}, {"Ei", 0, 60},
};

/// A table row, or `e3`, `E-2`: a power of ten.
std::optional<Suffix> suffix_of(std::string_view text) {
  for (const auto& known : kSuffixes) {
    if (text == known.text) return known;
  }
  if (text.front() != 'e' && text.front() != 'E') return std::nullopt;
  text.remove_prefix(1);
  if (text.substr(0, 1) == "+") {
    text.remove_prefix(1);
    if (text.substr(0, 1) == "-") return std::nullopt;
  }
  const auto power = to_integer(text);
  if (!power || *power < -100 || *power > 100) return std::nullopt;
  return Suffix{"", static_cast<int>(*power), 0};
}

/// Nanoseconds of one unit.
std::optional<std::uint64_t> take_unit(std::string_view& text) {
  struct Row {
    std::string_view text;
    std::uint64_t ns;
  };
  constexpr Row kUnits[] = {
      {"ns", 1},       {"us", 1000},          {"\xC2\xB5s", 1000},    {"\xCE\xBCs", 1000},
      {"ms", 1000000}, {"s", 1'000'000'000U}, {"m", 60'000'000'000U}, {"h", 3'600'000'000'000U},
  };
  for (const auto& unit : kUnits) {
    if (text.substr(0, unit.text.size()) != unit.text) continue;
    text.remove_prefix(unit.text.size());
    return unit.ns;
  }
  return std::nullopt;
}

std::string with_rest(std::int64_t count, char unit, std::int64_t rest, char rest_unit) {
  std::string out = std::to_string(count) + unit;
  if (rest != 0) out += std::to_string(rest) + rest_unit;
  return out;
}

/// `n` digits as a number that is in [low, high], and then `after` (if not NUL).
std::optional<int> take_field(std::string_view& text, std::size_t n, int low, int high) {
  if (text.size() < n) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(0, n)) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  if (value < low || value > high) return std::nullopt;
  text.remove_prefix(n);
  return value;
}

bool take_char(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// `2026-01-02` in days since 1970-01-01.
std::optional<std::int64_t> take_date(std::string_view& text) {
  const auto year = take_field(text, 4, 0, 9999);
  if (!year || !take_char(text, "-")) return std::nullopt;
  const auto month = take_field(text, 2, 1, 12);
  if (!month || !take_char(text, "-")) return std::nullopt;
  const auto day = take_field(text, 2, 1, 31);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

/// `03:04:05.678` in milliseconds.
std::optional<std::int64_t> take_time(std::string_view& text) {
  const auto hour = take_field(text, 2, 0, 23);
  if (!hour || !take_char(text, ":")) return std::nullopt;
  const auto minute = take_field(text, 2, 0, 59);
  if (!minute || !take_char(text, ":")) return std::nullopt;
  const auto second = take_field(text, 2, 0, 59);
  if (!second) return std::nullopt;
  std::int64_t ms = (*hour * 3600 + *minute * 60 + *second) * 1000;
  if (!take_char(text, ".")) return ms;
  const auto fraction = take_digits(text);
  if (fraction.empty()) return std::nullopt;
  int unit = 100;
  for (std::size_t i = 0; i < fraction.size() && unit > 0; ++i, unit /= 10) {
    ms += (fraction[i] - '0') * unit;
  }
  return ms;
}

/// `Z` or `+02:00`, in milliseconds ahead of UTC.
std::optional<std::int64_t> take_zone(std::string_view& text) {
  if (take_char(text, "Zz")) return 0;
  const std::int64_t sign = text.substr(0, 1) == "-" ? -1 : 1;
  if (!take_char(text, "+-")) return std::nullopt;
  const auto hour = take_field(text, 2, 0, 23);
  if (!hour || !take_char(text, ":")) return std::nullopt;
  const auto minute = take_field(text, 2, 0, 59);
  if (!minute) return std::nullopt;
  return sign * (*hour * 60 + *minute) * 60'000;
}

}  // namespace

std::optional<std::int64_t> parse_quantity(std::string_view text) {
  const bool negative = text.substr(0, 1) == "-";
  take_char(text, "+-");
  auto decimal = take_decimal(text);
  if (!decimal) return std::nullopt;
  const auto suffix = suffix_of(text);
  if (!suffix) return std::nullopt;
  decimal->whole += suffix->power_of_ten;
  const auto value = scaled(*decimal, std::uint64_t{1} << suffix->power_of_two);
  if (!value) return std::nullopt;
  return negative ? -*value : *value;
}

std::optional<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration{0};
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  while (!text.empty()) {
    const auto decimal = take_decimal(text);
    if (!decimal) return std::nullopt;
    const auto unit = take_unit(text);
    if (!unit) return std::nullopt;
    const auto ns = scaled(*decimal, *unit);
    if (!ns || *ns > kMax - total) return std::nullopt;
    total += *ns;
  }
  // Up, so that a short deadline does not become none.
  return Duration{total / 1'000'000 + (total % 1'000'000 == 0 ? 0 : 1)};
}

std::string rfc3339(Instant t) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(Duration{t.ms});
  const auto days = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date{std::chrono::sys_days(days)};
  const auto rest = static_cast<int>((seconds - days).count());
  std::array<char, 64> out{};
  const int n =
      std::snprintf(out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ",
                    static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                    static_cast<unsigned>(date.day()), rest / 3600, rest / 60 % 60, rest % 60);
  return {out.data(), static_cast<std::size_t>(n)};
}

std::optional<Instant> parse_rfc3339(std::string_view text) {
  const auto days = take_date(text);
  if (!days || !take_char(text, "Tt")) return std::nullopt;
  const auto time = take_time(text);
  if (!time) return std::nullopt;
  const auto ahead = take_zone(text);
  if (!ahead || !text.empty()) return std::nullopt;
  return Instant{*days * 86'400'000 + *time - *ahead};
}

std::string age_text(Duration age) {
  const std::int64_t seconds = age.count() / 1000;
  // Two clocks differ a little; more than that is no age.
  if (seconds < -1) return "<invalid>";
  if (seconds < 120) return std::to_string(std::max<std::int64_t>(seconds, 0)) + "s";
  const std::int64_t minutes = seconds / 60;
  if (minutes < 10) return with_rest(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return std::to_string(minutes) + "m";
  const std::int64_t hours = minutes / 60;
  if (hours < 8) return with_rest(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return std::to_string(hours) + "h";
  const std::int64_t days = hours / 24;
  if (days < 8) return with_rest(days, 'd', hours % 24, 'h');
  if (days < 730) return std::to_string(days) + "d";
  const std::int64_t years = days / 365;
  if (years < 8) return with_rest(years, 'y', days % 365, 'd');
  return std::to_string(years) + "y";
}

std::string bytes_text(std::int64_t bytes) {
  constexpr std::array<std::string_view, 6> kUnits = {" kB", " MB", " GB", " TB", " PB", " EB"};
  if (bytes > -1000 && bytes < 1000) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  // 999.95 would be shown as "1000.0".
  while ((value >= 999.95 || value <= -999.95) && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  std::array<char, 32> out{};
  const int n = std::snprintf(out.data(), out.size(), "%.1f", value);
  return std::string(out.data(), static_cast<std::size_t>(n)) + std::string(kUnits[unit]);
}

}  // namespace base
