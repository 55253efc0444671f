// SPDX-License-Identifier: Apache-2.0
#include "controller/server/log_files.hpp"

#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"

#include <unistd.h>
#include <algorithm>

namespace controller {
namespace {

constexpr std::int64_t kPieceBytes = 8 * 1024 * 1024;
constexpr std::size_t kDigits = 16;
constexpr std::int64_t kBlock = 64 * 1024;

}  // namespace

std::string LogFiles::path_of(std::int64_t start) const {
  auto digits = std::to_string(start);
  if (digits.size() < kDigits) digits.insert(0, kDigits - digits.size(), '0');
  return folder_ + "/" + digits;
}

base::Result<std::vector<LogFiles::Piece>> LogFiles::pieces() const {
  auto names = base::list_folder(folder_);
  if (!names) {
    if (names.error().code == base::Code::not_found) return std::vector<Piece>{};
    return std::move(names).error();
  }
  std::vector<Piece> out;
  for (const auto& name : *names) {
    const auto start = name.size() == kDigits ? base::to_integer(name) : std::nullopt;
    if (!start) continue;
    const auto facts = base::facts_of(folder_ + "/" + name);
    if (facts) out.push_back({*start, facts->size});  // one that just went is no error
  }
  return out;
}

base::Result<std::int64_t> LogFiles::end() const {
  const auto all = pieces();
  if (!all) return all.error();
  return all->empty() ? 0 : all->back().end();
}

base::Result<std::int64_t> LogFiles::append(std::int64_t offset, std::string_view bytes,
                                            std::int64_t floor) const {
  auto all = pieces();
  if (!all) return std::move(all).error();
  const auto start = all->empty() ? 0 : all->back().end();
  const auto next = std::max(start, floor);
  const auto known = next - offset;
  if (known < 0 || known >= static_cast<std::int64_t>(bytes.size())) return next;
  bytes.remove_prefix(static_cast<std::size_t>(known));
  if (auto made = base::make_folder(folder_, 0700); !made) return std::move(made).error();
  const bool fresh = all->empty() || next != start || all->back().size >= kPieceBytes;
  if (fresh) all->push_back({next, 0});
  const auto path = path_of(all->back().start);
  if (auto added = base::append_file(path, bytes, base::Sync::yes, 0600); !added)
    return std::move(added).error();
  all->back().size += static_cast<std::int64_t>(bytes.size());
  const auto end = all->back().end();
  if (fresh)
    if (auto dropped = drop_oldest(std::move(*all)); !dropped) return std::move(dropped).error();
  return end;
}

base::Status LogFiles::drop_oldest(std::vector<Piece> pieces) const {
  std::int64_t total = 0;
  for (const auto& piece : pieces)
    total += piece.size;
  for (const auto& piece : pieces) {
    // The last piece will grow to its full size.
    if (total + kPieceBytes <= static_cast<std::int64_t>(base::limits::kLogStreamBytes)) break;
    if (piece.start == pieces.back().start) break;
    const auto path = path_of(piece.start);
    if (::unlink(path.c_str()) != 0) return base::internal("remove " + base::quoted(path));
    total -= piece.size;
  }
  return base::ok();
}

base::Result<LogFiles::Part> LogFiles::read(std::int64_t offset, std::size_t bytes_max) const {
  const auto all = pieces();
  if (!all) return all.error();
  for (const auto& piece : *all) {
    if (piece.end() <= offset) continue;
    const auto at = std::max(offset, piece.start);
    auto bytes = base::read_range(path_of(piece.start), at - piece.start, bytes_max);
    if (!bytes) {
      if (bytes.error().code == base::Code::not_found) continue;  // the oldest went meanwhile
      return std::move(bytes).error();
    }
    return Part{at, std::move(*bytes)};
  }
  return Part{offset, {}};
}

base::Result<std::int64_t> LogFiles::tail(std::int64_t lines) const {
  const auto all = pieces();
  if (!all) return all.error();
  if (all->empty()) return 0;
  if (lines <= 0) return all->back().end();
  auto wanted = lines + 1;  // the newline before the first of them
  for (auto piece = all->rbegin(); piece != all->rend(); ++piece) {
    for (auto to = piece->size; to > 0;) {
      const auto from = std::max<std::int64_t>(0, to - kBlock);
      const auto block =
          base::read_range(path_of(piece->start), from, static_cast<std::size_t>(to - from));
      if (!block) return block.error();
      for (auto i = static_cast<std::int64_t>(block->size()) - 1; i >= 0; --i) {
        if ((*block)[static_cast<std::size_t>(i)] != '\n') {
          // A last line without its newline counts as one.
          if (wanted == lines + 1 && piece->start + from + i + 1 == all->back().end()) --wanted;
          continue;
        }
        if (--wanted == 0) return piece->start + from + i + 1;
      }
      to = from;
    }
  }
  return all->front().start;
}

}  // namespace controller
