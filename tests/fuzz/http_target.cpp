// SPDX-License-Identifier: Apache-2.0
#include "base/dice.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "tests/fuzz/target.hpp"
#include "wire/http1.hpp"

#include <algorithm>
#include <vector>

namespace fuzz {
namespace {

constexpr std::size_t kBodyMax = 4096;
constexpr std::string_view kToken =
    "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

enum class Pieces : std::uint8_t { whole, single, mixed };

/// Gives the bytes as a connection would: what is not taken comes again with more behind it. How
/// many bytes were taken.
template <class Parser>
std::size_t deliver(Parser& parser, std::string_view bytes, Pieces pieces) {
  base::Dice dice(bytes.size());
  std::size_t taken = 0, here = 0;
  while (here < bytes.size() && !parser.done() && !parser.refusal()) {
    const auto left = bytes.size() - here;
    const auto more = pieces == Pieces::whole    ? left
                      : pieces == Pieces::single ? 1
                                                 : static_cast<std::size_t>(1 + dice.upto(40));
    here += std::min(more, left);
    while (taken < here && !parser.done() && !parser.refusal()) {
      const auto step = parser.feed(bytes.substr(taken, here - taken));
      promise(step <= here - taken, "no more is taken than there was");
      taken += step;
      if (step == 0) break;
    }
  }
  return taken;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// A head cut by hand: every line that ends with CR LF, names in lower letters.
struct Head {
  std::string first;
  std::vector<std::pair<std::string, std::string>> fields;

  std::size_t count(std::string_view name) const {
    return static_cast<std::size_t>(std::count_if(
        fields.begin(), fields.end(), [&](const auto& field) { return field.first == name; }));
  }
  std::string value(std::string_view name) const {
    for (const auto& [key, value] : fields)
      if (key == name) return value;
    return {};
  }
};

Head cut_head(std::string_view bytes) {
  Head head;
  const auto end = bytes.find("\r\n\r\n");
  promise(end != std::string_view::npos, "a head that is accepted has an end");
  auto text = bytes.substr(0, end + 2);
  promise(end + 4 <= base::limits::kHeaderBytes, "a head that is accepted is within its bound");
  while (!text.empty()) {
    const auto stop = text.find("\r\n");
    const auto line = text.substr(0, stop);
    text.remove_prefix(stop + 2);
    promise(line.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos,
            "no line of an accepted head hides a line break or a NUL");
    if (head.first.empty()) {
      head.first = line;
      continue;
    }
    const auto colon = line.find(':');
    promise(colon != std::string_view::npos && colon > 0, "every field has a name");
    const auto name = line.substr(0, colon);
    promise(name.find_first_not_of(kToken) == std::string_view::npos, "a field's name is a token");
    auto value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
      value.remove_prefix(1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t'))
      value.remove_suffix(1);
    head.fields.emplace_back(lower(name), std::string(value));
  }
  promise(head.fields.size() <= base::limits::kHeaderFields, "fields are within their bound");
  return head;
}

/// Where a message ends must be told once, and in one way.
void check_length(const Head& head) {
  const auto lengths = head.count("content-length");
  const auto codings = head.count("transfer-encoding");
  promise(lengths + codings <= 1, "the length is told at most once");
  if (codings == 1)
    promise(lower(head.value("transfer-encoding")) == "chunked", "the only coding is chunked");
  if (lengths != 1) return;
  const auto length = head.value("content-length");
  promise(!length.empty() && length.find_first_not_of("0123456789") == std::string::npos,
          "a length is digits");
}

void check_request_line(const Head& head, const wire::Request& request) {
  const auto parts = base::split(head.first, ' ');
  promise(parts.size() == 3, "a request line has three parts");
  promise(parts[0] == request.method && !parts[0].empty() &&
              parts[0].find_first_not_of(kToken) == std::string::npos,
          "the method is a token");
  promise(parts[1] == request.target && parts[1].starts_with('/'), "the target is a path");
  promise(parts[2] == "HTTP/1.1" || parts[2] == "HTTP/1.0", "the version is one of two");
  promise(parts[2] == "HTTP/1.1" || head.count("transfer-encoding") == 0,
          "chunks are of HTTP/1.1 only");
  promise(head.count("host") == 1, "there is one Host");
  promise(head.count("upgrade") == 0, "nothing is upgraded");
  promise(request.method != "GET" || request.body.empty(), "a GET has no body");
}

/// The body by hand, where it has a plain length; how long the message is.
void check_plain_body(std::string_view bytes, const Head& head, const std::string& body,
                      std::size_t taken) {
  if (head.count("transfer-encoding") != 0) return;
  const auto start = bytes.find("\r\n\r\n") + 4;
  const auto length = static_cast<std::size_t>(
      base::to_integer(head.count("content-length") == 0 ? "0" : head.value("content-length"))
          .value_or(-1));
  promise(body == bytes.substr(start, length) && taken == start + length,
          "the message ends where its length says");
}

}  // namespace

void run_http_request(std::string_view input) {
  wire::RequestParser parser(kBodyMax);
  const auto taken = deliver(parser, input, Pieces::whole);
  const bool head_done = parser.head_done();
  const bool done = parser.done();
  const auto refusal = parser.refusal();
  promise(!refusal || (refusal->status >= 400 && !refusal->reason.empty()),
          "a refusal has a reason");
  promise(!refusal || wire::answer_to(*refusal).status == refusal->status, "a refusal is answered");
  const bool keeps = parser.keep_alive();
  const auto request = done ? parser.take() : parser.head();
  if (head_done && !refusal) {
    const auto head = cut_head(input);
    check_length(head);
    check_request_line(head, request);
    if (done) check_plain_body(input, head, request.body, taken);
    if (done) promise(request.body.size() <= kBodyMax, "a body is within its bound");
  }
  for (const auto pieces : {Pieces::single, Pieces::mixed}) {
    wire::RequestParser other(kBodyMax);
    const auto other_taken = deliver(other, input, pieces);
    promise(other.done() == done && other.refusal().has_value() == refusal.has_value(),
            "however the bytes come, the verdict is the same");
    if (!done) continue;
    promise(other.keep_alive() == keeps && other_taken == taken, "and the end of the message");
    const auto again = other.take();
    promise(again.target == request.target && again.headers == request.headers &&
                again.body == request.body,
            "and the request");
  }
}

void run_http_response(std::string_view input) {
  wire::ResponseParser parser(kBodyMax);
  const auto taken = deliver(parser, input, Pieces::whole);
  const bool closed_well = static_cast<bool>(parser.finish());
  const bool done = parser.done();
  promise(done == closed_well, "an answer is whole or an error");
  const auto response = parser.take();
  if (done)
    promise(response.body.size() <= kBodyMax && response.status >= 100 && response.status <= 999,
            "an answer is within its bounds");
  for (const auto pieces : {Pieces::single, Pieces::mixed}) {
    wire::ResponseParser other(kBodyMax);
    const auto other_taken = deliver(other, input, pieces);
    promise(static_cast<bool>(other.finish()) == closed_well && other.done() == done,
            "however the bytes come, the verdict is the same");
    if (!done) continue;
    const auto again = other.take();
    promise(other_taken == taken && again.status == response.status &&
                again.headers == response.headers && again.body == response.body,
            "and the answer");
  }
}

}  // namespace fuzz
