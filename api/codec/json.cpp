// SPDX-License-Identifier: Apache-2.0
#include "api/codec/json.hpp"

#include "api/codec/path.hpp"
#include "base/text.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace api {
namespace {

// What the parser itself would take for the end of the text is refused before it sees it.
constexpr std::string_view kMark = "\xEF\xBB\xBF";

struct Complaint {
  std::size_t offset = 0;
  std::string message;
};

std::string placed(std::string_view text, const Complaint& complaint) {
  const auto before = text.substr(0, std::min(complaint.offset, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto start = before.rfind('\n');
  const auto column = start == std::string_view::npos ? before.size() + 1 : before.size() - start;
  return std::to_string(line) + ":" + std::to_string(column) + ": " + complaint.message;
}

// The opening quote of the text whose closing quote ends right before `end`.
std::size_t opening_quote(std::string_view text, std::size_t end) {
  std::size_t at = end < 2 ? 0 : end - 2;
  for (; at > 0; --at) {
    if (text[at] != '"') continue;
    std::size_t slashes = 0;
    while (slashes < at && text[at - 1 - slashes] == '\\')
      ++slashes;
    if (slashes % 2 == 0) break;
  }
  return at;
}

/// Builds the value from the parser's events with a stack of its own, so that no input can make it
/// recurse. Every refusal names what it refuses.
class Builder {
 public:
  Builder(std::string_view text, const rapidjson::MemoryStream& stream, std::size_t depth_max,
          std::size_t values_max)
      : text_(text), stream_(stream), depth_max_(depth_max), values_max_(values_max) {}

  bool Null() { return add(Json()); }
  bool Bool(bool value) { return add(Json(value)); }
  bool String(const char* bytes, rapidjson::SizeType size, bool) {
    const std::string_view value(bytes, size);
    return is_text(value) && add(Json(value));
  }
  bool RawNumber(const char* bytes, rapidjson::SizeType size, bool);
  bool StartObject() { return open(Json::object()); }
  bool Key(const char* bytes, rapidjson::SizeType size, bool);
  bool EndObject(rapidjson::SizeType);
  bool StartArray() { return open(Json::array()); }
  bool EndArray(rapidjson::SizeType) { return close(); }
  // Numbers come as text (kParseNumbersAsStringsFlag), so these are never called.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }

  Json take() { return std::move(root_); }
  const std::optional<Complaint>& complaint() const { return complaint_; }

 private:
  struct Frame {
    Json value;
    std::vector<std::size_t> key_ends;  // of an object: where each member's key ended
  };

  bool refuse(std::size_t offset, std::string message) {
    complaint_ = Complaint{offset, std::move(message)};
    return false;
  }
  // Escapes can make what no text may hold. The parser refuses the first half of a pair alone, and
  // makes three bytes of the second: what it makes of halves begins with ED.
  bool is_text(std::string_view value) {
    if (value.find('\0') != std::string_view::npos)
      return refuse(opening_quote(text_, stream_.Tell()), "a text with a NUL is not allowed");
    return value.find('\xED') == std::string_view::npos || base::is_utf8(value) ||
           refuse(opening_quote(text_, stream_.Tell()),
                  "a text with half of a surrogate pair is not allowed");
  }
  bool add(Json value);
  bool open(Json value);
  bool close();
  std::string path() const;

  std::string_view text_;
  const rapidjson::MemoryStream& stream_;
  std::size_t depth_max_;
  std::size_t values_max_;
  std::size_t values_ = 0;
  std::vector<Frame> frames_;
  Json root_;
  std::optional<Complaint> complaint_;
};

bool Builder::add(Json value) {
  if (++values_ > values_max_)
    return refuse(stream_.Tell(), "more than " + std::to_string(values_max_) + " values");
  if (frames_.empty()) {
    root_ = std::move(value);
  } else if (Json& parent = frames_.back().value; parent.is_array()) {
    parent.items().push_back(std::move(value));
  } else {
    parent.members().back().second = std::move(value);
  }
  return true;
}

bool Builder::open(Json value) {
  if (frames_.size() >= depth_max_)
    return refuse(stream_.Tell(), "nested deeper than " + std::to_string(depth_max_));
  frames_.push_back(Frame{std::move(value), {}});
  return true;
}

bool Builder::close() {
  Json value = std::move(frames_.back().value);
  frames_.pop_back();
  return add(std::move(value));
}

bool Builder::Key(const char* bytes, rapidjson::SizeType size, bool) {
  const std::string_view key(bytes, size);
  if (!is_text(key)) return false;
  frames_.back().key_ends.push_back(stream_.Tell());
  frames_.back().value.members().emplace_back(std::string(key), Json());
  return true;
}

// Members are sorted once, at the end: looking for each key among those before it would cost the
// square of the size of a hostile object.
bool Builder::EndObject(rapidjson::SizeType) {
  Frame& frame = frames_.back();
  Json::Object& members = frame.value.members();
  const auto ascending = [](const Json::Member& a, const Json::Member& b) {
    return a.first < b.first;
  };
  const auto out_of_order = [](const Json::Member& a, const Json::Member& b) {
    return !(a.first < b.first);
  };
  if (std::adjacent_find(members.begin(), members.end(), out_of_order) == members.end())
    return close();

  std::vector<std::size_t> order(members.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return members[a].first < members[b].first;
  });
  std::size_t twice = members.size();
  for (std::size_t i = 1; i < order.size(); ++i)
    if (members[order[i - 1]].first == members[order[i]].first) twice = std::min(twice, order[i]);
  if (twice < members.size()) {
    const std::string key = members[twice].first;
    return refuse(opening_quote(text_, frame.key_ends[twice]),
                  "duplicate key " + base::quoted(member_path(path(), key)));
  }
  std::sort(members.begin(), members.end(), ascending);
  return close();
}

bool Builder::RawNumber(const char* bytes, rapidjson::SizeType size, bool) {
  const std::string_view digits(bytes, size);
  const char* const end = bytes + size;
  if (digits.find_first_of(".eE") != std::string_view::npos) {
    double value = 0;
    const auto read = std::from_chars(bytes, end, value);
    if (read.ec == std::errc{} && read.ptr == end) return add(Json(value));
  } else {
    std::int64_t value = 0;
    const auto read = std::from_chars(bytes, end, value);
    if (read.ec == std::errc{} && read.ptr == end) return add(Json(value));
  }
  return refuse(stream_.Tell() - size, "number out of range: " + base::clipped(digits, 40));
}

// The path of the container on top: open containers are the last members of their parents.
std::string Builder::path() const {
  std::string out;
  for (std::size_t i = 0; i + 1 < frames_.size(); ++i) {
    const Json& value = frames_[i].value;
    if (value.is_array()) {
      append_item(out, value.items().size());
    } else {
      append_member(out, value.members().back().first);
    }
  }
  return out;
}

std::string message_of(const rapidjson::ParseResult& result) {
  switch (result.Code()) {
    case rapidjson::kParseErrorDocumentEmpty: return "the text is empty";
    case rapidjson::kParseErrorDocumentRootNotSingular: return "trailing data after the value";
    case rapidjson::kParseErrorNumberTooBig: return "number out of range";
    default: break;
  }
  std::string text = rapidjson::GetParseError_En(result.Code());
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z')
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  while (!text.empty() && text.back() == '.')
    text.pop_back();
  return text;
}

}  // namespace

base::Result<Json> parse_json(std::string_view text, std::size_t depth_max,
                              std::size_t values_max) {
  if (text.substr(0, kMark.size()) == kMark)
    return base::invalid(placed(text, {0, "a byte-order mark is not allowed"}));
  // A NUL ends the text for the parser, which would hide whatever stands behind it.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos)
    return base::invalid(
        placed(text, {nul, "a NUL is not allowed; trailing data would be hidden"}));

  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag |
                              rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseNumbersAsStringsFlag;
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::Reader reader;
  Builder builder(text, stream, depth_max, values_max);
  const auto result = reader.Parse<kFlags>(stream, builder);
  if (builder.complaint()) return base::invalid(placed(text, *builder.complaint()));
  if (result.IsError()) return base::invalid(placed(text, {result.Offset(), message_of(result)}));
  return builder.take();
}

}  // namespace api
