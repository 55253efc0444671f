// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/core/core.hpp"
#include "controller/server/store_thread.hpp"
#include "wire/loop.hpp"

#include <functional>
#include <map>

namespace controller {

/// What became of a request that was handed in.
using WriteAnswer = std::variant<WriteOutcome, Rejection>;

/// Drives the core: one round at a time to the store's thread and back, the timer for what is due,
/// and each answer to the one who waits for it. All on the loop's thread.
class Rounds {
 public:
  /// Work for the store's thread when nobody waits (folding its log); may be empty.
  using Idle = std::function<std::optional<CommitError>()>;
  Rounds(wire::Loop& loop, Core& core, StoreThread& store, Idle idle);

  void write(WriteRequest request, std::function<void(WriteAnswer)> done);
  void report(const std::string& machine, api::Report report,
              std::map<std::string, std::string> labels, std::function<void(ReportAnswer)> done);
  void samples(const std::string& machine, const std::string& uid, std::vector<api::Sample> samples,
               std::function<void(std::optional<Rejection>)> done);
  void joined(const std::string& machine) { core_.joined(machine); }

  const Core& core() const { return core_; }
  const Picture& durable() const { return core_.durable(); }
  StoreThread& store() { return store_; }

  /// Starts with what is due already.
  void start() { pump_soon(); }
  /// Begins no round any more; calls `settled` when none is on its way.
  void stop(std::function<void()> settled);
  /// Why the last round was not stored; nothing when it was.
  const std::optional<base::Error>& trouble() const { return trouble_; }

  std::function<void()> on_durable;                     // the durable picture has moved
  std::function<void(const base::Error&)> on_hopeless;  // the store can't be trusted any more

 private:
  Ticket expect(std::function<void(Answer)> done);
  void pump_soon();
  void pump();
  void send(Round round);
  void came_back(const std::optional<CommitError>& error);
  void hand_out();
  void settle();
  void arm();
  void rest();
  void probe();

  wire::Loop& loop_;
  Core& core_;
  StoreThread& store_;
  Idle idle_;
  std::map<Ticket, std::function<void(Answer)>> waiting_;
  Ticket last_ticket_ = 0;
  enum class Pump : std::uint8_t { still, posted } pump_ = Pump::still;
  enum class Mode : std::uint8_t { open, stopping } mode_ = Mode::open;
  std::function<void()> settled_;
  wire::Loop::Timer due_, rest_, probe_;
  std::optional<base::Error> trouble_;
};

/// Both clocks now.
base::Moment moment();

}  // namespace controller
