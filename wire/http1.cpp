// SPDX-License-Identifier: Apache-2.0
#include "wire/http1.hpp"

#include "base/limits.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>

namespace wire {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using View = boost::beast::string_view;

std::string text_of(View view) {
  return {view.data(), view.size()};
}

/// What both directions share: the fields, the body and the first reason to refuse.
struct Intake {
  Headers headers;
  std::string body;
  std::size_t body_size = 0;
  std::size_t body_max = 0;
  std::uint64_t chunk_left = 0;
  bool head_done = false;
  std::optional<Refusal> refusal;

  void refuse(int status, std::string reason) {
    if (!refusal) refusal = Refusal{status, std::move(reason)};
  }
  void refuse(int status, std::string reason, error_code& ec) {
    refuse(status, std::move(reason));
    ec = http::error::bad_value;  // Stops Beast; the refusal says the rest.
  }
};

/// In any case of letters.
bool is_word(std::string_view text, std::string_view word) {
  return boost::beast::iequals({text.data(), text.size()}, {word.data(), word.size()});
}

std::size_t count(const Headers& headers, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(headers.begin(), headers.end(),
                    [&](const Header& header) { return is_word(header.name, name); }));
}

/// The framing rules that Beast alone leaves open: two readers of the same bytes must agree on
/// where a message ends.
void check_framing(Intake& intake, unsigned version) {
  const auto lengths = count(intake.headers, "Content-Length");
  const auto encodings = count(intake.headers, "Transfer-Encoding");
  if (lengths + encodings > 1)
    return intake.refuse(400, "the length of the message is given more than once");
  if (encodings == 1) {
    if (version != 11) return intake.refuse(400, "Transfer-Encoding needs HTTP/1.1");
    if (!is_word(*find_header(intake.headers, "Transfer-Encoding"), "chunked"))
      return intake.refuse(400, "the only Transfer-Encoding is \"chunked\"");
  }
  if (lengths == 1) {
    const auto value = *find_header(intake.headers, "Content-Length");
    const bool digits = !value.empty() && value.size() <= 10 &&
                        value.find_first_not_of("0123456789") == std::string_view::npos;
    if (!digits) return intake.refuse(400, "Content-Length is not a plain number");
  }
}

/// Beast's parser with our own container and our own strictness.
template <bool isRequest>
class Strict : public http::basic_parser<isRequest> {
 public:
  explicit Strict(Intake& intake) : intake_(intake) {
    this->body_limit(boost::none);  // We count ourselves: the bound depends on the head.
    this->header_limit(static_cast<std::uint32_t>(base::limits::kHeaderBytes) + 4);
  }

  std::string method, target;
  unsigned version = 11;
  int status = 0;

 private:
  void on_request_impl(http::verb, View verb, View to, int http_version, error_code&) override {
    method = text_of(verb);
    target = text_of(to);
    version = static_cast<unsigned>(http_version);
  }
  void on_response_impl(int code, View, int http_version, error_code&) override {
    status = code;
    version = static_cast<unsigned>(http_version);
  }
  void on_field_impl(http::field, View name, View value, error_code& ec) override {
    if (intake_.head_done) return intake_.refuse(400, "trailer fields are not accepted", ec);
    if (intake_.headers.size() == base::limits::kHeaderFields)
      return intake_.refuse(431, "more than 64 header fields", ec);
    intake_.headers.push_back({text_of(name), text_of(value)});
  }
  void on_header_impl(error_code& ec) override {
    check_framing(intake_, version);
    if (intake_.refusal) ec = http::error::bad_value;
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(View bytes, error_code& ec) override { return add(bytes, ec); }
  void on_chunk_header_impl(std::uint64_t size, View extensions, error_code& ec) override {
    if (!extensions.empty()) return intake_.refuse(400, "chunk extensions are not accepted", ec);
    intake_.chunk_left = size;
    if (size > intake_.body_max - intake_.body_size)
      intake_.refuse(413, "the body is longer than " + std::to_string(intake_.body_max) + " bytes",
                     ec);
  }
  std::size_t on_chunk_body_impl(std::uint64_t, View bytes, error_code& ec) override {
    intake_.chunk_left -= bytes.size();
    return add(bytes, ec);
  }
  void on_finish_impl(error_code&) override {}

  std::size_t add(View bytes, error_code& ec) {
    if (bytes.size() > intake_.body_max - intake_.body_size) {
      intake_.refuse(413, "the body is longer than " + std::to_string(intake_.body_max) + " bytes",
                     ec);
      return 0;
    }
    intake_.body.append(bytes.data(), bytes.size());
    intake_.body_size += bytes.size();
    return bytes.size();
  }

  Intake& intake_;
};

/// Finds the blank line and what must not stand before it. Remembers how far it has looked, so that
/// a head that comes byte by byte costs no more than one that comes whole.
class HeadScan {
 public:
  /// The length of the head with its blank line; 0 while it is not whole.
  std::size_t length(std::string_view bytes, Intake& intake) {
    for (; at_ < bytes.size() && at_ < base::limits::kHeaderBytes; ++at_) {
      const char c = bytes[at_];
      const char before = at_ > 0 ? bytes[at_ - 1] : '\0';
      if (c == '\0') return refuse(intake, "a NUL in the head");
      if (before == '\n' && (c == ' ' || c == '\t')) return refuse(intake, "a folded header line");
      if (before == '\r' && c != '\n') return refuse(intake, "a carriage return without line feed");
      if (c != '\n') continue;
      if (before != '\r') return refuse(intake, "a line feed without carriage return");
      if (line_ == 0) line_ = at_ + 1;
      if (at_ >= 3 && bytes[at_ - 2] == '\n') return at_ + 1;
    }
    if (at_ < base::limits::kHeaderBytes) return 0;
    if (line_ == 0)
      intake.refuse(414, "the request line is longer than 8192 bytes");
    else
      intake.refuse(431, "the head is longer than 8192 bytes");
    return 0;
  }

