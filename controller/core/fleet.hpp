// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/report.hpp"
#include "api/sample.hpp"
#include "controller/core/draft.hpp"
#include "controller/core/rejection.hpp"
#include "controller/core/writes.hpp"

#include <optional>
#include <string>
#include <vector>

namespace controller {

/// What became of a report. `stale`: an older one than the last seen; dropped without harm.
struct ReportVerdict {
  std::optional<Rejection> rejection;
  enum class Order : std::uint8_t { fresh, stale } order = Order::fresh;
};

/// Holds a report of `machine` (from its certificate) against what is known: another machine's, a
/// future term or attempt, a run of another machine, a second agent with the same identity are
/// refused by name.
ReportVerdict judge_report(const reconcilers::World& world, const std::string& machine,
                           const api::Report& report);

/// Does the report tell anything but "still here"?
bool tells_news(const reconcilers::Contact* before, const api::Report& report);

/// Makes the Machine that a joined agent proposes, unless it exists.
void propose_machine(Draft& draft, const std::string& machine, const api::Facts& facts,
                     const std::map<std::string, std::string>& labels, Uids& uids,
                     base::Instant wall);

/// Holds a batch of samples of run `uid` from `machine` against the run: another machine's run, a
/// future attempt, an unknown task are refused whole. `fresh` gets the rows that are new.
std::optional<Rejection> judge_samples(const reconcilers::World& world, const SampleBook& book,
                                       const std::string& machine, const std::string& uid,
                                       const std::vector<api::Sample>& samples,
                                       std::vector<SampleRow>& fresh);

}  // namespace controller
