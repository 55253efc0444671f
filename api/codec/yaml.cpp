// SPDX-License-Identifier: Apache-2.0
#include "api/codec/yaml.hpp"

#include "api/codec/path.hpp"
#include "api/codec/scalar.hpp"
#include "api/codec/yaml_part.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/emitterstyle.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <sstream>

/// The parser's events become Json here, without its nodes: a node graph may be cyclic, its keys
/// double, and its scalars are guessed at.
namespace api {
namespace {

namespace limits = base::limits;

constexpr std::size_t kErrors = 20;             // of one document; beyond it is no typing error
constexpr std::size_t kPlaceBytesPerByte = 16;  // what the paths of a document may cost

/// A document that cannot be read on. Thrown through the parser and caught in this file.
struct Stop {
  YamlError error;
};

std::string_view first_word(std::string_view text) {
  return text.substr(0, std::min(text.find_first_of(" \t\r\n,[]{}"), std::size_t{64}));
}

// Whether a quoted text is closed: the parser takes the end of its input for a closing quote when
// the last line is whole.
bool has_end(std::string_view source) {
  if (source.empty() || (source[0] != '"' && source[0] != '\'')) return true;
  const char quote = source[0];
  for (std::size_t at = 1; at < source.size(); ++at) {
    if (quote == '"' && source[at] == '\\') {
      ++at;
    } else if (source[at] == quote) {
      if (quote == '"' || at + 1 >= source.size() || source[at + 1] != quote) return true;
      ++at;
    }
  }
  return false;
}

class Reader : public YAML::EventHandler {
 public:
  Reader(const YamlPart& part, YamlReading& reading)
      : part_(part),
        reading_(reading),
        place_budget_(part.text.size() * kPlaceBytesPerByte + 4096) {}

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, Json::array());
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, Json::object());
  }
  void OnMapEnd() override { close(); }
  void OnAnchor(const YAML::Mark& mark, const std::string& name) override {
    complain(mark, "anchors are not allowed (" + base::quoted("&" + name) + ")");
  }

  Place place_of(const YAML::Mark& mark) const;
  /// The text from a mark on.
  std::string_view source_at(const YAML::Mark& mark) const;
  /// Where the innermost list or map that is still open begins; nothing when none is.
  std::optional<Place> open_since() const {
    return frames_.empty() ? std::nullopt : std::optional(frames_.back().start);
  }
  /// The document, once the parser came to its end; nothing when it is empty or has errors.
  std::optional<Document> take();

 private:
  enum class Next { key, value, dropped_value };
  struct Frame {
    Json value;
    Place start;
    std::size_t path_size = 0;
    bool as_key = false;                // a container where a key should be: read, then dropped
    Next next = Next::key;              // of a map
    std::string key;                    // of a map: of the value that comes next
    std::map<std::string, Place> seen;  // of a map
  };

  void complain(const YAML::Mark& mark, std::string message);
  void count(const YAML::Mark& mark);
  bool refuse_bytes(const YAML::Mark& mark, const std::string& text);
  void refuse_tag(const YAML::Mark& mark, const std::string& tag);
  bool expects_key() const {
    return !frames_.empty() && frames_.back().value.is_object() && frames_.back().next == Next::key;
  }
  void key(const YAML::Mark& mark, const std::string& tag, const std::string& text);
  void no_key(const YAML::Mark& mark);
  void begin_value(const YAML::Mark& mark);
  void end_value(Json value);
  void open(const YAML::Mark& mark, const std::string& tag, Json empty);
  void close();
  void remember(const YAML::Mark& mark);

  const YamlPart& part_;
  YamlReading& reading_;
  std::size_t place_budget_;
  std::vector<Frame> frames_;
  std::string path_;
  Document document_;
  std::size_t errors_ = 0;
  std::size_t documents_ = 0;
};

std::optional<Document> Reader::take() {
  if (errors_ > 0 || document_.value.is_null()) return std::nullopt;
  return std::move(document_);
}

Place Reader::place_of(const YAML::Mark& mark) const {
  if (mark.is_null()) return {part_.line + 1, 1};
  return {part_.line + mark.line + 1, mark.column + 1};
}

