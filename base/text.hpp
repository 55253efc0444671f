// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace base {

std::vector<std::string> split(std::string_view text, char at);
std::string join(const std::vector<std::string>& parts, std::string_view between);
std::string_view trimmed(std::string_view text);

/// `"text"` with the JSON escapes, for messages.
std::string quoted(std::string_view text);

/// Lower-case hexadecimal digits.
std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view digits);
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

/// Decodes %XX; nothing when malformed or when it would give a NUL.
std::optional<std::string> percent_decoded(std::string_view text);
std::string percent_encoded(std::string_view text);

/// A whole decimal number that fits; no sign but '-', no blanks.
std::optional<std::int64_t> to_integer(std::string_view text);
std::optional<double> to_number(std::string_view text);
/// The shortest text that reads back as the same double; whole numbers keep ".0" away.
std::string number_text(double value);

/// `[a-z0-9]([-a-z0-9]*[a-z0-9])?`, at most 63 bytes.
bool is_dns_label(std::string_view name);
/// Like a label, dots allowed, at most 253 bytes.
bool is_dns_subdomain(std::string_view name);
/// A derived name: as it is when it fits a DNS label, else cut and ended by `-` and six letters of
/// a hash of the whole.
std::string fitted_name(const std::string& name);

/// The candidate nearest to `word` by edit distance, if near enough to be a typing error.
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string_view>& candidates);

bool is_utf8(std::string_view text);
/// Invalid UTF-8 becomes U+FFFD; NUL and control characters other than \n and \t become spaces.
std::string clean_utf8(std::string_view text);
/// What a terminal may see: clean_utf8, no escape sequences (whole), U+FFFD for turns of writing.
std::string printable(std::string_view text);
/// At most `bytes`, cut at a UTF-8 border, with "…" where something was cut.
std::string clipped(std::string_view text, std::size_t bytes);

/// FNV-1a; for names and change detection, never for security.
std::uint64_t hash64(std::string_view bytes);

}  // namespace base