 private:
  static std::size_t refuse(Intake& intake, std::string reason) {
    intake.refuse(400, std::move(reason));
    return 0;
  }
  std::size_t at_ = 0;
  std::size_t line_ = 0;  // where the second line begins; 0: not seen
};

template <bool isRequest>
struct Reader {
  Intake intake;
  HeadScan scan;
  std::optional<Strict<isRequest>> beast;

  explicit Reader(std::size_t body_max) {
    intake.body_max = body_max;
    beast.emplace(intake);
  }

  void put(std::string_view bytes, std::size_t& taken) {
    error_code ec;
    taken = beast->put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
    if (ec && ec != http::error::need_more) intake.refuse(400, "malformed: " + ec.message());
    // A chunk's size line or the end of the body has no business to be long.
    if (ec == http::error::need_more && bytes.size() - taken > base::limits::kHeaderBytes)
      intake.refuse(400, "a chunk's head is longer than 8192 bytes");
  }

  /// The head whole or nothing; true once it is there.
  bool feed_head(std::string_view bytes, std::size_t& taken) {
    const auto length = scan.length(bytes, intake);
    if (length == 0) return false;
    put(bytes.substr(0, length), taken);
    if (!intake.refusal && taken != length) intake.refuse(400, "malformed head");
    intake.head_done = !intake.refusal;
    return intake.head_done;
  }

  std::size_t feed_body(std::string_view bytes) {
    std::size_t all = 0;
    while (!intake.refusal && !beast->is_done() && all < bytes.size()) {
      const auto rest = bytes.substr(all);
      // The shortest that can follow here is "0\r\n\r\n"; Beast asserts when it sees less twice.
      if (beast->chunked() && intake.chunk_left == 0 && rest.size() < 5) break;
      std::size_t taken = 0;
      put(rest, taken);
      if (taken == 0) break;
      all += taken;
    }
    return all;
  }
};

}  // namespace

// ---- requests

struct RequestParser::State {
  explicit State(std::size_t body_max) : reader(body_max), body_max_first(body_max) {}

  void check_head();
  void check_body_max();
  void check_hosts_and_expect();
  bool done() const { return reader.intake.head_done && !refused() && reader.beast->is_done(); }
  bool refused() const { return reader.intake.refusal.has_value(); }

  Reader<true> reader;
  std::size_t body_max_first;
  Request request;
  bool expects_continue = false;
};

void RequestParser::State::check_hosts_and_expect() {
  auto& intake = reader.intake;
  if (count(intake.headers, "Host") != 1) return intake.refuse(400, "exactly one Host is needed");
  if (count(intake.headers, "Upgrade") != 0)
    return intake.refuse(400, "protocol upgrades are not supported");
  const auto expect = find_header(intake.headers, "Expect");
  if (!expect) return;
  if (count(intake.headers, "Expect") != 1 || !is_word(*expect, "100-continue"))
    return intake.refuse(417, "the only expectation is 100-continue");
  expects_continue = reader.beast->version == 11 && !reader.beast->is_done();
}

void RequestParser::State::check_body_max() {
  auto& intake = reader.intake;
  const auto length = reader.beast->content_length();
  if (length && *length > intake.body_max)
    intake.refuse(413, "the body is longer than " + std::to_string(intake.body_max) + " bytes");
}

