// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/disk/disk_files.hpp"

#include <algorithm>

namespace sim {
namespace {

constexpr std::size_t kSector = 512;

void put_bytes(std::string& file, std::size_t offset, std::string_view bytes) {
  if (file.size() < offset + bytes.size()) file.resize(offset + bytes.size(), '\0');
  std::copy(bytes.begin(), bytes.end(), file.begin() + static_cast<std::ptrdiff_t>(offset));
}

std::string garbage(base::Dice& dice, std::size_t count) {
  std::string out(count, '\0');
  for (char& c : out)
    c = static_cast<char>(dice.roll());
  return out;
}

/// The part of a write that lies in one sector: mostly kept or forgotten, now and then garbled. The
/// bytes around it are never touched; SQLite is told so (POWERSAFE_OVERWRITE), as on a real disk.
void land(std::string& file, std::size_t offset, std::string_view bytes, base::Dice& dice) {
  const auto fate = dice.upto(8);
  if (fate < 4) put_bytes(file, offset, bytes);
  if (fate == 7) put_bytes(file, offset, garbage(dice, bytes.size()));
}

}  // namespace

void DiskFile::write(std::size_t offset, std::string_view bytes) {
  put_bytes(seen_, offset, bytes);
  pending_.push_back({Pending::What::write, offset, std::string(bytes)});
}

void DiskFile::truncate(std::size_t size) {
  seen_.resize(size, '\0');
  pending_.push_back({Pending::What::truncate, size, {}});
}

void DiskFile::sync() {
  for (const auto& step : pending_) {
    if (step.what == Pending::What::write) put_bytes(safe_, step.offset, step.bytes);
    if (step.what == Pending::What::truncate) safe_.resize(step.offset, '\0');
  }
  pending_.clear();
}

std::string DiskFile::survived(base::Dice& dice) const {
  std::string left = safe_;
  // All or a part of it may have reached the disk by itself; both must be tried.
  const bool all = dice.one_in(4);
  for (const auto& step : pending_) {
    if (step.what == Pending::What::truncate) {
      if (all || dice.one_in(2)) left.resize(step.offset, '\0');
      continue;
    }
    for (std::size_t at = 0; at < step.bytes.size();) {
      const std::size_t offset = step.offset + at;
      const std::size_t count = std::min(step.bytes.size() - at, kSector - offset % kSector);
      const auto part = std::string_view(step.bytes).substr(at, count);
      if (all) {
        put_bytes(left, offset, part);
      } else {
        land(left, offset, part, dice);
      }
      at += count;
    }
  }
  return left;
}

std::shared_ptr<DiskFile> DiskFile::of(std::string bytes) {
  auto file = std::make_shared<DiskFile>();
  file->seen_ = bytes;
  file->safe_ = std::move(bytes);
  return file;
}

std::shared_ptr<DiskFile> DiskFolder::find(std::string_view name) const {
  const auto found = now_.find(name);
  return found == now_.end() ? nullptr : found->second;
}

std::shared_ptr<DiskFile> DiskFolder::create(const std::string& name) {
  auto file = std::make_shared<DiskFile>();
  now_[name] = file;
  return file;
}

void DiskFolder::put(const std::string& name, std::string bytes) {
  now_[name] = safe_[name] = DiskFile::of(std::move(bytes));
}

void DiskFolder::remove(const std::string& name, Synced synced) {
  now_.erase(name);
  if (synced == Synced::yes) safe_.erase(name);
}

void DiskFolder::sync(const std::string& name, DiskFile& file) {
  file.sync();
  const auto found = now_.find(name);
  // A file that was removed while it is open has no name to make safe.
  if (found != now_.end() && found->second.get() == &file) safe_[name] = found->second;
}

void DiskFolder::power_cut(base::Dice& dice) {
  std::map<std::string, std::shared_ptr<DiskFile>, std::less<>> left;
  const auto keep = [&](const std::string& name, const DiskFile& file) {
    left[name] = DiskFile::of(file.survived(dice));
  };
  for (const auto& [name, file] : safe_) {
    const auto found = now_.find(name);
    const bool same = found != now_.end() && found->second == file;
    if (same || dice.one_in(2)) keep(name, *file);
  }
  for (const auto& [name, file] : now_) {
    const auto found = safe_.find(name);
    const bool same = found != safe_.end() && found->second == file;
    if (!same && dice.one_in(2)) keep(name, *file);
  }
  now_ = left;
  safe_ = std::move(left);
}

}  // namespace sim
