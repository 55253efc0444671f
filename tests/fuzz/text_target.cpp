// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include "api/codec/json.hpp"
#include "base/units.hpp"
#include "cli/jsonpath.hpp"
#include "tests/fuzz/target.hpp"
#include "wire/message.hpp"

#include <algorithm>

namespace fuzz {
namespace {

bool has_control(std::string_view text, std::string_view but = "") {
  return std::any_of(text.begin(), text.end(), [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 || byte == 0x7f) && but.find(c) == std::string_view::npos;
  });
}

void check_for_people(std::string_view input) {
  const auto clean = base::clean_utf8(input);
  promise(base::is_utf8(clean) && base::clean_utf8(clean) == clean, "cleaned once is clean");
  const bool plain = base::is_utf8(input) && !has_control(input, "\n\t") &&
                     input.find('\xC2') == std::string_view::npos;  // C1 controls are among these
  promise(!plain || clean == input, "cleaning keeps what is clean");
  const auto shown = base::printable(input);
  promise(base::is_utf8(shown) && !has_control(shown, "\n\t"), "a terminal gets nothing to obey");
  promise(base::printable(shown) == shown, "what may be shown is shown as it is");
  for (const std::size_t bytes : {0UL, 1UL, 5UL, 16UL}) {
    const auto cut = base::clipped(clean, bytes);
    promise(base::is_utf8(cut), "a cut text ends between characters");
    promise(cut.size() <= std::max<std::size_t>(bytes, 3), "a cut text is not longer than asked");
    promise(clean.size() > bytes || cut == clean, "what fits is not cut");
  }
  const auto quoted = base::quoted(clean);
  promise(!has_control(quoted), "a quoted text is one line");
  const auto back = api::parse_json(quoted);
  promise(clean.find('\0') != std::string::npos || (back && back->string() == clean),
          "a quoted text is a JSON text");
}

void check_codes(std::string_view input) {
  const std::string text(input);
  promise(base::from_hex(base::to_hex(input)) == text, "hexadecimal digits read back");
  promise(base::from_base64(base::to_base64(input)) == text, "base64 reads back");
  if (input.find('\0') == std::string_view::npos)
    promise(base::percent_decoded(base::percent_encoded(input)) == text, "percents read back");
  if (const auto bytes = base::from_base64(input))
    promise(base::from_base64(base::to_base64(*bytes)) == bytes, "decoded base64 is bytes");
}

void check_names(std::string_view input) {
  if (base::is_dns_label(input))
    promise(
        input.size() <= 63 && input.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
                                  std::string_view::npos,
        "a label has at most 63 lower letters, digits and dashes");
  promise(!base::is_dns_label(input) || base::is_dns_subdomain(input), "a label is a subdomain");
  const auto fitted = base::fitted_name(std::string(input));
  promise(input.empty() || base::is_dns_label(fitted), "a derived name is a label");
  promise(!base::is_dns_label(input) || fitted == input, "what is a label stays as it is");
}

void check_numbers(std::string_view input) {
  if (const auto whole = base::to_integer(input))
    promise(base::to_integer(std::to_string(*whole)) == whole, "an integer reads back");
  if (const auto number = base::to_number(input))
    promise(base::to_number(base::number_text(*number)) == number, "a number reads back");
}

void check_target(std::string_view input) {
  wire::Request request;
  request.target = std::string(input);
  if (!wire::split_target(request)) return;
  promise(
      request.path.starts_with('/') && base::is_utf8(request.path) && !has_control(request.path),
      "a path is plain text below the root");
  for (const auto& part : base::split(request.path, '/'))
    promise(part != "." && part != "..", "a path does not climb");
  promise(request.path.find("//") == std::string::npos, "a path has no empty segment");
  wire::Request again;
  again.target = "/" + wire::query_text(request.query);
  promise(static_cast<bool>(wire::split_target(again)) && again.query == request.query,
          "a query reads back");
}

void check_path(std::string_view input) {
  const auto path = cli::JsonPath::parse(input);
  if (!path) {
    promise(!path.error().message.empty(), "a path that is none is refused by name");
    return;
  }
  static const auto value = api::parse_json(
      R"({"items":[{"name":"a"},{"name":"b","type":"Ready"}],"a.b":{"c":1},"status":null})");
  (void)path->find(*value);
}

}  // namespace

void run_text(std::string_view input) {
  check_for_people(input);
  check_codes(input);
  check_names(input);
  check_numbers(input);
  check_target(input);
  check_path(input);
}

}  // namespace fuzz