void RequestParser::State::check_head() {
  auto& intake = reader.intake;
  request.method = reader.beast->method;
  request.target = reader.beast->target;
  request.headers = intake.headers;
  check_hosts_and_expect();
  if (request.target.size() > base::limits::kTargetBytes)
    intake.refuse(414, "the target is longer than 2048 bytes");
  if (auto split = split_target(request); !split) intake.refuse(400, split.error().message);
  // A body where nobody looks for one is a place to hide the next request in.
  if ((request.method == "GET" || request.method == "HEAD") && !reader.beast->is_done())
    intake.refuse(400, "a " + request.method + " request has no body");
  check_body_max();
}

RequestParser::RequestParser(std::size_t body_max) : state_(std::make_unique<State>(body_max)) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;

std::size_t RequestParser::feed(std::string_view bytes) {
  auto& reader = state_->reader;
  if (state_->refused() || state_->done()) return 0;
  if (reader.intake.head_done) return reader.feed_body(bytes);
  std::size_t taken = 0;
  if (reader.feed_head(bytes, taken)) state_->check_head();
  return taken;
}

void RequestParser::set_body_max(std::size_t body_max) {
  state_->reader.intake.body_max = body_max;
  if (head_done()) state_->check_body_max();
}

bool RequestParser::head_done() const {
  return state_->reader.intake.head_done;
}
bool RequestParser::done() const {
  return state_->done();
}
const std::optional<Refusal>& RequestParser::refusal() const {
  return state_->reader.intake.refusal;
}
const Request& RequestParser::head() const {
  return state_->request;
}
std::string RequestParser::take_body() {
  return std::exchange(state_->reader.intake.body, {});
}
bool RequestParser::keep_alive() const {
  return head_done() && state_->reader.beast->keep_alive();
}
bool RequestParser::wants_continue() const {
  return state_->expects_continue && !done();
}
bool RequestParser::can_chunk() const {
  return state_->reader.beast->version == 11;
}

Request RequestParser::take() {
  Request request = std::move(state_->request);
  request.body = take_body();
  state_ = std::make_unique<State>(state_->body_max_first);
  return request;
}

// ---- responses

struct ResponseParser::State {
  State(std::size_t max, bool head_only) : body_max(max), head_request(head_only) { begin(); }

  void begin() {
    reader = std::make_unique<Reader<false>>(body_max);
    reader->beast->skip(head_request);
  }
  void check_head();
  bool refused() const { return reader->intake.refusal.has_value(); }
  bool done() const {
    return reader->intake.head_done && !refused() && (closed || reader->beast->is_done());
  }

  std::size_t body_max;
  bool head_request;
  bool closed = false;
  std::unique_ptr<Reader<false>> reader;
  Response response;
};

void ResponseParser::State::check_head() {
  auto& intake = reader->intake;
  response.status = reader->beast->status;
  response.headers = intake.headers;
  if (response.status < 100) return intake.refuse(502, "an answer without a status");
  if (response.status == 101) return intake.refuse(502, "an answer that changes the protocol");
  const auto length = reader->beast->content_length();
  if (!head_request && length && *length > body_max)
    intake.refuse(502, "the body is longer than " + std::to_string(body_max) + " bytes");
}

ResponseParser::ResponseParser(std::size_t body_max, bool head_request)
    : state_(std::make_unique<State>(body_max, head_request)) {}
ResponseParser::~ResponseParser() = default;
ResponseParser::ResponseParser(ResponseParser&&) noexcept = default;

std::size_t ResponseParser::feed(std::string_view bytes) {
  auto& state = *state_;
  if (state.refused() || state.done()) return 0;
  if (state.reader->intake.head_done) return state.reader->feed_body(bytes);
  std::size_t taken = 0;
  if (!state.reader->feed_head(bytes, taken)) return taken;
  const int status = state.reader->beast->status;
  if (status / 100 == 1 && status != 101)
    state.begin();  // An interim answer; the real one follows.
  else
    state.check_head();
  return taken;
}

base::Status ResponseParser::finish() {
  auto& state = *state_;
  if (state.refused()) return base::invalid(state.reader->intake.refusal->reason);
  if (state.done()) return base::ok();
  if (state.reader->intake.head_done && state.reader->beast->need_eof()) {
    state.closed = true;
    return base::ok();
  }
  return base::unavailable(head_done() ? "the connection was cut within the body of the answer"
                                       : "the connection was cut before the answer");
}

bool ResponseParser::head_done() const {
  return state_->reader->intake.head_done;
}
bool ResponseParser::done() const {
  return state_->done();
}
const std::optional<Refusal>& ResponseParser::refusal() const {
  return state_->reader->intake.refusal;
}
const Response& ResponseParser::head() const {
  return state_->response;
}
std::string ResponseParser::take_body() {
  return std::exchange(state_->reader->intake.body, {});
}
Response ResponseParser::take() {
  Response response = std::move(state_->response);
  response.body = take_body();
  return response;
}
bool ResponseParser::keep_alive() const {
  return done() && !state_->closed && state_->reader->beast->keep_alive();
}

}  // namespace wire