std::string_view Reader::source_at(const YAML::Mark& mark) const {
  if (mark.is_null()) return {};
  return part_.text.substr(std::min(part_.text.size(), static_cast<std::size_t>(mark.pos)));
}

void Reader::complain(const YAML::Mark& mark, std::string message) {
  if (++errors_ > kErrors) throw Stop{{place_of(mark), "too many errors; the rest is not read"}};
  reading_.errors.push_back({place_of(mark), std::move(message)});
}

void Reader::count(const YAML::Mark& mark) {
  if (++reading_.nodes > limits::kNodes)
    throw Stop{{place_of(mark), "more than " + std::to_string(limits::kNodes) + " values"}};
}

// Escapes can make what no text may hold; of two of them the parser makes half a character.
bool Reader::refuse_bytes(const YAML::Mark& mark, const std::string& text) {
  const std::size_t before = errors_;
  if (text.find('\0') != std::string::npos)
    complain(mark, "a text with a NUL is not allowed");
  else if (!base::is_utf8(text))
    complain(mark, "a text must be valid UTF-8 (instead of \\N or \\_ write \\u0085 or \\u00a0)");
  return errors_ == before;
}

// The parser gives plain scalars and containers the tag "?", quoted scalars "!".
void Reader::refuse_tag(const YAML::Mark& mark, const std::string& tag) {
  if (tag.empty() || tag == "?") return;
  const auto source = first_word(source_at(mark));
  const bool written = source.starts_with('!');
  if (tag == "!" && !written) return;
  complain(mark, "tags are not allowed (" + base::quoted(written ? source : tag) + ")");
}

// A part holds one document. A second one is what the parser makes of junk behind the first; before
// some characters (a lone comma) it would give empty documents for ever.
void Reader::OnDocumentStart(const YAML::Mark& mark) {
  if (documents_++ == 0) return;
  const auto junk =
      source_at(mark).substr(0, std::max<std::size_t>(1, first_word(source_at(mark)).size()));
  throw Stop{{place_of(mark), "malformed YAML: unexpected " + base::quoted(junk)}};
}

void Reader::remember(const YAML::Mark& mark) {
  // Paths of a hostile document may be far larger than itself; then only ancestors are known.
  if (path_.size() > place_budget_) return;
  place_budget_ -= path_.size();
  document_.places.emplace(path_, place_of(mark));
}

void Reader::no_key(const YAML::Mark& mark) {
  complain(mark, "a key must be a plain text");
  frames_.back().next = Next::dropped_value;
}

void Reader::key(const YAML::Mark& mark, const std::string& tag, const std::string& text) {
  Frame& frame = frames_.back();
  frame.next = Next::dropped_value;
  if (text == "<<" && tag == "?") {
    complain(mark, "merge keys are not allowed (\"<<\")");
    return;
  }
  if (!refuse_bytes(mark, text)) return;
  const auto [first, fresh] = frame.seen.emplace(text, place_of(mark));
  if (!fresh) {
    complain(mark, "duplicate key " + base::quoted(base::clipped(text, 64)) + " (first at line " +
                       std::to_string(first->second.line) + ")");
    return;
  }
  frame.next = Next::value;
  frame.key = text;
  path_.resize(frame.path_size);
  append_member(path_, text);
  remember(mark);
}

void Reader::begin_value(const YAML::Mark& mark) {
  count(mark);
  if (frames_.empty()) {
    document_.start = place_of(mark);
    remember(mark);
  } else if (const Frame& frame = frames_.back(); frame.value.is_array()) {
    path_.resize(frame.path_size);
    append_item(path_, frame.value.items().size());
    remember(mark);
  }
}

void Reader::end_value(Json value) {
  if (frames_.empty()) {
    document_.value = std::move(value);
    return;
  }
  Frame& frame = frames_.back();
  if (frame.value.is_array()) {
    frame.value.items().push_back(std::move(value));
    return;
  }
  if (frame.next == Next::value)
    frame.value.members().emplace_back(std::move(frame.key), std::move(value));
  frame.next = Next::key;
}

