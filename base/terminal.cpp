// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

namespace base {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";
constexpr char kEscape = '\x1b';

unsigned byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

/// The length of the well-formed sequence at `at`, or 0. Refuses overlong forms, surrogates and
/// what is above U+10FFFF (Unicode table 3-7).
std::size_t sequence_at(std::string_view text, std::size_t at) {
  const unsigned first = byte_at(text, at);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                             : first >= 0xE0 && first <= 0xEF ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
  if (length == 0 || at + length > text.size()) return 0;
  unsigned low = 0x80;
  unsigned high = 0xBF;
  if (first == 0xE0) low = 0xA0;
  if (first == 0xED) high = 0x9F;
  if (first == 0xF0) low = 0x90;
  if (first == 0xF4) high = 0x8F;
  for (std::size_t i = 1; i < length; ++i) {
    const unsigned next = byte_at(text, at + i);
    if (next < low || next > high) return 0;
    low = 0x80;
    high = 0xBF;
  }
  return length;
}

/// U+0080..U+009F are controls too: a terminal may take U+009B for the start of a sequence.
bool is_control(std::string_view sequence) {
  const unsigned first = byte_at(sequence, 0);
  if (sequence.size() == 1) return first < 0x20 || first == 0x7F;
  return sequence.size() == 2 && first == 0xC2 && byte_at(sequence, 1) < 0xA0;
}

/// Embeddings, overrides and isolates of the direction of writing: what is seen would not be what
/// is there.
bool turns_writing(std::string_view sequence) {
  const auto within = [&](std::string_view low, std::string_view high) {
    return sequence.size() == 3 && sequence >= low && sequence <= high;
  };
  return within("\xE2\x80\xAA", "\xE2\x80\xAE") || within("\xE2\x81\xA6", "\xE2\x81\xA9");
}

void append_clean(std::string& out, std::string_view text, std::size_t at, std::size_t length) {
  if (length == 0) {
    out += kReplacement;
    return;
  }
  const std::string_view sequence = text.substr(at, length);
  if (is_control(sequence) && sequence != "\n" && sequence != "\t") {
    out += ' ';
  } else {
    out += sequence;
  }
}

bool in(unsigned byte, unsigned low, unsigned high) {
  return byte >= low && byte <= high;
}

/// Past the parameters and the final byte of a control sequence. A byte that belongs to none ends
/// it and stays.
std::size_t after_csi(std::string_view text, std::size_t at) {
  while (at < text.size() && in(byte_at(text, at), 0x20, 0x3F))
    ++at;
  if (at < text.size() && in(byte_at(text, at), 0x40, 0x7E)) ++at;
  return at;
}

/// Past BEL or the string terminator. A line's end stops it too, so that a forgotten end hides no
/// more than its line.
std::size_t after_string(std::string_view text, std::size_t at) {
  for (; at < text.size() && text[at] != '\n'; ++at) {
    if (text[at] == '\a') return at + 1;
    if (text.substr(at, 2) == "\x1b\\" || text.substr(at, 2) == "\xC2\x9C") return at + 2;
  }
  return at;
}

/// ESC with its whole sequence: `[` CSI, `] P X ^ _` strings, else intermediates and one byte.
std::size_t after_escape(std::string_view text, std::size_t at) {
  ++at;
  if (at == text.size()) return at;
  if (text[at] == '[') return after_csi(text, at + 1);
  if (std::string_view("]PX^_").find(text[at]) != std::string_view::npos) {
    return after_string(text, at + 1);
  }
  while (at < text.size() && in(byte_at(text, at), 0x20, 0x2F))
    ++at;
  if (at < text.size() && in(byte_at(text, at), 0x30, 0x7E)) ++at;
  return at;
}

/// The end of the escape sequence that starts at `at`, or `at` when none does.
std::size_t after_sequence(std::string_view text, std::size_t at) {
  if (text[at] == kEscape) return after_escape(text, at);
  if (text.substr(at, 1) != "\xC2" || at + 1 == text.size()) return at;
  switch (byte_at(text, at + 1)) {
    case 0x9B: return after_csi(text, at + 2);
    case 0x90:
    case 0x98:
    case 0x9D:
    case 0x9E:
    case 0x9F: return after_string(text, at + 2);
    default: return at;
  }
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto length = sequence_at(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string clean_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto length = sequence_at(text, at);
    append_clean(out, text, at, length);
    at += length == 0 ? 1 : length;
  }
  return out;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto after = after_sequence(text, at);
    if (after != at) {
      at = after;
      continue;
    }
    const auto length = sequence_at(text, at);
    if (turns_writing(text.substr(at, length)))
      out += kReplacement;
    else
      append_clean(out, text, at, length);
    at += length == 0 ? 1 : length;
  }
  return out;
}

std::string clipped(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  const bool marked = bytes >= kEllipsis.size();
  std::size_t end = marked ? bytes - kEllipsis.size() : bytes;
  while (end > 0 && (byte_at(text, end) & 0xC0U) == 0x80)
    --end;
  std::string out(text.substr(0, end));
  if (marked) out += kEllipsis;
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const auto length = sequence_at(text, at);
    const std::string_view sequence = text.substr(at, length);
    at += length == 0 ? 1 : length;
    if (length == 0) {
      out += kReplacement;
    } else if (sequence == "\"" || sequence == "\\") {
      out += '\\';
      out += sequence;
    } else if (sequence == "\n") {
      out += "\\n";
    } else if (sequence == "\t") {
      out += "\\t";
    } else if (sequence == "\r") {
      out += "\\r";
    } else if (is_control(sequence)) {
      out += "\\u00" + to_hex(sequence.substr(sequence.size() - 1));
    } else {
      out += sequence;
    }
  }
  return out + "\"";
}

}  // namespace base
