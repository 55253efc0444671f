// SPDX-License-Identifier: Apache-2.0
#include "wire/http1.hpp"

#include "base/text.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace wire {
namespace {

constexpr std::pair<int, std::string_view> kReasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {507, "Insufficient Storage"},
};

/// A value that came from outside must not begin a line of its own.
void add_clean(std::string& out, std::string_view text) {
  for (const char c : text)
    out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
}

void add_field(std::string& out, std::string_view name, std::string_view value) {
  add_clean(out, name);
  out += ": ";
  add_clean(out, value);
  out += "\r\n";
}

void add_fields(std::string& out, const Headers& headers) {
  for (const auto& header : headers)
    add_field(out, header.name, header.value);
}

void add_status_line(std::string& out, int status) {
  out += "HTTP/1.1 " + std::to_string(status) + ' ';
  out += reason_phrase(status);
  out += "\r\n";
}

void add_request_line(std::string& out, const Request& request, std::string_view host) {
  add_clean(out, request.method);
  out += ' ';
  for (const char c : request.target) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f')
      out += '_';
    else
      out += c;
  }
  out += " HTTP/1.1\r\n";
  add_field(out, "Host", host);
}

/// The word by which clients of Kubernetes know a status; what has none of its own is a request
/// that can't be read.
std::string_view status_word(int status) {
  switch (status) {
    case 408: return "Timeout";
    case 413: return "RequestEntityTooLarge";
    case 500: return "InternalError";
    default: return "BadRequest";
  }
}

/// A JSON string; of control characters clean text has only line feeds and tabs.
std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : base::clean_utf8(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' || c == '\t' ? ' ' : c;
  }
  return out + '"';
}

bool has_no_body(int status) {
  return status / 100 == 1 || status == 204 || status == 304;
}

}  // namespace

std::string encode(const Response& response, bool keep_alive) {
  std::string out;
  out.reserve(256 + response.body.size());
  add_status_line(out, response.status);
  add_fields(out, response.headers);
  if (!keep_alive) add_field(out, "Connection", "close");
  const bool body = !has_no_body(response.status);
  if (body) add_field(out, "Content-Length", std::to_string(response.body.size()));
  out += "\r\n";
  if (body) out += response.body;
  return out;
}

std::string encode(const Request& request, std::string_view host, bool keep_alive) {
  std::string out;
  out.reserve(512 + request.body.size());
  add_request_line(out, request, host);
  add_fields(out, request.headers);
  if (!keep_alive) add_field(out, "Connection", "close");
  const bool body = !request.body.empty() || request.method == "POST" || request.method == "PUT" ||
                    request.method == "PATCH";
  if (body) add_field(out, "Content-Length", std::to_string(request.body.size()));
  out += "\r\n";
  if (body) out += request.body;
  return out;
}

std::string encode_open_head(int status, const Headers& headers) {
  std::string out;
  add_status_line(out, status);
  add_fields(out, headers);
  add_field(out, "Connection", "close");
  out += "\r\n";
  return out;
}

std::string encode_stream_head(int status, const Headers& headers) {
  std::string out;
  add_status_line(out, status);
  add_fields(out, headers);
  add_field(out, "Transfer-Encoding", "chunked");
  out += "\r\n";
  return out;
}

std::string encode_stream_head(const Request& request, std::string_view host) {
  std::string out;
  add_request_line(out, request, host);
  add_fields(out, request.headers);
  add_field(out, "Transfer-Encoding", "chunked");
  out += "\r\n";
  return out;
}

std::string encode_chunk(std::string_view bytes) {
  if (bytes.empty()) return {};  // An empty chunk would be the end.
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), bytes.size(), 16).ptr;
  std::string out(digits.begin(), end);
  out.reserve(out.size() + bytes.size() + 4);
  out += "\r\n";
  out += bytes;
  out += "\r\n";
  return out;
}

std::string_view last_chunk() {
  return "0\r\n\r\n";
}

Response answer_to(const Refusal& refusal) {
  std::string body = R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure")";
  body += ",\"message\":" + json_text(refusal.reason);
  body += ",\"reason\":" + json_text(status_word(refusal.status));
  body += ",\"code\":" + std::to_string(refusal.status) + "}\n";
  return {refusal.status, {{"Content-Type", "application/json"}}, std::move(body)};
}

std::string_view reason_phrase(int status) {
  for (const auto& [code, words] : kReasons)
    if (code == status) return words;
  return "Status";
}

}  // namespace wire
