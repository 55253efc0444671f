// SPDX-License-Identifier: Apache-2.0
#include "agentd/process/processes.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include "agentd/process/proc.hpp"
#include "agentd/process/record.hpp"
#include "agentd/process/record_lock.hpp"
#include "agentd/process/secrets.hpp"
#include "agentd/process/sight.hpp"
#include "base/file.hpp"
#include "base/hooks.hpp"
#include "base/text.hpp"

namespace agentd {
namespace {

using State = Child::State;

base::Status check_launch(const Launch& launch) {
  const std::string it = "start child " + base::quoted(launch.id) + ": ";
  if (!is_record_id(launch.id)) return base::invalid(it + "no name for a record");
  if (launch.command.empty() || launch.command.front().empty()) {
    return base::invalid(it + "the command is empty");
  }
  const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  if (std::any_of(launch.command.begin(), launch.command.end(), has_nul)) {
    return base::invalid(it + "an argument holds a NUL");
  }
  for (const auto& [name, value] : launch.env) {
    const bool named = !name.empty() && name.find('=') == std::string::npos && !has_nul(name);
    if (!named || has_nul(value)) {
      return base::invalid(it + "environment variable " + base::quoted(name) + " is malformed");
    }
  }
  return base::ok();
}

base::Error unsure(const Sight& sight) {
  return base::unavailable("child " + base::quoted(sight.child.id) +
                           ": its state cannot be told: " + sight.why);
}

/// A signal that ends everything needs more than one look, because members may start others.
base::Status signal_tree(const Tree& tree, int number) {
  if (number == SIGKILL) {
    const auto killed = kill_all(tree);
    return killed ? base::ok() : base::Status(killed.error());
  }
  const auto members = members_of(tree);
  if (!members) return members.error();
  for (const auto& member : *members) {
    if (auto sent = send_signal(member, number); !sent) return sent;
  }
  return base::ok();
}

constexpr std::string_view kOld = ".old-";

/// Files of a record only: whatever else lies in the folder is not ours, and keeps it.
base::Status clear_away(const std::string& folder) {
  for (const char* name : {"exit.json", "child.json", "notes.json", "launch.json", "lock"})
    ::unlink((folder + "/" + name).c_str());
  const auto left = base::list_folder(folder);
  if (left) {
    for (const auto& name : *left) {
      if (name.starts_with('.')) ::unlink((folder + "/" + name).c_str());  // torn atomic writes
    }
  }
  if (::rmdir(folder.c_str()) == 0) return base::ok();
  return base::unavailable("remove the record " + base::quoted(folder));
}

/// The record is there as a whole or not at all: half of one would be damage, or an intent that
/// starts its child once more.
base::Status remove_record(const std::string& children, const std::string& id) {
  const std::string folder = children + "/" + id, old = children + "/" + std::string(kOld) + id;
  ORCH_FAILPOINT("agent.forget.before");
  if (::rename(folder.c_str(), old.c_str()) != 0) {
    return base::unavailable("remove the record " + base::quoted(folder) + ": " +
                             errno_text(errno));
  }
  ORCH_FAILPOINT("agent.forget.half");
  return clear_away(old);
}

}  // namespace

ShimProcesses::ShimProcesses(std::string data_dir, std::string program)
    : data_dir_(std::move(data_dir)), program_(std::move(program)) {}

std::string ShimProcesses::folder_of(const std::string& id) const {
  return data_dir_ + "/children/" + id;
}

base::Result<Sight> ShimProcesses::look(const std::string& id) const {
  if (!is_record_id(id)) return base::not_found("there is no child " + base::quoted(id));
  const auto facts = base::facts_of(folder_of(id));
  if (!facts && facts.error().code == base::Code::not_found) {
    return base::not_found("there is no child " + base::quoted(id));
  }
  const auto boot_id = read_boot_id();
  if (!boot_id) return boot_id.error();
  return look_at(folder_of(id), id, *boot_id);
}

base::Result<std::vector<Child>> ShimProcesses::list() {
  reap_shims();
  if (auto made = base::make_folder(data_dir_ + "/children", 0700); !made) return made.error();
  const auto names = base::list_folder(data_dir_ + "/children");
  if (!names) return names.error();
  const auto boot_id = read_boot_id();
  if (!boot_id) return boot_id.error();
  std::vector<Child> children;
  std::map<std::string, Watch> before;
  before.swap(watches_);
  for (const auto& id : *names) {
    if (id.starts_with(kOld)) static_cast<void>(clear_away(folder_of(id)));  // begun before a kill
    if (!is_record_id(id)) continue;  // half-made and half-removed records begin with a dot
    watch_folder(id);
    Sight sight = look_at(folder_of(id), id, *boot_id);
    if (const auto found = before.find(id); found != before.end()) {
      watches_.insert(before.extract(found));
    }
    watch_process(sight);
    children.push_back(std::move(sight.child));
  }
  return children;
}

base::Status ShimProcesses::start(const Launch& launch) {
  if (auto fit = check_launch(launch); !fit) return fit;
  const auto sight = look(launch.id);
  const bool fresh = !sight && sight.error().code == base::Code::not_found;
  if (!sight && !fresh) return sight.error();
  if (sight && sight->child.state == State::exited) {
    return base::conflict("start child " + base::quoted(launch.id) + ": it has ended before");
  }
  if (sight && sight->child.state == State::unknown) return unsure(*sight);
  if (sight && (sight->child.state == State::running || sight->guarded)) return base::ok();
  if (is_starting(launch.id)) return base::ok();

  // Read before the intent is written: what cannot be started leaves nothing behind.
  const auto secrets = read_secrets(data_dir_, launch);
  if (!secrets) return secrets.error();
  if (fresh) {
    ORCH_FAILPOINT("agent.intent.before");
    if (auto written = write_record(launch); !written) return written;
    ORCH_FAILPOINT("agent.intent.after");
  }
  watch_folder(launch.id);
  auto spawned = spawn_shim(launch.id, *secrets);
  ORCH_FAILPOINT("agent.shim.after");
  return spawned;
}

base::Status ShimProcesses::signal(const std::string& id, int number) {
  const auto sight = look(id);
  if (!sight && sight.error().code == base::Code::not_found) return base::ok();
  if (!sight) return sight.error();
  if (sight->child.state == State::exited) return base::ok();
  if (sight->child.state == State::unknown) return unsure(*sight);
  if (sight->child.state == State::intended) {
    if (!sight->guarded && !is_starting(id)) return base::ok();
    return base::unavailable("signal child " + base::quoted(id) + ": it is being started");
  }
  ORCH_FAILPOINT("agent.signal.before");
  auto sent = signal_tree(sight->tree(), number);
  ORCH_FAILPOINT("agent.signal.after");
  return sent;
}

base::Result<bool> ShimProcesses::sweep(const std::string& id) {
  const auto sight = look(id);
  if (!sight && sight.error().code == base::Code::not_found) return true;
  if (!sight) return sight.error();
  if (sight->child.state == State::unknown) return unsure(*sight);
  if (sight->child.state == State::running) {
    return base::conflict("sweep after child " + base::quoted(id) + ": it is still running");
  }
  if (!sight->started || sight->other_boot) return !sight->guarded;
  return kill_all(sight->tree());
}

base::Status ShimProcesses::note(const std::string& id, const std::string& key,
                                 const std::string& value) {
  const auto sight = look(id);
  if (!sight) return sight.error();
  auto notes = read_notes(folder_of(id));
  if (!notes) return std::move(notes).error();
  (*notes)[key] = value;
  return write_notes(folder_of(id), *notes);
}

base::Status ShimProcesses::forget(const std::string& id) {
  const auto sight = look(id);
  if (!sight && sight.error().code == base::Code::not_found) return base::ok();
  if (!sight) return sight.error();
  const std::string doing = "forget child " + base::quoted(id) + ": ";
  if (sight->child.state == State::unknown) return unsure(*sight);
  if (sight->child.state == State::running) return base::conflict(doing + "it is running");
  if (sight->child.state == State::intended) {
    // With the lock in our hand no shim can start it any more, and the one that gets it after us
    // finds that the record is gone.
    const auto lock = RecordLock::take(folder_of(id));
    if (!lock) return base::conflict(doing + "it is being started");
    const auto again = look(id);
    if (!again) return again.error();
    if (again->started || again->child.state == State::exited) {
      return base::conflict(doing + "it was started meanwhile");
    }
    return remove_record(data_dir_ + "/children", id);
  }
  if (sight->guarded) {
    const auto left = members_of(sight->tree());
    if (!left) return left.error();
    if (!left->empty()) return base::conflict(doing + "processes of its tree are left");
  }
  return remove_record(data_dir_ + "/children", id);
}

}  // namespace agentd
