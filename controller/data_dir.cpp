// SPDX-License-Identifier: Apache-2.0
#include "controller/data_dir.hpp"

#include "base/text.hpp"

#include <fcntl.h>

namespace controller {
namespace {

constexpr std::size_t kSocketPathMax = 100;  // the system's limit is 107 bytes

}  // namespace

Outcome failed(base::Exit exit, std::string message) {
  return {exit, std::move(message)};
}

DataDir::DataDir(std::string path) : path_(std::move(path)) {
  while (path_.size() > 1 && path_.ends_with('/'))
    path_.pop_back();
}

std::string DataDir::socket() const {
  const auto plain = path_ + "/run/admin.sock";
  if (plain.size() <= kSocketPathMax) return plain;
  // Open for the life of the process: the path leads through the descriptor.
  const int fd = ::open((path_ + "/run").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return plain;
  return "/proc/self/fd/" + std::to_string(fd) + "/admin.sock";
}

Outcome DataDir::check() const {
  const auto facts = base::facts_of(path_);
  if (!facts) {
    if (facts.error().code == base::Code::not_found)
      return failed(base::Exit::bad_state,
                    "there is no data directory " + base::quoted(path_) +
                        ": make one with orch-controller --data-dir DIR init");
    return failed(base::Exit::bad_state, facts.error().message);
  }
  if (facts->link)
    return failed(base::Exit::bad_state,
                  "the data directory " + base::quoted(path_) +
                      " is a symbolic link, which somebody could turn to another place: name the "
                      "directory itself (readlink -f " +
                      path_ + ")");
  if (!facts->folder)
    return failed(base::Exit::bad_state, base::quoted(path_) + " is no directory");
  const auto ours = base::check_private(path_);
  if (!ours) return failed(base::Exit::not_allowed, "data directory " + ours.error().message);
  return {};
}

bool DataDir::has_cluster() const {
  return static_cast<bool>(base::facts_of(database()));
}

Outcome DataDir::check_not_lost() const {
  if (has_cluster()) return {};
  for (const char* suffix : {".incarnation", ".replaced", "-wal"})
    if (base::facts_of(database() + suffix))
      return failed(base::Exit::bad_state,
                    base::quoted(database()) + " is gone, and " +
                        base::quoted(database() + suffix) +
                        " says that a cluster was here: put a snapshot in its place with "
                        "orch-controller --data-dir " +
                        path_ + " restore FILE");
  return {};
}

Outcome DataDir::check_cluster() const {
  if (auto checked = check(); !checked.good()) return checked;
  if (auto lost = check_not_lost(); !lost.good()) return lost;
  if (!has_cluster())
    return failed(base::Exit::bad_state, "there is no cluster in " + base::quoted(path_) +
                                             ": make one with orch-controller --data-dir " + path_ +
                                             " init");
  for (const auto& part : {pki(), pki() + "/ca.pem", kubeconfig()}) {
    const auto ours = base::check_private(part);
    if (!ours && ours.error().code == base::Code::forbidden)
      return failed(base::Exit::not_allowed, ours.error().message);
  }
  return {};
}

base::Status DataDir::make() const {
  for (const auto& folder : {path_, path_ + "/run", logs()})
    if (auto made = base::make_folder(folder, 0700); !made) return made;
  return base::ok();
}

std::vector<std::string> DataDir::urls() const {
  std::vector<std::string> out;
  const auto text = base::read_file(listen_file(), 1 << 16);
  if (!text) return out;
  for (auto& line : base::split(*text, '\n'))
    if (!line.empty()) out.push_back(std::move(line));
  return out;
}

}  // namespace controller