void Reader::open(const YAML::Mark& mark, const std::string& tag, Json empty) {
  refuse_tag(mark, tag);
  if (frames_.size() >= limits::kDepth)
    throw Stop{{place_of(mark), "nested deeper than " + std::to_string(limits::kDepth)}};
  const bool as_key = expects_key();
  if (as_key) {
    no_key(mark);
  } else {
    begin_value(mark);
  }
  Frame frame;
  frame.value = std::move(empty);
  frame.start = place_of(mark);
  frame.path_size = path_.size();
  frame.as_key = as_key;
  frames_.push_back(std::move(frame));
}

void Reader::close() {
  Frame frame = std::move(frames_.back());
  frames_.pop_back();
  if (frame.as_key) return;
  if (frame.value.is_object())
    std::sort(frame.value.members().begin(), frame.value.members().end(),
              [](const Json::Member& a, const Json::Member& b) { return a.first < b.first; });
  end_value(std::move(frame.value));
}

void Reader::OnNull(const YAML::Mark& mark, YAML::anchor_t) {
  if (expects_key()) {
    no_key(mark);
    return;
  }
  begin_value(mark);
  end_value(Json());
}

void Reader::OnAlias(const YAML::Mark& mark, YAML::anchor_t) {
  complain(mark, "aliases are not allowed (" + base::quoted(first_word(source_at(mark))) + ")");
  if (expects_key()) {
    frames_.back().next = Next::dropped_value;
    return;
  }
  begin_value(mark);
  end_value(Json());
}

void Reader::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                      const std::string& value) {
  refuse_tag(mark, tag);
  if (!has_end(source_at(mark))) complain(mark, "malformed YAML: a quoted text without an end");
  if (expects_key()) {
    key(mark, tag, value);
    return;
  }
  begin_value(mark);
  refuse_bytes(mark, value);
  end_value(tag == "?" ? plain_scalar(value) : Json(value));
}

// The parser reads an escape beyond the end of its line, or of the text, and counts on.
Place within(const YamlPart& part, Place place) {
  const auto lines = base::split(part.text, '\n');
  const auto last = part.line + static_cast<int>(lines.size());
  place.line = std::clamp(place.line, part.line + 1, last);
  const auto& line = lines[static_cast<std::size_t>(place.line - part.line - 1)];
  place.column = std::clamp(place.column, 1, static_cast<int>(line.size()) + 1);
  return place;
}

// What the parser says of an alias, a tab or a missing bracket tells people little.
YamlError error_of(const YAML::ParserException& error, const Reader& reader,
                   const YamlPart& whole) {
  const auto part = whole.text;
  const auto source = reader.source_at(error.mark);
  const auto place = within(whole, reader.place_of(error.mark));
  if (source.starts_with('*'))
    return {place, "aliases are not allowed (" + base::quoted(first_word(source)) + ")"};
  if (error.msg.starts_with("end of ") && error.msg.find(" flow ") != std::string::npos)
    return {reader.open_since().value_or(place), "malformed YAML: a bracket is not closed"};
  const auto before = part.substr(0, part.size() - source.size());
  const auto line = part.substr(before.rfind('\n') + 1);
  const auto blanks = line.substr(0, line.find_first_not_of(" \t"));
  if (blanks.find('\t') != std::string_view::npos)
    return {place, "malformed YAML: a tab may not indent"};
  // It may end with the half of a character, or with a line's end.
  return {place, "malformed YAML: " + std::string(base::trimmed(base::clean_utf8(error.msg)))};
}

}  // namespace

std::optional<Document> read_part(const YamlPart& part, YamlReading& reading) {
  Reader reader(part, reading);
  try {
    std::istringstream in{std::string(part.text)};
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(reader)) {
    }
    return reader.take();
  } catch (const Stop& stop) {
    reading.errors.push_back(stop.error);
  } catch (const YAML::ParserException& e) {
    reading.errors.push_back(error_of(e, reader, part));
  } catch (const YAML::Exception& e) {
    reading.errors.push_back({{part.line + 1, 1}, std::string("malformed YAML: ") + e.what()});
  }
  return std::nullopt;
}

}  // namespace api
