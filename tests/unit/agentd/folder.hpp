// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <string>

namespace agentd::tests {

/// Where a sync costs nothing, for tests that make thousands of them.
constexpr const char* kInMemory = "/dev/shm";

/// A folder that is gone at the end, with everything in it.
class Folder {
 public:
  Folder() : Folder("/tmp") {}
  explicit Folder(const std::string& where);
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();
  const std::string& path() const { return path_; }
  std::string at(const std::string& name) const { return path_ + "/" + name; }
  /// Writes a file below the folder, and the folders that it needs.
  void put(const std::string& name, const std::string& text) const;
  /// The text of a file; empty when it is absent.
  std::string get(const std::string& name) const;
  bool has(const std::string& name) const;

 private:
  std::string path_;
};

/// Waits until `holds`, looking again at short intervals; false after the deadline. For what has no
/// descriptor to wait on.
bool eventually(const std::function<bool()>& holds);

}  // namespace agentd::tests
