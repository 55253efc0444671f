// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/ports.hpp"
#include "agentd/process/fd.hpp"
#include "agentd/process/tree.hpp"

#include <map>
#include <string>
#include <vector>

namespace agentd {

struct Sight;

/// Children under shims. Records lie in `<data-dir>/children/<id>/`, secrets in
/// `<data-dir>/secrets/<name>`. One object a folder; all calls on one thread.
class ShimProcesses : public Processes {
 public:
  /// `program` runs a shim when it is called as `program shim FOLDER`.
  ShimProcesses(std::string data_dir, std::string program);

  base::Result<std::vector<Child>> list() override;
  base::Status start(const Launch& launch) override;
  base::Status signal(const std::string& id, int number) override;
  base::Result<bool> sweep(const std::string& id) override;
  base::Status note(const std::string& id, const std::string& key,
                    const std::string& value) override;
  base::Status forget(const std::string& id) override;

  /// What to poll for reading: something is readable once a child has ended or a shim has died. The
  /// descriptors belong to this object, are those of the last `list` and `start`, and rest again
  /// after the next `list`.
  std::vector<int> watch_fds() const;

 private:
  struct Watch {
    Identity on;
    Fd fd;
  };

  std::string folder_of(const std::string& id) const;
  base::Result<Sight> look(const std::string& id) const;
  base::Status write_record(const Launch& launch);
  base::Status spawn_shim(const std::string& id, const std::vector<std::string>& secrets);
  void reap_shims();
  bool is_starting(const std::string& id);
  void watch_folder(const std::string& id);
  void watch_process(const Sight& sight);

  std::string data_dir_, program_;
  std::map<std::string, pid_t> shims_;  // spawned by this object and not reaped yet
  std::map<std::string, Watch> watches_;
  Fd inotify_;
};

}  // namespace agentd
