// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"
#include "wire/loop.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

/// What the loop gives to the rest of wire only.
namespace wire {

/// Waits for one file descriptor, which it owns and closes. A wish is for one event; wishing again
/// while one is pending changes nothing. Nothing is called any more after the watch is destroyed.
class FdWatch {
 public:
  FdWatch(Loop& loop, int fd);
  ~FdWatch();
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;

  int fd() const;
  /// Gives the descriptor away; the watch is over.
  int release();
  void want_read(std::function<void()> what);
  void want_write(std::function<void()> what);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// One way to reach a host: a socket address as bytes.
struct SocketAddress {
  int family = 0;
  std::string bytes;
};

/// Looks `host` up without holding the loop up; dropping the handle drops the answer.
using OnResolved = std::function<void(base::Result<std::vector<SocketAddress>>)>;
[[nodiscard]] std::shared_ptr<void> resolve(Loop& loop, const std::string& host,
                                            const std::string& port, OnResolved done);

/// How often `stop` was called: a wait inside the loop ends when it moves.
std::uint64_t stops(Loop& loop);

}  // namespace wire
