// SPDX-License-Identifier: Apache-2.0
#include "controller/store/log_scan.hpp"

#include <array>
#include <bit>

#include "base/text.hpp"

namespace controller {
namespace {

// The file format of SQLite's write-ahead log ("WAL-mode File Format").
constexpr std::int64_t kHeaderBytes = 32;
constexpr std::int64_t kFrameHeaderBytes = 24;
constexpr std::uint32_t kMagic = 0x377f0682;  // the last bit says which end of a word comes first

std::uint32_t word_at(std::string_view bytes, std::size_t at) {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < 4; ++i)
    word = word << 8 | static_cast<unsigned char>(bytes[at + i]);
  return word;
}

std::uint32_t swapped(std::uint32_t word) {
  return word << 24 | (word & 0xff00) << 8 | (word >> 8 & 0xff00) | word >> 24;
}

/// The running checksum over the header and all frames.
class Chain {
 public:
  explicit Chain(std::uint32_t magic) : little_((magic & 1) == 0) {}
  /// Goes on behind a frame that ends with these sums, in a log that was written here.
  Chain(std::uint32_t first, std::uint32_t second)
      : little_(std::endian::native == std::endian::little), first_(first), second_(second) {}
  void add(std::string_view bytes) {
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      first_ += word(bytes, at) + second_;
      second_ += word(bytes, at + 4) + first_;
    }
  }
  bool is(std::uint32_t first, std::uint32_t second) const {
    return first_ == first && second_ == second;
  }

 private:
  std::uint32_t word(std::string_view bytes, std::size_t at) const {
    const std::uint32_t big = word_at(bytes, at);
    return little_ ? swapped(big) : big;
  }
  bool little_;
  std::uint32_t first_ = 0, second_ = 0;
};

struct Frame {
  std::uint32_t page, pages_after;
  bool ours, whole;
  bool follows;  // its sums are those of the frame before it and its own bytes
  std::string bytes;
  bool commits() const { return pages_after != 0; }
};

/// The frames of a log from the first to the last, each with whether it is whole.
class Frames {
 public:
  Frames(const RawFile& file, std::int64_t page_bytes, const std::string& header)
      : file_(file),
        page_bytes_(page_bytes),
        salt_(header.substr(16, 8)),
        chain_(word_at(header, 0)) {
    chain_.add(std::string_view(header).substr(0, 24));
    header_whole_ = (word_at(header, 0) & ~1U) == kMagic && word_at(header, 8) == page_bytes &&
                    chain_.is(word_at(header, 24), word_at(header, 28));
  }
  bool header_whole() const { return header_whole_; }
  std::int64_t count() const { return (file_.size() - kHeaderBytes) / frame_bytes(); }
  base::Result<Frame> read(std::int64_t index) {
    const auto bytes =
        file_.read(kHeaderBytes + index * frame_bytes(), static_cast<std::size_t>(frame_bytes()));
    if (!bytes) return bytes.error();
    // Without a header the first frame tells which log this is.
    if (!header_whole_ && index == 0) salt_ = bytes->substr(8, 8);
    Frame frame{word_at(*bytes, 0), word_at(*bytes, 4), false, false, index == 0, {}};
    frame.ours = bytes->compare(8, 8, salt_) == 0;
    frame.bytes = bytes->substr(kFrameHeaderBytes);
    chain_.add(std::string_view(*bytes).substr(0, 8));
    chain_.add(frame.bytes);
    if (!header_whole_ && index > 0) {
      Chain behind(first_before_, second_before_);
      behind.add(std::string_view(*bytes).substr(0, 8));
      behind.add(frame.bytes);
      frame.follows = behind.is(word_at(*bytes, 16), word_at(*bytes, 20));
    }
    first_before_ = word_at(*bytes, 16);
    second_before_ = word_at(*bytes, 20);
    frame.whole =
        frame.ours && frame.page != 0 && chain_.is(word_at(*bytes, 16), word_at(*bytes, 20));
    return frame;
  }

 private:
  std::int64_t frame_bytes() const { return kFrameHeaderBytes + page_bytes_; }
  const RawFile& file_;
  std::int64_t page_bytes_;
  std::string salt_;
  Chain chain_;
  bool header_whole_ = false;
  std::uint32_t first_before_ = 0, second_before_ = 0;  // the sums of the frame before
};

base::Error damaged(const LogOwner& owner, const std::string& where) {
  return base::invalid("the write-ahead log " + base::quoted(owner.file.path + "-wal") +
                       " is damaged at " + where +
                       ": acknowledged changes behind it can't be read");
}

base::Status scan_frames(Frames& frames, const LogOwner& owner) {
  std::int64_t broken = -1;
  int commits = 0;
  for (std::int64_t i = 0; i < frames.count(); ++i) {
    const auto frame = frames.read(i);
    if (!frame) return frame.error();
    if (broken < 0 && frame->whole) continue;
    if (broken < 0) broken = i;
    // Garbage in a torn sector may look like a commit; a file that can't have grown so far is none.
    const bool possible = frame->pages_after <= owner.pages + frames.count();
    if (!frame->ours || !frame->commits() || !possible) continue;
    if (++commits == 2) return damaged(owner, "frame " + std::to_string(broken + 1));
  }
  return base::ok();
}

/// Whether the newest head in a log without a header is the one in the file. What an earlier cut
/// tore at its end was never acknowledged, and the sums break off before it.
base::Status compare_heads(Frames& frames, const LogOwner& owner) {
  std::string newest, committed;
  for (std::int64_t i = 0; i < frames.count(); ++i) {
    auto frame = frames.read(i);
    if (!frame) return std::move(frame).error();
    if (!frame->ours || !frame->follows) break;
    if (frame->page == owner.head_page) newest = std::move(frame->bytes);
    if (frame->commits()) committed = newest;
  }
  if (committed.empty()) return base::ok();
  const auto file = RawFile::open(owner.file, RawFile::What::database);
  if (!file) return file.error();
  const auto head = file->read((owner.head_page - 1) * owner.page_bytes, committed.size());
  if (!head) return head.error();
  return *head == committed ? base::ok() : base::Status(damaged(owner, "its header"));
}

}  // namespace

base::Status scan_log(const LogOwner& owner) {
  const FileName log = owner.file.beside("-wal");
  const auto there = file_exists(log);
  if (!there) return there.error();
  if (!*there) return base::ok();
  const auto file = RawFile::open(log, RawFile::What::log);
  if (!file) return file.error();
  if (file->size() < kHeaderBytes) return base::ok();
  const auto header = file->read(0, static_cast<std::size_t>(kHeaderBytes));
  if (!header) return header.error();
  Frames frames(*file, owner.page_bytes, *header);
  return frames.header_whole() ? scan_frames(frames, owner) : compare_heads(frames, owner);
}

}  // namespace controller
