// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace base {

/// A Kubernetes quantity in whole units: "96G" = 96e9, "45Gi" = 45 * 2^30, "1500m" = 2 (rounded
/// up). Nothing where the text is no quantity or does not fit in 63 bits.
std::optional<std::int64_t> parse_quantity(std::string_view text);

/// A Go duration: "15s", "1h30m", "250ms", "1.5h", "0". Nothing where it is none; never negative.
std::optional<Duration> parse_duration(std::string_view text);

/// `2026-01-02T03:04:05Z`; fractions are dropped.
std::string rfc3339(Instant t);
/// Accepts fractions and numeric offsets.
std::optional<Instant> parse_rfc3339(std::string_view text);

/// An age as kubectl shows it: 45s, 4m5s, 12m, 3h20m, 26h, 5d2h, 40d, 2y30d, 9y.
std::string age_text(Duration age);

/// 1.5 KiB, 98.4 MB...: decimal units with one digit, for people.
std::string bytes_text(std::int64_t bytes);

}  // namespace base
