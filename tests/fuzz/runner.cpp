// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/runner.hpp"

#include "base/check.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <exception>

namespace fuzz {
namespace {

constexpr int kEndlessSeconds = 3;  // of the processor: far more than any input may take

// What a signal's handler may read: where the input at hand is, and where it goes.
struct AtHand {
  const char* bytes = nullptr;
  std::size_t size = 0;
  std::array<char, 512> path{};
};
AtHand g_at_hand;

void say(std::string_view text) {
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

/// Only what a handler may do: write and end.
void on_signal(int number) {
  const int fd = ::open(g_at_hand.path.data(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd >= 0) (void)!::write(fd, g_at_hand.bytes, g_at_hand.size);
  say(number == SIGPROF ? "fuzz: an input does not end, kept as "
                        : "fuzz: an input ends the process, kept as ");
  say(g_at_hand.path.data());
  say("\n");
  ::_exit(1);
}

void catch_signals() {
  // A stack of its own, so that a recursion without an end can be told.
  static std::array<char, 64 * 1024> stack;
  stack_t own{};
  own.ss_sp = stack.data();
  own.ss_size = stack.size();
  CHECK(::sigaltstack(&own, nullptr) == 0);
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_ONSTACK;
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGPROF})
    CHECK(::sigaction(number, &action, nullptr) == 0);
}

void ring_after(int seconds) {
  itimerval timer{};
  timer.it_value.tv_sec = seconds;
  CHECK(::setitimer(ITIMER_PROF, &timer, nullptr) == 0);
}

std::string kept_path(const Bounds& bounds, const Target& target, std::string_view input) {
  char sum[17];
  std::snprintf(sum, sizeof sum, "%016llx", static_cast<unsigned long long>(base::hash64(input)));
  return bounds.keep + "/" + std::string(target.name) + "-" + sum + ".in";
}

}  // namespace

Runner::Runner(const Target& target, Bounds bounds) : target_(target), bounds_(std::move(bounds)) {
  CHECK(base::make_folder(bounds_.keep));
  catch_signals();
}

std::string Runner::broken_by(std::string_view input) {
  try {
    target_.run(input);
    return {};
  } catch (const Broken& broken) {
    return "broken promise: " + broken.promise;
  } catch (const std::exception& e) {
    return std::string("thrown out of the room: ") + e.what();
  }
}

bool Runner::run(std::string_view input, const std::string& name) {
  const auto path = kept_path(bounds_, target_, input);
  g_at_hand.bytes = input.data();
  g_at_hand.size = input.size();
  std::snprintf(g_at_hand.path.data(), g_at_hand.path.size(), "%s", path.c_str());
  std::int64_t ms = 0;
  // A slow one gets two more chances: the machine may have been busy with itself.
  for (int tries = 0; tries < 3 && (tries == 0 || ms > bounds_.ms_max); ++tries) {
    ring_after(kEndlessSeconds);
    const auto before = std::clock();
    const auto why = broken_by(input);
    ms = static_cast<std::int64_t>(std::clock() - before) * 1000 / CLOCKS_PER_SEC;
    ring_after(0);
    if (why.empty()) continue;
    keep(input, name, why);
    return false;
  }
  slowest_ms_ = std::max(slowest_ms_, ms);
  if (ms <= bounds_.ms_max) return true;
  keep(input, name, "takes " + std::to_string(ms) + " ms");
  return false;
}

void Runner::keep(std::string_view input, const std::string& name, const std::string& why) const {
  const auto path = kept_path(bounds_, target_, input);
  (void)base::write_file(path, input, 0600);
  say("fuzz: " + std::string(target_.name) + ": " + name + ": " + why + ", kept as " + path + "\n");
}

void bound_memory([[maybe_unused]] std::uint64_t bytes) {
#ifndef __SANITIZE_ADDRESS__
  const rlimit limit{bytes, bytes};
  CHECK(::setrlimit(RLIMIT_AS, &limit) == 0);
#endif
}

}  // namespace fuzz
