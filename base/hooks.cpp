// SPDX-License-Identifier: Apache-2.0
#include "base/hooks.hpp"

#ifdef ORCH_TEST_HOOKS
#include "base/dice.hpp"
#include "base/text.hpp"

#include <cstring>
#include <deque>
#include <mutex>
#include <set>

#include <poll.h>
#include <signal.h>
#include <unistd.h>

namespace base {
namespace {

constexpr int kExitOfFailpoint = 99;

struct Failpoint {
  std::string name;
  std::int64_t hit = 1, passed = 0;
  enum class Action : std::uint8_t { kill, stop, exit, sleep } action = Action::kill;
  std::int64_t sleep_ms = 0;
};

struct Hooks {
  const char* mutant = nullptr;  // set once, before anything runs
  std::uint64_t seed = 0;
  Dice dice{0};
  std::mutex mutex;  // over what follows
  std::set<std::string> marks;
  std::deque<Failpoint> failpoints;
  std::string text;
};

Hooks& hooks() {
  static Hooks all;
  return all;
}

/// One of `name:hit=3:action=kill`; what is wrong with it otherwise.
std::string read_failpoint(const std::string& text, Failpoint& out) {
  const auto parts = split(text, ':');
  out.name = parts[0];
  bool acts = false;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto& part = parts[i];
    if (part.starts_with("hit=")) {
      const auto hit = to_integer(part.substr(4));
      if (!hit || *hit < 1) return "hit takes a number from 1 on";
      out.hit = *hit;
      continue;
    }
    acts = true;
    if (part == "action=kill") continue;
    const auto ms = part.starts_with("action=sleep=") ? to_integer(part.substr(13)) : std::nullopt;
    if (part == "action=stop")
      out.action = Failpoint::Action::stop;
    else if (part == "action=exit")
      out.action = Failpoint::Action::exit;
    else if (ms && *ms > 0)
      out.action = Failpoint::Action::sleep, out.sleep_ms = *ms;
    else
      return quoted(part) + " is none of action=kill, stop, exit or sleep=MS";
  }
  return out.name.empty() || !acts ? "it is written name[:hit=N]:action=kill" : "";
}

}  // namespace

bool is_mutant(const char* name) {
  return hooks().mutant != nullptr && std::strcmp(hooks().mutant, name) == 0;
}

void set_mutant(const char* name) {
  hooks().mutant = name;
}

bool buggify(const char* site) {
  auto& h = hooks();
  if (h.seed == 0 || Dice(hash64(site) ^ h.seed).upto(4) != 0) return false;
  return h.dice.one_in(4);
}

void set_buggify(std::uint64_t seed) {
  hooks().seed = seed;
  hooks().dice = Dice(seed);
}

bool mark(const char* name) {
  const std::lock_guard hold(hooks().mutex);
  hooks().marks.insert(name);
  return true;
}

std::vector<std::string> marks() {
  const std::lock_guard hold(hooks().mutex);
  return {hooks().marks.begin(), hooks().marks.end()};
}

void failpoint(const char* name) {
  auto& h = hooks();
  if (h.failpoints.empty()) return;  // set before any thread was begun
  std::int64_t sleep_ms = 0;
  {
    const std::lock_guard hold(h.mutex);
    for (auto& f : h.failpoints) {
      if (f.name != name || ++f.passed < f.hit) continue;
      if (f.action == Failpoint::Action::sleep) sleep_ms = f.sleep_ms;
      if (f.action == Failpoint::Action::sleep || f.passed != f.hit) continue;
      if (f.action == Failpoint::Action::exit) ::_exit(kExitOfFailpoint);
      ::kill(::getpid(), f.action == Failpoint::Action::kill ? SIGKILL : SIGSTOP);
    }
  }
  if (sleep_ms > 0) ::poll(nullptr, 0, static_cast<int>(sleep_ms));
}

std::string set_failpoints(const std::string& text) {
  auto& h = hooks();
  h.failpoints.clear();
  h.text = text;
  for (const auto& one : split(text, ',')) {
    if (one.empty()) continue;
    Failpoint f;
    if (auto wrong = read_failpoint(one, f); !wrong.empty())
      return "failpoint " + quoted(one) + ": " + wrong;
    h.failpoints.push_back(std::move(f));
  }
  return "";
}

const std::string& failpoints() {
  return hooks().text;
}

}  // namespace base
#endif
