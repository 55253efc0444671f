// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <spawn.h>
#include <sys/inotify.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <array>
#include <cerrno>
#include <csignal>

#include "agentd/process/proc.hpp"
#include "agentd/process/processes.hpp"
#include "agentd/process/record.hpp"
#include "agentd/process/shim.hpp"
#include "agentd/process/sight.hpp"
#include "base/check.hpp"
#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/hooks.hpp"
#include "base/text.hpp"

/// The half of ShimProcesses that makes shims and waits for them.
namespace agentd {
namespace {

std::string new_cookie() {
  std::array<char, 16> bytes{};
  CHECK(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  return base::to_hex({bytes.data(), bytes.size()});
}

/// Owns the two lists that posix_spawn takes.
struct SpawnPlan {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;

  SpawnPlan() {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addclosefrom_np(&files, 3);
    sigset_t set;
    ::sigemptyset(&set);
    ::posix_spawnattr_setsigmask(&attributes, &set);
    ::sigfillset(&set);
    ::posix_spawnattr_setsigdefault(&attributes, &set);
    ::posix_spawnattr_setflags(&attributes,
                               POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
};

}  // namespace

/// The folder appears with the intent in it or not at all, so that a record without an intent is
/// damage and never a crash.
base::Status ShimProcesses::write_record(const Launch& launch) {
  const std::string scratch = data_dir_ + "/children/.new-" + launch.id;
  if (auto made = base::make_folder(scratch, 0700); !made) return made;
  const Intent intent{launch, new_cookie(), base::wall_now()};
  if (auto written = write_intent(scratch, intent); !written) return written;
  ORCH_FAILPOINT("agent.intent.half");
  const std::string folder = folder_of(launch.id);
  if (::rename(scratch.c_str(), folder.c_str()) != 0) {
    return base::unavailable("make record " + base::quoted(folder) + ": " + errno_text(errno));
  }
  const Fd parent(::open((data_dir_ + "/children").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent || ::fsync(parent.get()) != 0) {
    return base::unavailable("sync the records' folder: " + errno_text(errno));
  }
  return base::ok();
}

base::Status ShimProcesses::spawn_shim(const std::string& id,
                                       const std::vector<std::string>& secrets) {
  std::vector<std::string> words{program_, "shim", folder_of(id)};
  std::vector<std::string> env;
  for (const auto& secret : secrets)
    env.push_back(std::string(kSecretPrefix) + secret);
  if (const std::string points = ORCH_FAILPOINTS(); !points.empty())
    env.push_back("ORCH_FAILPOINT=" + points);
  std::vector<char*> argv, envp;
  for (auto& word : words)
    argv.push_back(word.data());
  for (auto& entry : env)
    envp.push_back(entry.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);

  const SpawnPlan plan;
  pid_t pid = 0;
  const int number = ::posix_spawn(&pid, program_.c_str(), &plan.files, &plan.attributes,
                                   argv.data(), envp.data());
  if (number != 0) {
    return base::unavailable("start shim " + base::quoted(program_) + ": " + errno_text(number));
  }
  shims_[id] = pid;
  return base::ok();
}

void ShimProcesses::reap_shims() {
  std::array<char, 4096> events{};
  while (inotify_ && ::read(inotify_.get(), events.data(), events.size()) > 0) {
    // What they say is found out by looking; here they only have to go.
  }
  for (auto it = shims_.begin(); it != shims_.end();) {
    const pid_t got = ::waitpid(it->second, nullptr, WNOHANG);
    it = got != 0 ? shims_.erase(it) : std::next(it);
  }
}

bool ShimProcesses::is_starting(const std::string& id) {
  reap_shims();
  return shims_.contains(id);
}

void ShimProcesses::watch_folder(const std::string& id) {
  if (!inotify_) inotify_ = Fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify_) return;  // the agent's own beat finds what the watch would have shown at once
  ::inotify_add_watch(inotify_.get(), folder_of(id).c_str(), IN_MOVED_TO | IN_ONLYDIR);
}

/// While the shim lives the end of its child appears in the folder; when it dies the child's own
/// handle takes over.
void ShimProcesses::watch_process(const Sight& sight) {
  const std::string& id = sight.child.id;
  if (sight.child.state != Child::State::running || !sight.started) {
    watches_.erase(id);
    return;
  }
  const Identity on = sight.guarded ? sight.started->shim : sight.started->child;
  const auto found = watches_.find(id);
  if (found != watches_.end() && found->second.on == on) return;
  auto fd = open_process(on);
  if (!fd) {
    watches_.erase(id);
    return;
  }
  watches_.insert_or_assign(id, Watch{on, *std::move(fd)});
}

std::vector<int> ShimProcesses::watch_fds() const {
  std::vector<int> fds;
  if (inotify_) fds.push_back(inotify_.get());
  for (const auto& [id, watch] : watches_)
    fds.push_back(watch.fd.get());
  return fds;
}

}  // namespace agentd
