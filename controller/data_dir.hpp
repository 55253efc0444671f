// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/exit_code.hpp"
#include "base/file.hpp"
#include "base/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace controller {

/// How a call of the program ends: with a code, and a sentence for stderr unless it is done.
struct Outcome {
  base::Exit exit = base::Exit::done;
  std::string message;
  bool good() const { return exit == base::Exit::done; }
};
Outcome failed(base::Exit exit, std::string message);

/// Everything that a controller keeps, by path.
class DataDir {
 public:
  explicit DataDir(std::string path);

  const std::string& path() const { return path_; }
  std::string pki() const { return path_ + "/pki"; }
  std::string database() const { return path_ + "/state.db"; }
  std::string logs() const { return path_ + "/logs"; }
  std::string kubeconfig() const { return path_ + "/admin.kubeconfig"; }
  std::string listen_file() const { return path_ + "/run/listen"; }
  /// Of the admin socket; a short one even where the folder's is too long for a socket.
  std::string socket() const;

  /// Is it ours alone, and a folder of its own? 77 and 78 with the way out.
  Outcome check() const;
  /// `check`, and there is a cluster in it.
  Outcome check_cluster() const;
  bool has_cluster() const;
  /// 78 where the store is gone and something says that there was one: nobody may begin afresh.
  Outcome check_not_lost() const;
  /// Makes what is missing of the folders.
  base::Status make() const;

  /// Held while a controller (or a call that changes the store) runs.
  base::Result<base::FileLock> lock() const { return base::FileLock::take(path_ + "/lock"); }
  /// The addresses of a running controller, as it wrote them; empty when none runs.
  std::vector<std::string> urls() const;

 private:
  std::string path_;
};

}  // namespace controller
