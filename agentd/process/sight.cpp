// SPDX-License-Identifier: Apache-2.0
#include "agentd/process/sight.hpp"

#include "agentd/process/proc.hpp"
#include "agentd/process/record_lock.hpp"

namespace agentd {
namespace {

using State = Child::State;

bool is_absent(const base::Error& error) {
  return error.code == base::Code::not_found;
}

void set_unknown(Sight& sight, const base::Error& error) {
  sight.child.state = State::unknown;
  sight.child.failure = error.message;
  sight.why = error.message;
}

void set_ended(Sight& sight, const Ended& ended) {
  constexpr int kSignalBase = 128;  // as shells count
  sight.child.state = State::exited;
  sight.child.failure = ended.failure;
  if (ended.code) sight.child.exit_code = *ended.code;
  if (ended.signal) sight.child.exit_code = kSignalBase + *ended.signal;
}

/// exit.json, when it is there or is broken; false when it is absent.
bool has_ended(Sight& sight, const std::string& folder) {
  const auto ended = read_ended(folder);
  if (ended) {
    set_ended(sight, *ended);
    return true;
  }
  if (is_absent(ended.error())) return false;
  set_unknown(sight, ended.error());
  return true;
}

/// A program may overwrite its environment to set its title, and a child that has not executed
/// anything yet has no cookie, so a missing one proves nothing; another one proves a stranger.
bool is_stranger(const Started& started) {
  const auto instance = instance_of(started.child.pid);
  return instance && *instance != started.cookie;
}

enum class Life : std::uint8_t { there, ended, gone, unknown };

Life life_of(const Started& started, base::Error& error) {
  const auto stat = read_stat(started.child.pid);
  if (!stat && is_absent(stat.error())) return Life::gone;
  if (!stat) {
    error = stat.error();
    return Life::unknown;
  }
  if (stat->start_ticks != started.child.start_ticks || is_stranger(started)) return Life::gone;
  return stat->ended() ? Life::ended : Life::there;
}

/// child.json is there and exit.json was not a moment ago.
void weigh(Sight& sight, const std::string& folder, const std::string& boot_id) {
  const Started& started = *sight.started;
  sight.child.pid = started.child.pid;
  sight.child.start_ticks = started.child.start_ticks;
  sight.child.started = started.at;
  sight.other_boot = started.boot_id != boot_id;
  if (sight.other_boot) {
    if (!has_ended(sight, folder)) sight.child.state = State::exited;
    return;
  }
  sight.child.age = age_of(started.child.start_ticks);
  base::Error error;
  const Life life = life_of(started, error);
  // A shim that lives will write down the end of a child that is gone; one that does not live may
  // have done so since the first look.
  if (life == Life::there || (life != Life::unknown && sight.guarded)) {
    if (!has_ended(sight, folder)) sight.child.state = State::running;
    return;
  }
  if (life == Life::unknown) return set_unknown(sight, error);
  if (!has_ended(sight, folder)) sight.child.state = State::exited;
}

}  // namespace

Tree Sight::tree() const {
  if (!started) return {};
  return {started->child, started->shim, started->cookie};
}

Sight look_at(const std::string& folder, const std::string& id, const std::string& boot_id) {
  Sight sight;
  sight.child.id = id;
  auto intent = read_intent(folder);
  if (!intent) {
    set_unknown(sight, intent.error());
    return sight;
  }
  sight.intent = *std::move(intent);
  sight.child.labels = sight.intent->launch.labels;
  sight.child.started = sight.intent->at;
  auto notes = read_notes(folder);
  if (!notes) {
    set_unknown(sight, notes.error());
    return sight;
  }
  sight.child.notes = *std::move(notes);
  // The lock is asked first: what a shim leaves behind is complete once its lock is free.
  const auto held = RecordLock::is_held(folder);
  if (!held) {
    set_unknown(sight, held.error());
    return sight;
  }
  sight.guarded = *held;
  auto started = read_started(folder);
  if (started) {
    sight.started = *std::move(started);
    weigh(sight, folder, boot_id);
  } else if (!is_absent(started.error())) {
    set_unknown(sight, started.error());
  } else if (!has_ended(sight, folder)) {
    sight.child.state = State::intended;
  }
  return sight;
}

}  // namespace agentd
