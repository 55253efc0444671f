// SPDX-License-Identifier: Apache-2.0
#include "agentd/core/settings.hpp"

#include "base/limits.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace agentd {
namespace {

constexpr base::Duration kStuckAfter{10'000};  // a killed process is gone in milliseconds

// POSIX gives these numbers.
constexpr int kHup = 1, kInt = 2, kQuit = 3, kKill = 9, kTerm = 15;

int number_of(const std::string& signal) {
  if (signal == "INT") return kInt;
  if (signal == "QUIT") return kQuit;
  if (signal == "HUP") return kHup;
  return kTerm;
}

}  // namespace

base::Duration restart_delay(int failures) {
  if (failures <= 1) return {};
  return std::min(base::seconds(1) * (std::int64_t{1} << std::min(failures - 2, 10)),
                  base::minutes(5));
}

std::string shown(const std::string& message) {
  return base::clipped(base::printable(message), base::limits::kMessageBytes);
}

bool Ending::step(const Child& child, const std::string& signal, base::Duration grace, Ports& ports,
                  base::Moment now) {
  if (child.state == Child::State::exited) {
    const auto swept = ports.processes.sweep(child.id);
    return swept && *swept;
  }
  if (child.state == Child::State::intended) {
    return true;  // the record says it never ran; forgetting it is the end of it
  }
  if (child.state == Child::State::unknown) return false;  // unknown is never gone
  if (!begun_) {
    if (ports.processes.signal(child.id, number_of(signal))) begun_ = now.steady;
    return false;
  }
  if (!killed_ && now.steady - *begun_ >= grace) {
    if (ports.processes.signal(child.id, kKill)) killed_ = now.steady;
    return false;
  }
  stuck_ = killed_ && now.steady - *killed_ >= kStuckAfter;
  return false;
}

}  // namespace agentd
