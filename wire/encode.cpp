// SPDX-License-Identifier: Apache-2.0
#include "wire/http1.hpp"

#include <array>
#include <charconv>

namespace wire {
namespace {

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

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "Status";
  }
}

}  // namespace wire
