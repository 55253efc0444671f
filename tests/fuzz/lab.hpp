// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/core/core.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fuzz {

/// A live controller core with a ledger of what it made durable. Two machines, a deployment and two
/// runs, one of which is bound; every round is committed at once, and held against the promises.
class Lab {
 public:
  /// A copy of one that was set up once.
  static Lab ready();

  controller::Core& core() { return *core_; }
  const controller::Picture& durable() const { return core_->durable(); }
  base::Moment now() const { return now_; }

  /// Works until nothing is left to do at this moment; the answers that came.
  std::vector<controller::Answer> settle();
  void pass(base::Duration time);
  /// Starts again from the ledger, which must tell the same story.
  void restart();

  controller::WriteOutcome write(controller::WriteOp op);
  controller::ReportAnswer report(const std::string& machine, api::Report report);
  controller::SamplesAnswer samples(const std::string& machine, const std::string& uid,
                                    std::vector<api::Sample> samples);
  /// What an agent would say that has everything running which it was asked for.
  api::Report honest(const std::string& machine);

 private:
  class Uids final : public controller::Uids {
   public:
    std::string next() override { return "uid-" + std::to_string(++count); }
    int count = 0;
  };
  struct Ledger {
    std::map<std::pair<std::string, std::string>, controller::Row> rows;
    std::vector<controller::SampleRow> samples;
    std::int64_t revision = 0;
    api::Term term{1, 1};
    Uids uids;
    std::map<std::string, std::int64_t> sequences;
    base::Moment now{{10'000'000}, {1'800'000'000'000}};
  };

  explicit Lab(Ledger ledger);
  void set_up();
  void start();
  void keep(const controller::Round& round);
  void check_round(const controller::Round& round) const;
  controller::Answer answer_of(controller::Ticket ticket);

  Ledger ledger_;
  base::Moment now_;
  controller::Ticket last_ = 0;
  std::unique_ptr<controller::Core> core_;
};

}  // namespace fuzz
