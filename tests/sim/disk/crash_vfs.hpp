// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/time.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sim {

/// A disk in memory that SQLite reaches through a VFS of this name. What was written is seen at
/// once and is safe only once it was synced: when the power goes, each 512-byte sector of each
/// write that was not synced is kept, forgotten or garbled, all by one seed. The same calls in the
/// same order leave the same bytes. Used by one thread; no connection may be open when it ends.
class CrashDisk {
 public:
  CrashDisk(std::string name, std::uint64_t seed);
  CrashDisk(const CrashDisk&) = delete;
  CrashDisk& operator=(const CrashDisk&) = delete;
  ~CrashDisk();
  const std::string& name() const;

  /// The power goes now: what is open fails from here on, and so does every new open until
  /// `power_on`.
  void power_cut();
  /// The power goes in the middle of the n-th call from now (1 is the next one).
  void power_cut_at(std::int64_t n);
  bool dark() const;
  void power_on();

  /// The n-th call from now to which the fault can happen fails: a write or a growing truncate when
  /// the disk is full (half of the bytes are written), any call that touches the disk for `io`.
  /// A sync that fails loses what it should have kept, although it can still be read: so do real
  /// disks. `lasting`: so do all calls after it, until `heal`.
  enum class Fault : std::uint8_t { full, io };
  enum class Lasting : std::uint8_t { once, lasting };
  void fail_at(std::int64_t n, Fault fault, Lasting lasting = Lasting::once);
  /// Every write from now on does half of its work and says this SQLite code, until `heal`.
  void refuse_writes(int code);
  void heal();
  /// Whether the fault that was asked for has happened.
  bool failed() const;
  /// Calls that touched the disk so far.
  std::int64_t calls() const;

  /// What the clock of the VFS says; `xSleep` moves it on.
  void set_time(base::Instant now);

  /// The bytes as a program would read them, and damage done behind everybody's back.
  std::vector<std::string> files() const;
  bool has(std::string_view file) const;
  std::string read(std::string_view file) const;
  void write(std::string_view file, std::string bytes);
  void remove(std::string_view file);
  /// Over the names and bytes of all files.
  std::uint64_t hash() const;

  struct Inner;

 private:
  std::unique_ptr<Inner> inner_;
};

/// Seeds SQLite's own random numbers, which are one for the whole process; 0 makes them truly
/// random again. Without it no two runs write the same bytes.
void seed_sqlite(int seed);

}  // namespace sim
