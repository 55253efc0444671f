// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/dice.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// The files of the crashing disk, without SQLite: what is seen, what is safe, what a cut leaves.
namespace sim {

/// One file. `seen` is what a read gives; `safe` is what surely survives; the writes between the
/// two are pending.
class DiskFile {
 public:
  const std::string& seen() const { return seen_; }
  void write(std::size_t offset, std::string_view bytes);
  void truncate(std::size_t size);
  void sync();
  /// A sync that failed: what was pending stays readable and never becomes safe.
  void forget_pending() { pending_.clear(); }
  /// What is left after the power went.
  std::string survived(base::Dice& dice) const;
  /// Everything that is seen, made safe.
  static std::shared_ptr<DiskFile> of(std::string bytes);

 private:
  struct Pending {
    enum class What : std::uint8_t { write, truncate } what;
    std::size_t offset;  // of the write, or the new size
    std::string bytes;
  };
  std::string seen_, safe_;
  std::vector<Pending> pending_;
};

/// Names to files. A new name is safe after its file was synced, a removal when it was synced; else
/// either state of the name may come back.
class DiskFolder {
 public:
  std::shared_ptr<DiskFile> find(std::string_view name) const;
  std::shared_ptr<DiskFile> create(const std::string& name);
  void put(const std::string& name, std::string bytes);
  enum class Synced : std::uint8_t { no, yes };
  void remove(const std::string& name, Synced synced);
  /// The file under this name, and the name itself, are safe from now on.
  void sync(const std::string& name, DiskFile& file);
  void power_cut(base::Dice& dice);
  const std::map<std::string, std::shared_ptr<DiskFile>, std::less<>>& all() const { return now_; }

 private:
  std::map<std::string, std::shared_ptr<DiskFile>, std::less<>> now_;   // as seen
  std::map<std::string, std::shared_ptr<DiskFile>, std::less<>> safe_;  // as it surely survives
};

}  // namespace sim
